"""A notes application that uses what SQLite can do, with nothing but the standard library.

STRICT, WITHOUT ROWID, text and composite keys, generated columns, partial and expression indexes, external
content of FTS5 kept by triggers, an R-tree, views that are written through triggers, an audit log, counters,
deferred keys, bytes that are no text, ids as large as they come. `make PATH ROWS`, `check PATH`.
"""

import sqlite3
import sys

SCHEMA = """
PRAGMA page_size = 8192;
PRAGMA user_version = 7;
CREATE TABLE person (
  name TEXT PRIMARY KEY COLLATE NOCASE, mail TEXT CHECK (mail LIKE '%@%'), age INTEGER CHECK (age >= 0));
CREATE UNIQUE INDEX person_mail ON person (lower(mail)) WHERE mail IS NOT NULL;
CREATE TABLE book (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT REFERENCES person (name)
  ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, title TEXT NOT NULL DEFAULT 'untitled');
CREATE TABLE note (
  id INTEGER PRIMARY KEY, book_id INTEGER NOT NULL REFERENCES book (id) ON DELETE CASCADE,
  title TEXT NOT NULL, body TEXT, stars INTEGER NOT NULL DEFAULT 0 CHECK (stars BETWEEN 0 AND 5),
  size INTEGER GENERATED ALWAYS AS (length(body)) STORED, made_at INTEGER NOT NULL DEFAULT (unixepoch()));
CREATE INDEX note_stars ON note (book_id, stars DESC) WHERE stars > 0;
CREATE INDEX note_title ON note (title COLLATE NOCASE);
CREATE TABLE label (name TEXT NOT NULL, lang TEXT NOT NULL, PRIMARY KEY (name, lang)) WITHOUT ROWID, STRICT;
CREATE TABLE note_label (
  note_id INTEGER NOT NULL REFERENCES note (id) ON DELETE CASCADE, name TEXT NOT NULL, lang TEXT NOT NULL,
  PRIMARY KEY (note_id, name, lang), FOREIGN KEY (name, lang) REFERENCES label (name, lang)) WITHOUT ROWID;
CREATE TABLE blob_store (hash BLOB PRIMARY KEY, content ANY) STRICT;
CREATE TABLE place (note_id INTEGER PRIMARY KEY REFERENCES note (id) ON DELETE CASCADE, x REAL, y REAL);
CREATE VIRTUAL TABLE place_index USING rtree (note_id, x0, x1, y0, y1);
CREATE VIRTUAL TABLE search USING fts5 (title, body, content = 'note', content_rowid = 'id');
CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT NOT NULL, at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE counter (what TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('note', 0);
CREATE TRIGGER note_made AFTER INSERT ON note BEGIN
  INSERT INTO search (rowid, title, body) VALUES (new.id, new.title, new.body);
  INSERT INTO audit (what) VALUES ('made note ' || new.id);
  UPDATE counter SET n = n + 1 WHERE what = 'note';
END;
CREATE TRIGGER note_gone AFTER DELETE ON note BEGIN
  INSERT INTO search (search, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
  UPDATE counter SET n = n - 1 WHERE what = 'note';
END;
CREATE TRIGGER note_changed AFTER UPDATE OF title, body ON note BEGIN
  INSERT INTO search (search, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
  INSERT INTO search (rowid, title, body) VALUES (new.id, new.title, new.body);
END;
CREATE TRIGGER placed AFTER INSERT ON place BEGIN
  INSERT INTO place_index VALUES (new.note_id, new.x, new.x, new.y, new.y);
END;
CREATE VIEW shelf AS
  SELECT b.id, b.title, count(n.id) AS notes FROM book b LEFT JOIN note n ON n.book_id = b.id GROUP BY b.id;
CREATE TRIGGER shelf_written INSTEAD OF UPDATE ON shelf BEGIN
  UPDATE book SET title = new.title WHERE id = old.id;
END;
"""


def make(connection: sqlite3.Connection, rows: int) -> None:
    connection.executescript(SCHEMA)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO person VALUES (?, ?, ?)",
        [("Ada", "Ada@n.example", 36), ("Bo", None, 9), ("Ängström", None, 1)],
    )
    connection.executemany(
        "INSERT INTO book (owner, title) VALUES (?, ?)", [("Ada", "Äpfel"), ("Bo", "b"), (None, "c")]
    )
    connection.executemany(
        "INSERT INTO note (id, book_id, title, body, stars) VALUES (?, ?, ?, ?, ?)",
        (
            (n, n % 3 + 1, f"title {n}", None if n % 11 == 0 else f"body {n} größe", n % 6)
            for n in range(1, rows + 1)
        ),
    )
    connection.execute(
        "INSERT INTO note (id, book_id, title) VALUES (9223372036854775806, 1, 'the last id but one')"
    )
    connection.execute(
        "INSERT INTO note (id, book_id, title, body) VALUES (-5, 1, 'no text', CAST(x'6be97365' AS TEXT))"
    )
    connection.executemany("INSERT INTO label VALUES (?, ?)", [("red", "en"), ("rot", "de"), ("blau", "de")])
    connection.executemany(
        "INSERT INTO note_label VALUES (?, 'rot', 'de')", ((n,) for n in range(1, rows + 1, 5))
    )
    connection.executemany(
        "INSERT INTO blob_store VALUES (?, ?)", [(b"\x00\xff", 1.5), (b"\x01", "text"), (b"\x02", b"\x80")]
    )
    connection.executemany(
        "INSERT INTO place VALUES (?, ?, ?)", ((n, n * 1.5, -n * 0.5) for n in range(1, rows + 1, 7))
    )
    connection.execute("DELETE FROM note WHERE id = 3")
    connection.execute("COMMIT")


def check(connection: sqlite3.Connection) -> None:
    """What a day with the notes needs; leaves nothing behind but lines of the audit log."""
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("INSERT INTO search (search) VALUES ('integrity-check')")
    assert connection.execute("SELECT 1 FROM search WHERE search MATCH 'größe' LIMIT 1").fetchone()
    before = connection.execute("SELECT n FROM counter WHERE what = 'note'").fetchone()
    (made,) = connection.execute(
        "INSERT INTO note (book_id, title, body) VALUES (1, 'checked', 'zebra') RETURNING id"
    ).fetchone()
    assert connection.execute("SELECT rowid FROM search WHERE search MATCH 'zebra'").fetchall() == [(made,)]
    connection.execute("INSERT INTO place VALUES (?, 1e6, 1e6)", (made,))
    assert connection.execute("SELECT note_id FROM place_index WHERE x0 > 999999").fetchall() == [(made,)]
    for wrong in (
        "INSERT INTO note (book_id, title, stars) VALUES (1, 'x', 9)",
        "INSERT INTO person VALUES ('E', 'none', 1)",
    ):
        try:
            connection.execute(wrong)
        except sqlite3.IntegrityError:
            continue
        raise AssertionError(f"a rule is gone: {wrong}")
    connection.execute("UPDATE shelf SET title = 'Äpfel' WHERE id = 1")
    connection.execute("DELETE FROM note WHERE id = ?", (made,))
    connection.execute("DELETE FROM place_index WHERE note_id = ?", (made,))
    assert connection.execute("SELECT n FROM counter WHERE what = 'note'").fetchone() == before
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


if __name__ == "__main__":
    here = sqlite3.connect(sys.argv[2], isolation_level=None)
    make(here, int(sys.argv[3])) if sys.argv[1] == "make" else check(here)
    here.close()

"""A browser's history and bookmarks, as its public documentation describes them: `make PATH ROWS`, `check PATH`.

Written anew: pages with a hash of their URL from a function of the application, counters that triggers keep
(`visit_count` by visits, `foreign_count` by bookmarks and keywords), a view over origins, a WITHOUT ROWID table
of bookmarks that were removed, partial and expression indexes. `functions.py` beside the plan has what `register` has.
"""

import sqlite3
import sys
import zlib

SCHEMA = """
PRAGMA page_size = 32768;
PRAGMA user_version = 77;
CREATE TABLE moz_origins (
  id INTEGER PRIMARY KEY, prefix TEXT NOT NULL, host TEXT NOT NULL, frecency INTEGER NOT NULL,
  UNIQUE (prefix, host));
CREATE TABLE moz_places (
  id INTEGER PRIMARY KEY, url LONGVARCHAR, title LONGVARCHAR, rev_host LONGVARCHAR,
  visit_count INTEGER DEFAULT 0, hidden INTEGER DEFAULT 0 NOT NULL, typed INTEGER DEFAULT 0 NOT NULL,
  frecency INTEGER DEFAULT -1 NOT NULL, last_visit_date INTEGER, guid TEXT,
  foreign_count INTEGER DEFAULT 0 NOT NULL, url_hash INTEGER DEFAULT 0 NOT NULL,
  origin_id INTEGER REFERENCES moz_origins (id));
CREATE INDEX moz_places_url_hashindex ON moz_places (url_hash);
CREATE INDEX moz_places_hostindex ON moz_places (rev_host);
CREATE INDEX moz_places_visitcount ON moz_places (visit_count);
CREATE INDEX moz_places_lastvisitdateindex ON moz_places (last_visit_date);
CREATE UNIQUE INDEX moz_places_guid_uniqueindex ON moz_places (guid);
CREATE INDEX moz_places_originidindex ON moz_places (origin_id);
CREATE INDEX moz_places_typedindex ON moz_places (lower(title)) WHERE typed = 1;
CREATE TABLE moz_historyvisits (
  id INTEGER PRIMARY KEY, from_visit INTEGER, place_id INTEGER, visit_date INTEGER, visit_type INTEGER);
CREATE INDEX moz_historyvisits_placedateindex ON moz_historyvisits (place_id, visit_date);
CREATE TABLE moz_bookmarks (
  id INTEGER PRIMARY KEY, type INTEGER, fk INTEGER DEFAULT NULL, parent INTEGER, position INTEGER,
  title LONGVARCHAR, dateAdded INTEGER, lastModified INTEGER, guid TEXT, syncStatus INTEGER NOT NULL DEFAULT 0);
CREATE INDEX moz_bookmarks_itemindex ON moz_bookmarks (fk, type);
CREATE INDEX moz_bookmarks_parentindex ON moz_bookmarks (parent, position);
CREATE UNIQUE INDEX moz_bookmarks_guid_uniqueindex ON moz_bookmarks (guid);
CREATE TABLE moz_bookmarks_deleted (guid TEXT PRIMARY KEY, dateRemoved INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE moz_keywords (
  id INTEGER PRIMARY KEY AUTOINCREMENT, keyword TEXT UNIQUE, place_id INTEGER, post_data TEXT);
CREATE INDEX moz_keywords_placeindex ON moz_keywords (place_id);
CREATE TABLE moz_annos (
  id INTEGER PRIMARY KEY, place_id INTEGER NOT NULL, name TEXT NOT NULL, content LONGVARCHAR);
CREATE UNIQUE INDEX moz_annos_placeattributeindex ON moz_annos (place_id, name);
CREATE VIEW moz_pages AS
  SELECT h.id, o.host, h.url, h.title, h.visit_count FROM moz_places h JOIN moz_origins o ON o.id = h.origin_id;
CREATE TRIGGER moz_places_hashed AFTER INSERT ON moz_places WHEN new.url_hash = 0 BEGIN
  UPDATE moz_places SET url_hash = hash(new.url) WHERE id = new.id;
END;
CREATE TRIGGER moz_historyvisits_in AFTER INSERT ON moz_historyvisits BEGIN
  UPDATE moz_places SET visit_count = visit_count + (new.visit_type NOT IN (0, 4, 7, 8, 9)),
    last_visit_date = max(ifnull(last_visit_date, 0), new.visit_date) WHERE id = new.place_id;
END;
CREATE TRIGGER moz_historyvisits_out AFTER DELETE ON moz_historyvisits BEGIN
  UPDATE moz_places SET visit_count = visit_count - (old.visit_type NOT IN (0, 4, 7, 8, 9)) WHERE id = old.place_id;
END;
CREATE TRIGGER moz_bookmarks_in AFTER INSERT ON moz_bookmarks BEGIN
  UPDATE moz_places SET foreign_count = foreign_count + 1 WHERE id = new.fk;
END;
CREATE TRIGGER moz_bookmarks_out AFTER DELETE ON moz_bookmarks BEGIN
  UPDATE moz_places SET foreign_count = foreign_count - 1 WHERE id = old.fk;
  INSERT OR REPLACE INTO moz_bookmarks_deleted (guid, dateRemoved) VALUES (old.guid, 1);
END;
CREATE TRIGGER moz_bookmarks_moved AFTER UPDATE OF fk ON moz_bookmarks BEGIN
  UPDATE moz_places SET foreign_count = foreign_count + 1 WHERE id = new.fk;
  UPDATE moz_places SET foreign_count = foreign_count - 1 WHERE id = old.fk;
END;
CREATE TRIGGER moz_keywords_in AFTER INSERT ON moz_keywords BEGIN
  UPDATE moz_places SET foreign_count = foreign_count + 1 WHERE id = new.place_id;
END;
CREATE TRIGGER moz_keywords_out AFTER DELETE ON moz_keywords BEGIN
  UPDATE moz_places SET foreign_count = foreign_count - 1 WHERE id = old.place_id;
END;
"""
COUNTED = """
SELECT (SELECT count(*) FROM moz_places h WHERE foreign_count <>
    (SELECT count(*) FROM moz_bookmarks b WHERE b.fk = h.id) + (SELECT count(*) FROM moz_keywords k WHERE k.place_id = h.id))
  + (SELECT count(*) FROM moz_places h WHERE visit_count <>
    (SELECT count(*) FROM moz_historyvisits v WHERE v.place_id = h.id AND visit_type NOT IN (0, 4, 7, 8, 9)))
  + (SELECT count(*) FROM moz_places WHERE url_hash <> hash(url))
"""


def register(connection: sqlite3.Connection) -> None:
    connection.create_function("hash", 1, lambda url: zlib.crc32((url or "").encode()), deterministic=True)
    connection.create_function("get_unreversed_host", 1, lambda host: (host or "")[::-1], deterministic=True)


def make(connection: sqlite3.Connection, rows: int) -> None:
    connection.executescript(SCHEMA)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN")
    hosts = [f"host{n}.example" for n in range(200)]
    connection.executemany(
        "INSERT INTO moz_origins (prefix, host, frecency) VALUES ('https://', ?, 1)",
        [(host,) for host in hosts],
    )
    connection.executemany(
        "INSERT INTO moz_places (id, url, title, rev_host, typed, guid, origin_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                n,
                f"https://{hosts[n % 200]}/{n}",
                None if n % 9 == 0 else f"Seite {n} größer",
                hosts[n % 200][::-1] + ".",
                int(n % 5 == 0),
                f"place{n:07}",
                n % 200 + 1,
            )
            for n in range(1, rows + 1)
        ),
    )
    connection.executemany(
        "INSERT INTO moz_historyvisits (from_visit, place_id, visit_date, visit_type) VALUES (0, ?, ?, ?)",
        ((n % rows + 1, 1_700_000_000_000_000 + n, n % 9) for n in range(rows)),
    )
    connection.executemany(
        "INSERT INTO moz_bookmarks (type, fk, parent, position, title, guid) VALUES (1, ?, 2, ?, ?, ?)",
        ((n, n, f"Lesezeichen {n}", f"mark{n:07}") for n in range(1, rows + 1, 10)),
    )
    connection.executemany(
        "INSERT INTO moz_keywords (keyword, place_id) VALUES (?, ?)",
        ((f"k{n}", n) for n in range(1, rows + 1, 100)),
    )
    connection.executemany(
        "INSERT INTO moz_annos (place_id, name, content) VALUES (?, 'charset', 'utf-8')",
        ((n,) for n in range(1, rows + 1, 50)),
    )
    connection.execute("DELETE FROM moz_bookmarks WHERE id = 2")
    connection.execute("COMMIT")


def check(connection: sqlite3.Connection) -> None:
    """A page is visited, bookmarked and forgotten; every counter tells what is there."""
    assert connection.execute(COUNTED).fetchone() == (0,), "a counter or a hash is wrong"
    connection.execute("BEGIN")
    (place,) = connection.execute(
        "INSERT INTO moz_places (url, title, guid, origin_id) VALUES ('https://new.example/', 'neu', 'checked', 1) RETURNING id"
    ).fetchone()
    connection.execute(
        "INSERT INTO moz_historyvisits (place_id, visit_date, visit_type) VALUES (?, 1, 1)", (place,)
    )
    connection.execute("INSERT INTO moz_bookmarks (type, fk, guid) VALUES (1, ?, 'checked-mark')", (place,))
    found = connection.execute(
        "SELECT visit_count, foreign_count, url_hash FROM moz_places WHERE id = ?", (place,)
    )
    assert found.fetchone() == (1, 1, zlib.crc32(b"https://new.example/"))
    assert connection.execute("SELECT title FROM moz_pages WHERE id = ?", (place,)).fetchone() == ("neu",)
    connection.execute("DELETE FROM moz_bookmarks WHERE guid = 'checked-mark'")
    assert connection.execute("SELECT 1 FROM moz_bookmarks_deleted WHERE guid = 'checked-mark'").fetchone()
    connection.execute("ROLLBACK")
    plan = " ".join(
        row[3] for row in connection.execute("EXPLAIN QUERY PLAN SELECT 1 FROM moz_places WHERE url_hash = 5")
    )
    assert "moz_places_url_hashindex" in plan, plan


if __name__ == "__main__":
    here = sqlite3.connect(sys.argv[2], isolation_level=None)
    register(here)
    make(here, int(sys.argv[3])) if sys.argv[1] == "make" else check(here)
    here.close()

"""The list "handle or refuse" of the design, what is handled: as at rest, and back with what was written."""

import shutil
from pathlib import Path

import pytest
from tests.changeover.database.online import entries
from tests.changeover.database.online.entries import Entry

N = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24)"

ENTRIES = {
    "NULL in a key, many rows alike": Entry(
        made=f"{N} INSERT INTO t SELECT CASE i % 3 WHEN 0 THEN NULL ELSE 'k' || i END, i FROM n;",
        old="(k TEXT PRIMARY KEY, v)",
        new="(v, k TEXT PRIMARY KEY, more DEFAULT 1)",
        columns="k, v",
        meanwhile=(
            "INSERT INTO t (k, v) VALUES (NULL, 100), (NULL, 100);",
            "DELETE FROM t WHERE k IS NULL AND v = 6;",
            "UPDATE t SET k = NULL WHERE k = 'k4';",
            "UPDATE t SET k = 'was null' WHERE v = 9;",
        ),
        after=("INSERT INTO t (k, v) VALUES (NULL, 7);", "UPDATE t SET k = 'x' WHERE v = 12;"),
    ),
    "a unique key of which a default stands for NULL": Entry(
        made="INSERT INTO t (id, u) VALUES (1, 'none'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e'), (6, 'f');",
        old="(id INTEGER PRIMARY KEY, u TEXT NOT NULL DEFAULT 'none' UNIQUE)",
        new="(id INTEGER PRIMARY KEY, u TEXT NOT NULL DEFAULT 'none' UNIQUE, more)",
        columns="id, u",
        meanwhile=("INSERT OR REPLACE INTO t (id, u) VALUES (9, NULL);",) * 3
        + ("UPDATE OR REPLACE t SET u = NULL WHERE id = 2;",),
        after=(
            "INSERT OR REPLACE INTO t (id, u) VALUES (4, NULL);",
            "UPDATE OR REPLACE t SET u = NULL WHERE id = 6;",
        ),
    ),
    "conflict clauses in the definition": Entry(
        made=f"{N} INSERT INTO t SELECT i, 'u' || i, i FROM n;",
        old="(id INTEGER PRIMARY KEY ON CONFLICT REPLACE, u TEXT UNIQUE ON CONFLICT REPLACE, v NOT NULL ON"
        " CONFLICT IGNORE)",
        new="(id INTEGER PRIMARY KEY ON CONFLICT REPLACE, v NOT NULL ON CONFLICT IGNORE,"
        " u TEXT UNIQUE ON CONFLICT REPLACE)",
        columns="id, u, v",
        meanwhile=(
            "INSERT INTO t VALUES (3, 'u9', 1);",
            "UPDATE t SET u = 'u20' WHERE id = 2;",
            "INSERT INTO t VALUES (50, 'u50', NULL);",
            "UPDATE t SET id = 22 WHERE id = 5;",
        ),
        after=("INSERT INTO t (id, u, v) VALUES (7, 'u8', 1);", "UPDATE t SET u = 'u11' WHERE id = 10;"),
    ),
    "WITHOUT ROWID, and back": Entry(
        made=f"{N} INSERT INTO t SELECT i % 4, 'x' || i, i FROM n;",
        old="(a INTEGER, b TEXT COLLATE NOCASE, v, PRIMARY KEY (a, b)) WITHOUT ROWID",
        new="(b TEXT COLLATE NOCASE NOT NULL, a INTEGER NOT NULL, v, PRIMARY KEY (b, a)) WITHOUT ROWID",
        columns="a, b, v",
        meanwhile=(
            "INSERT OR REPLACE INTO t VALUES (1, 'X1', 'other');",
            "UPDATE t SET a = a + 10 WHERE a = 2;",
            "DELETE FROM t WHERE b = 'X3';",
        ),
        after=("INSERT OR REPLACE INTO t (a, b, v) VALUES (1, 'x5', 'later');",),
    ),
    "STRICT": Entry(
        made=f"{N} INSERT INTO t SELECT i, i, i * 1.5, 'n' || i, x'00', i FROM n;",
        old="(id INTEGER PRIMARY KEY, i INTEGER, r REAL, s TEXT, b BLOB, a)",
        new="(id INTEGER PRIMARY KEY, i INT, r REAL, s TEXT, b BLOB, a ANY) STRICT",
        columns="id, i, r, s, b, a",
        meanwhile=(
            "INSERT INTO t VALUES (99, NULL, 3, 'x', NULL, '007');",
            "UPDATE t SET r = 2 WHERE id = 3;",
        ),
        after=("UPDATE t SET a = '0012', r = 9 WHERE id = 7;",),
    ),
    "generated columns, one of them unique, and indexes on expressions and parts": Entry(
        made=f"{N} INSERT INTO t (id, n) SELECT i, 'Name ' || i FROM n;",
        old="(id INTEGER PRIMARY KEY, n TEXT, low TEXT GENERATED ALWAYS AS (lower(n)) VIRTUAL,"
        " size INTEGER GENERATED ALWAYS AS (length(n)) STORED)",
        new="(id INTEGER PRIMARY KEY, size INTEGER AS (length(n)), n TEXT, low TEXT AS (lower(n)) STORED)",
        columns="id, n",
        objects="CREATE UNIQUE INDEX t_low ON t (low); CREATE INDEX t_up ON t (upper(n));"
        " CREATE INDEX t_some ON t (n) WHERE size > 6;",
        meanwhile=(
            "INSERT OR REPLACE INTO t (id, n) VALUES (90, 'NAME 3');",
            "UPDATE OR REPLACE t SET n = 'NAME 11' WHERE id = 20;",
            "UPDATE t SET n = 'x' WHERE id = 2;",
        ),
        after=("INSERT OR REPLACE INTO t (id, n) VALUES (91, 'NAME 4');",),
    ),
    "foreign keys in a circle, deferred, and to itself": Entry(
        made="CREATE TABLE o (id INTEGER PRIMARY KEY, t REFERENCES t (code) ON UPDATE CASCADE DEFERRABLE"
        f" INITIALLY DEFERRED); {N} INSERT INTO o SELECT i, NULL FROM n;"
        f" {N} INSERT INTO t SELECT i, 'c' || i, i, NULLIF(i - 1, 0) FROM n;"
        " UPDATE o SET t = 'c' || id;",
        old="(id INTEGER PRIMARY KEY, code TEXT UNIQUE, o REFERENCES o (id) DEFERRABLE INITIALLY DEFERRED,"
        " up REFERENCES t (id) ON DELETE CASCADE ON UPDATE CASCADE)",
        new="(id INTEGER PRIMARY KEY, up REFERENCES t (id) ON DELETE CASCADE ON UPDATE CASCADE,"
        " code TEXT NOT NULL UNIQUE, o REFERENCES o (id) DEFERRABLE INITIALLY DEFERRED)",
        columns="id, code, o, up",
        meanwhile=(
            "BEGIN; INSERT INTO t (id, code, o) VALUES (80, 'c80', 81); INSERT INTO o VALUES (81, 'c80');"
            " COMMIT;",
            "UPDATE t SET code = 'changed' WHERE id = 3;",
            "UPDATE t SET id = 70 WHERE id = 9;",
            "BEGIN; UPDATE o SET t = NULL; DELETE FROM t WHERE id = 20; COMMIT;",
        ),
        after=("UPDATE t SET code = 'again' WHERE id = 5;", "DELETE FROM t WHERE id = 18;"),
    ),
    "a parent that cascades into it": Entry(
        made="CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1), (2), (3);"
        f" {N} INSERT INTO t SELECT i, 1 + i % 3, i FROM n;",
        old="(id INTEGER PRIMARY KEY, p INTEGER DEFAULT 1 REFERENCES p ON DELETE SET DEFAULT ON UPDATE"
        " CASCADE, v)",
        new="(id INTEGER PRIMARY KEY, v, p INTEGER DEFAULT 1 REFERENCES p ON DELETE SET DEFAULT ON UPDATE"
        " CASCADE)",
        columns="id, p, v",
        meanwhile=("DELETE FROM p WHERE id = 2;", "UPDATE p SET id = 30 WHERE id = 3;"),
        after=("UPDATE p SET id = 31 WHERE id = 30;",),
    ),
    "views, their triggers, and triggers of other tables": Entry(
        made="CREATE TABLE o (id INTEGER PRIMARY KEY); CREATE VIEW seen AS SELECT id, v FROM t;"
        " CREATE TRIGGER seen_in INSTEAD OF INSERT ON seen BEGIN INSERT OR REPLACE INTO t (id, v)"
        " VALUES (NEW.id, NEW.v); END; CREATE TRIGGER o_in AFTER INSERT ON o BEGIN UPDATE t SET v = 'o'"
        f" WHERE id = NEW.id; END; {N} INSERT INTO t SELECT i, i FROM n;",
        old="(id INTEGER PRIMARY KEY, v)",
        new="(id INTEGER PRIMARY KEY, more TEXT DEFAULT 'm', v)",
        columns="id, v",
        meanwhile=(
            "INSERT INTO seen VALUES (3, 'three'), (77, 'new');",
            "INSERT INTO o VALUES (1), (20);",
        ),
        after=("INSERT INTO seen VALUES (4, 'four');", "INSERT INTO o VALUES (5);"),
    ),
    "triggers of its own that write to it again, and one that says no": Entry(
        made=f"CREATE TABLE audit (id, was); {N} INSERT INTO t SELECT i, i, 'n' FROM n;",
        old="(id INTEGER PRIMARY KEY, v INTEGER, n TEXT)",
        new="(id INTEGER PRIMARY KEY, n TEXT, v INTEGER)",
        columns="id, v, n",
        objects="CREATE TRIGGER t_audit AFTER UPDATE OF v ON t BEGIN INSERT INTO audit VALUES (OLD.id,"
        " OLD.v);"
        " END; CREATE TRIGGER t_no BEFORE DELETE ON t WHEN OLD.id = 5 BEGIN SELECT RAISE(IGNORE); END;"
        " CREATE TRIGGER t_double AFTER INSERT ON t WHEN NEW.v < 1000 BEGIN INSERT INTO t (v, n) VALUES"
        " (NEW.v + 1000, 'double'); END;",
        meanwhile=(
            "PRAGMA recursive_triggers = ON; INSERT INTO t (v, n) VALUES (1, 'one'); UPDATE t SET v = v + 1;",
            "DELETE FROM t WHERE id < 9;",
            "PRAGMA recursive_triggers = OFF; INSERT INTO t (v, n) VALUES (2, 'two');",
        ),
        after=("DELETE FROM t WHERE id IN (5, 10); INSERT INTO t (v, n) VALUES (3, 'three');",),
    ),
    "full text with external content": Entry(
        made="CREATE VIRTUAL TABLE found USING fts5(n, content='t', content_rowid='id');"
        f" {N} INSERT INTO t SELECT i, 'word' || i FROM n;"
        " INSERT INTO found(found) VALUES ('rebuild');",
        old="(id INTEGER PRIMARY KEY, n TEXT)",
        new="(id INTEGER PRIMARY KEY, more, n TEXT NOT NULL)",
        columns="id, n",
        objects="CREATE TRIGGER t_in AFTER INSERT ON t BEGIN INSERT INTO found (rowid, n) VALUES (NEW.id,"
        " NEW.n);"
        " END; CREATE TRIGGER t_out AFTER DELETE ON t BEGIN INSERT INTO found (found, rowid, n) VALUES"
        " ('delete', OLD.id, OLD.n); END; CREATE TRIGGER t_up AFTER UPDATE ON t BEGIN INSERT INTO found"
        " (found, rowid, n) VALUES ('delete', OLD.id, OLD.n); INSERT INTO found (rowid, n) VALUES"
        " (NEW.id, NEW.n); END;",
        meanwhile=("INSERT INTO t (id, n) VALUES (60, 'sixty');", "UPDATE t SET n = 'other' WHERE id = 3;"),
        after=(
            "DELETE FROM t WHERE id = 4;",
            "INSERT INTO t (id, n) VALUES (61, 'later');",
            "INSERT INTO found (found, rank) VALUES ('integrity-check', 1);",
        ),
    ),
    "an rtree that a trigger fills": Entry(
        made=f"CREATE VIRTUAL TABLE box USING rtree(id, low, high); {N} INSERT INTO t SELECT i, i, i + 1"
        " FROM n;",
        old="(id INTEGER PRIMARY KEY, low, high)",
        new="(id INTEGER PRIMARY KEY, high, low)",
        columns="id, low, high",
        objects="CREATE TRIGGER t_in AFTER INSERT ON t BEGIN INSERT INTO box VALUES (NEW.id, NEW.low,"
        " NEW.high);"
        " END;",
        meanwhile=("INSERT INTO t (id, low, high) VALUES (60, 1, 9);",),
        after=("INSERT INTO t (id, low, high) VALUES (61, 1, 9);",),
    ),
    "columns that get another type": Entry(
        made="INSERT INTO t VALUES (1, '00123', '1e3', 5, 9007199254740993), (2, 'no number', '-0.0', 1e3,"
        " 7),"
        " (3, x'00ff', '9007199254740993', -0.0, 9223372036854775807), (4, CAST(x'ff41' AS TEXT), NULL,"
        " '', -7),"
        " (5, '', ' 12 ', '12', 1), (6, '0x10', '1_000', 9e999, 0);",
        old="(id INTEGER PRIMARY KEY, n TEXT, r TEXT, s, f INTEGER)",
        new="(id INTEGER PRIMARY KEY, n INTEGER, r REAL, s TEXT, f REAL)",
        columns="id, n, r, s, f",
        meanwhile=(
            "INSERT INTO t VALUES (7, '00777', '9007199254740995', 1e15, 9007199254740995);",
            "UPDATE t SET f = 36028797018963969, s = 2.0 WHERE id = 2;",
        ),
        after=("DELETE FROM t WHERE id = 5;",),
    ),
    "keys that are numbers, texts and blobs alike": Entry(
        made="INSERT INTO t VALUES (1, 'i'), ('1', 't'), (x'31', 'b'), (1.5, 'r'), ('00123', 'z'), (1e3,"
        " 'e'),"
        " (9007199254740993, 'big'), (9007199254740992.0, 'near'), (-0.0, 'zero'), (CAST(x'ff41' AS TEXT),"
        " 'bad'),"
        " (CAST(x'fe' AS TEXT), 'bad too'), ('a' || char(0) || 'b', 'nul'), ('', 'empty'), (x'', 'no"
        " bytes');",
        old="(k PRIMARY KEY, v)",
        new="(v, k PRIMARY KEY) WITHOUT ROWID",
        columns="k, v",
        meanwhile=(
            "UPDATE t SET v = v || '!';",
            "DELETE FROM t WHERE k = x'31'; INSERT INTO t VALUES (x'fe', 'blob');",
            "UPDATE t SET k = k || 'x' WHERE typeof(k) = 'text';",
        ),
        after=("UPDATE t SET v = v || '?' WHERE typeof(k) <> 'real';",),
    ),
    "names that must be quoted": Entry(
        made=f"""{N} INSERT INTO "order ""by"" Größe" SELECT i, i, i, i FROM n;""",
        old="""("select" INTEGER PRIMARY KEY, "a ""b" TEXT UNIQUE, "ROWID" , [oid] )""",
        new="""("a ""b" TEXT UNIQUE, "ROWID", [oid], "select" INTEGER PRIMARY KEY)""",
        columns=""""select", "a ""b", "ROWID", [oid]""",
        table='''"order ""by"" Größe"''',
        meanwhile=(
            """INSERT OR REPLACE INTO "order ""by"" Größe" VALUES (99, '3', 'x', 'y');""",
            """UPDATE "order ""by"" Größe" SET "select" = 50 WHERE "select" = 7;""",
        ),
        after=("""DELETE FROM "order ""by"" Größe" WHERE "select" = 9;""",),
    ),
    "AUTOINCREMENT": Entry(
        made=f"{N} INSERT INTO t (v) SELECT i FROM n; DELETE FROM t WHERE id > 20;",
        old="(id INTEGER PRIMARY KEY AUTOINCREMENT, v)",
        new="(id INTEGER PRIMARY KEY AUTOINCREMENT, v, more)",
        columns="id, v",
        meanwhile=("INSERT INTO t (v) VALUES ('a'); DELETE FROM t WHERE v = 'a';",),
        after=("INSERT INTO t (v) VALUES ('b');",),
    ),
    "a writer that attaches the database, and a temporary trigger of its own": Entry(
        made=f"{N} INSERT INTO t SELECT i, i FROM n;",
        old="(id INTEGER PRIMARY KEY, v UNIQUE)",
        new="(v UNIQUE, id INTEGER PRIMARY KEY)",
        columns="id, v",
        meanwhile=(
            "CREATE TEMP TRIGGER mine AFTER INSERT ON main.t BEGIN UPDATE t SET v = 'by temp ' || id"
            " WHERE id = NEW.id; END; INSERT INTO t (id, v) VALUES (70, 'x');",
            "INSERT OR REPLACE INTO t (id, v) VALUES (71, 4);",
        ),
        after=("INSERT INTO t (id, v) VALUES (72, 'x');",),
    ),
    "savepoints, rows in one statement, upserts": Entry(
        made=f"{N} INSERT INTO t SELECT i, 'u' || i, i FROM n;",
        old="(id INTEGER PRIMARY KEY, u TEXT UNIQUE, v)",
        new="(id INTEGER PRIMARY KEY, v, u TEXT UNIQUE)",
        columns="id, u, v",
        meanwhile=(
            "BEGIN; SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; UPDATE t SET v = -v; RELEASE s; COMMIT;",
            "INSERT INTO t VALUES (3, 'u4', 1) ON CONFLICT (id) DO UPDATE SET v = 'up' ON CONFLICT (u) DO"
            " NOTHING;",
            "INSERT OR FAIL INTO t VALUES (90, 'u90', 1), (3, 'u91', 1), (92, 'u92', 1);",
            "UPDATE t SET u = CASE u WHEN 'u5' THEN 'tmp' END WHERE u = 'u5'; UPDATE t SET u = 'u5' WHERE"
            " u = 'u20'; UPDATE t SET u = 'u20' WHERE u = 'tmp';",
        ),
        after=("INSERT OR REPLACE INTO t (id, u, v) VALUES (8, 'u9', 1), (10, 'u8', 2);",),
    ),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_as_at_rest_and_back(name: str, work: Path) -> None:
    entry, path, oracle, rest = ENTRIES[name], work / "t.db", work / "oracle.db", work / "rest.db"
    entries.make(entry, path)
    shutil.copy(path, oracle)
    writer = entries.Writer(entry, path, oracle)
    entries.there(entry, path, writer)
    assert not writer.scripts, "it wrote while the table was copied"
    entries.at_rest(entry, oracle, rest)
    made_online, made_at_rest = entries.contents(path), entries.contents(rest)
    # At rest SQLite forgets ids that were given and deleted; online none is given again.
    for one in (made_online, made_at_rest):
        one.pop("sqlite_sequence", None)
    assert made_online == made_at_rest

    writer.scripts += entry.after
    entries.and_back(entry, path, writer)
    writer.write_all()
    writer.close()
    assert entries.contents(path) == entries.contents(oracle)

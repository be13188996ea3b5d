"""No honest plan is refused: what SQLite can do goes there and back through all verbs."""

from pathlib import Path

import pytest
from tests.changeover.run.honest import goes_there_and_back, place

ADD, BACK = "ALTER TABLE t ADD COLUMN b TEXT;", "ALTER TABLE t DROP COLUMN b;"


def rebuilt(columns: str, copied: str, after: str = "") -> str:
    """The standard rebuild of ``t``."""
    return (
        f"CREATE TABLE t_new ({columns}); INSERT INTO t_new ({copied}) SELECT {copied} FROM t;"
        f" DROP TABLE t; ALTER TABLE t_new RENAME TO t;{after}"
    )


NATIVE = {
    "deferred keys": "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1), (2);"
    "CREATE TABLE t (id INTEGER PRIMARY KEY, p_id INT NOT NULL REFERENCES p (id)"
    " DEFERRABLE INITIALLY DEFERRED); INSERT INTO t VALUES (1, 1), (2, 2);",
    "full text beside it": "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'a');"
    "CREATE VIRTUAL TABLE five USING fts5(a); CREATE VIRTUAL TABLE four USING fts4(a);"
    "INSERT INTO five VALUES ('hello'); INSERT INTO four VALUES ('hello');",
    "indexes that cannot be read beside it": "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);"
    "INSERT INTO t VALUES (1, 'a'); CREATE VIRTUAL TABLE four USING fts4(content='', a);"
    "INSERT INTO four (docid, a) VALUES (1, 'hello'); CREATE TABLE gone (a TEXT);"
    "CREATE VIRTUAL TABLE five USING fts5(a, content='gone'); DROP TABLE gone;",
    "boxes beside it": "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'a');"
    "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1); INSERT INTO r VALUES (1, 0, 2);",
    "generated columns": "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, d INT AS (n * 2) STORED,"
    " e INT AS (n + 1)); CREATE INDEX te ON t (e); INSERT INTO t (n) VALUES (1), (2);",
    "strict, without rowid": "CREATE TABLE t (k TEXT PRIMARY KEY, v INT) STRICT, WITHOUT ROWID;"
    "INSERT INTO t VALUES ('a', 1), ('b', NULL);",
    "a key that may be NULL": "CREATE TABLE t (slug TEXT PRIMARY KEY, body TEXT);"
    "INSERT INTO t VALUES ('a', 'x'), ('b', 'y');",
    "columns that are called as a rowid is": "CREATE TABLE t (rowid TEXT, oid TEXT);"
    "INSERT INTO t VALUES ('a', 'b'), ('a', 'b'), (NULL, 'c');"
    "CREATE TABLE o (rowid TEXT, oid TEXT, _rowid_ TEXT); INSERT INTO o VALUES (1, 2, 3), (1, 2, 3);",
    "no key": "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('a'), ('a'), (NULL);",
    "a composite key": "CREATE TABLE t (a INT, k TEXT, c REAL, PRIMARY KEY (a, k));"
    "INSERT INTO t VALUES (1, 'x', 1.5), (1, 'y', 2.5);",
    "bytes that are no text": "CREATE TABLE t (id INTEGER PRIMARY KEY, m TEXT);"
    "INSERT INTO t (m) VALUES (CAST(x'6be97365' AS TEXT)), ('a');"
    "CREATE TABLE o AS SELECT m FROM t;",
    "an empty table": "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);",
    "small pages, TRUNCATE": "PRAGMA page_size = 512; PRAGMA journal_mode = TRUNCATE;"
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'a');",
    "large pages, WAL": "PRAGMA page_size = 65536; PRAGMA journal_mode = WAL;"
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'a');",
    "UTF-16": "PRAGMA encoding = 'UTF-16'; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);"
    "INSERT INTO t VALUES (1, 'äöü');",
    "another table breaks its own rule": "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);"
    "CREATE TABLE o (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO o VALUES (1, NULL), (2, 'b');"
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
    " 'CREATE TABLE o (id INTEGER PRIMARY KEY, a TEXT NOT NULL)' WHERE name = 'o';",
}


@pytest.mark.parametrize("kind", NATIVE)
def test_a_column_is_added_and_taken_away_beside(tmp_path: Path, kind: str) -> None:
    goes_there_and_back(place(tmp_path / "app", NATIVE[kind], ADD, BACK))


KEYED = "CREATE TABLE {} (a INT NOT NULL, c TEXT NOT NULL, PRIMARY KEY (c, a)) WITHOUT ROWID;"
REKEYED = "INSERT INTO t_new (a, c) SELECT a, c FROM t; DROP TABLE t; ALTER TABLE t_new RENAME TO t;"
T = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);INSERT INTO t VALUES (1, 'a');"
OTHER = {
    "a view on the table": (
        T + "CREATE VIEW v AS SELECT id, a FROM t;",
        rebuilt("id INTEGER PRIMARY KEY, a TEXT, z TEXT", "id, a"),
        rebuilt("id INTEGER PRIMARY KEY, a TEXT", "id, a"),
    ),
    "a partial index on an expression": (
        T + "CREATE UNIQUE INDEX ta ON t (lower(a)) WHERE id > 0;",
        rebuilt(
            "id INTEGER PRIMARY KEY, a TEXT, z INT",
            "id, a",
            " CREATE UNIQUE INDEX ta ON t (lower(a)) WHERE id > 0;",
        ),
        rebuilt(
            "id INTEGER PRIMARY KEY, a TEXT", "id, a", " CREATE UNIQUE INDEX ta ON t (lower(a)) WHERE id > 0;"
        ),
    ),
    "bytes that are no text": (
        T + "INSERT INTO t (a) VALUES (CAST(x'6be97365' AS TEXT));",
        rebuilt("id INTEGER PRIMARY KEY, a TEXT, z INT", "id, a"),
        rebuilt("id INTEGER PRIMARY KEY, a TEXT", "id, a"),
    ),
    "a table that refers to itself": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INT REFERENCES t (id));"
        "INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2);",
        rebuilt("id INTEGER PRIMARY KEY, up INT REFERENCES t (id), z INT", "id, up"),
        rebuilt("id INTEGER PRIMARY KEY, up INT REFERENCES t (id)", "id, up"),
    ),
    "rename first": (
        T + "CREATE TABLE c (t_id INT REFERENCES t (id)); INSERT INTO c VALUES (1);"
        "CREATE VIEW v AS SELECT a FROM t;",
        "ALTER TABLE t RENAME TO t_old; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, z TEXT);"
        "INSERT INTO t (id, a) SELECT id, a FROM t_old; DROP TABLE t_old;",
        rebuilt("id INTEGER PRIMARY KEY, a TEXT", "id, a"),
    ),
    "names with main.": (
        T + "CREATE VIEW v AS SELECT a FROM t;",
        "CREATE TABLE main.t_new (id INTEGER PRIMARY KEY, a TEXT, z TEXT); INSERT INTO main.t_new (id, a)"
        " SELECT id, a FROM main.t; DROP TABLE main.t; ALTER TABLE main.t_new RENAME TO t;",
        rebuilt("id INTEGER PRIMARY KEY, a TEXT", "id, a"),
    ),
    "the number of the schema": (
        T + "PRAGMA user_version = 4;",
        ADD + "PRAGMA user_version = 5;",
        BACK + "PRAGMA user_version = 4;",
    ),
    "keys of another form": (
        "CREATE TABLE t (d INT PRIMARY KEY NOT NULL, a TEXT); INSERT INTO t VALUES (0, 'a'), (86400, 'b');",
        rebuilt("d TEXT PRIMARY KEY NOT NULL, a TEXT", "d, a").replace(
            "SELECT d", "SELECT date(d, 'unixepoch')"
        ),
        rebuilt("d INT PRIMARY KEY NOT NULL, a TEXT", "d, a").replace(
            "SELECT d", "SELECT CAST(strftime('%s', d) AS INT)"
        ),
    ),
    "keys that are a word and a number": (
        "CREATE TABLE t (id INT PRIMARY KEY NOT NULL, a TEXT); INSERT INTO t VALUES (8, 'a'), (9, 'b');",
        rebuilt("id TEXT PRIMARY KEY NOT NULL, a TEXT", "id, a").replace("SELECT id", "SELECT 'u-' || id"),
        rebuilt("id INT PRIMARY KEY NOT NULL, a TEXT", "id, a").replace(
            "SELECT id", "SELECT CAST(substr(id, 3) AS INT)"
        ),
    ),
    "a key in another order than its columns": (
        KEYED.format("t") + "INSERT INTO t VALUES (1, 'k'), (2, 'k');",
        KEYED.format("t_new") + REKEYED,
        KEYED.format("t_new") + REKEYED,
    ),
    "a key that is called rowid": (
        "CREATE TABLE t (rowid TEXT PRIMARY KEY, a TEXT); INSERT INTO t VALUES ('1', 'a'), ('2', 'b');",
        rebuilt("rowid TEXT PRIMARY KEY, a TEXT, z INT", "rowid, a"),
        rebuilt("rowid TEXT PRIMARY KEY, a TEXT", "rowid, a"),
    ),
    "other values without a key": (
        "CREATE TABLE t (a TEXT, b TEXT); INSERT INTO t VALUES ('x', 'y'), ('x', 'y'), ('z', 'z');",
        "UPDATE t SET b = b || '!';",
        "UPDATE t SET b = substr(b, 1, length(b) - 1);",
    ),
    "a TEMP table": (
        T,
        "CREATE TEMP TABLE m AS SELECT id, upper(a) AS u FROM t;"
        + ADD
        + "UPDATE t SET b = (SELECT u FROM m WHERE m.id = t.id); DROP TABLE m;",
        BACK,
    ),
}


@pytest.mark.parametrize("kind", OTHER)
def test_it_goes_there_and_back_with(tmp_path: Path, kind: str) -> None:
    goes_there_and_back(place(tmp_path / "app", *OTHER[kind], rows="t=*"))


def test_a_number_of_rows_is_that_of_the_rows_that_were_there(tmp_path: Path) -> None:
    """Duplicates are merged, one row fewer; what the rehearsal writes itself may be one of them, or none."""
    setup = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'a'), (3, 'b');"
    )
    first = "SELECT min(id) FROM t GROUP BY a"
    forward = (
        f"CREATE TABLE changeover_t AS SELECT id, a FROM t WHERE id NOT IN ({first});"
        f"DELETE FROM t WHERE id NOT IN ({first}); SELECT count(*) FROM changeover_t;"
    )
    back = "INSERT INTO t (id, a) SELECT id, a FROM changeover_t; DROP TABLE changeover_t;"
    found = place(tmp_path / "app", setup, forward, back, rows="t=-1")
    plan = found.folder / "PLAN.md"
    there, _, undone = plan.read_text().rpartition("t=-1")
    there = there.replace("{#mig ", '{#mig expect="== 1" ')
    plan.write_text(f"{there}t=+1{undone}")
    goes_there_and_back(found)


def test_a_full_text_index_is_made_and_taken_away(tmp_path: Path) -> None:
    made = "CREATE VIRTUAL TABLE f USING fts5(a, content='t', content_rowid='id');"
    forward = made + "INSERT INTO f(f) VALUES ('rebuild');"
    goes_there_and_back(place(tmp_path / "app", T, forward, "DROP TABLE f;", scope="f"))


def test_a_database_with_nothing_in_it_gets_its_first_table(tmp_path: Path) -> None:
    forward = "CREATE TABLE t (id INTEGER PRIMARY KEY);"
    goes_there_and_back(place(tmp_path / "app", "PRAGMA user_version = 1;", forward, "DROP TABLE t;"))


def test_two_tables_that_differ_in_the_case_of_an_umlaut_are_two(tmp_path: Path) -> None:
    setup = 'CREATE TABLE "Ämter" (id INTEGER PRIMARY KEY); CREATE TABLE "ämter" (id INTEGER PRIMARY KEY);'
    add, drop = 'ALTER TABLE "ämter" ADD COLUMN b;', 'ALTER TABLE "ämter" DROP COLUMN b;'
    found = place(tmp_path / "app", setup + 'INSERT INTO "Ämter" VALUES (1);', add, drop, scope="ämter")
    goes_there_and_back(found)
    other = place(tmp_path / "other", setup, 'DELETE FROM "Ämter";', drop, scope="ämter")
    assert "Ämter is changed but not in scope" in other.problems()[0]


FUNCTIONS = """
def register(connection):
    connection.create_collation("unicase", lambda a, b: (a.lower() > b.lower()) - (a.lower() < b.lower()))
    sort = lambda title: (title or "").removeprefix("The ")
    connection.create_function("title_sort", 1, sort, deterministic=True)
"""
BOOKS = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, title TEXT COLLATE unicase);"
    "CREATE VIEW sorted AS SELECT title_sort(title) FROM t ORDER BY title;"
    "CREATE INDEX by_sort ON t (title_sort(title));"
)


def test_an_applications_functions_and_collations_are_named_in_the_plan(tmp_path: Path) -> None:
    setup = BOOKS + "INSERT INTO t (title) VALUES ('The Odyssey');"
    goes_there_and_back(place(tmp_path / "app", setup, ADD, BACK, functions=FUNCTIONS))


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        (BOOKS, "t cannot be made again: no such collation sequence: unicase"),
        (T + "CREATE VIEW v AS SELECT title_sort(a) FROM t;", "view v no longer works: no such function"),
    ],
)
def test_without_them_check_says_what_is_missing_and_how_to_name_it(
    tmp_path: Path, setup: str, said: str
) -> None:
    found = place(tmp_path / "app", setup, ADD, BACK, functions=FUNCTIONS)
    plan = found.folder / "PLAN.md"
    plan.write_text(plan.read_text().replace("functions: functions.py\n", ""))
    assert said in found.problems()[0]
    assert "functions: [module.py]" in found.problems()[0]

"""What is refused, each with its reason, and what is handled although it looks hard."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.online.shapes import parsed

from changeover.database.connect import connect
from changeover.database.online.prepare import prepare, require_way_back
from changeover.database.online.rebuild import OnlineRebuild
from changeover.database.online.worker import Worker
from changeover.errors import StepFailed, Unsuitable
from changeover.sql import rebuild

OLD = "(id INTEGER PRIMARY KEY, n TEXT, code TEXT)"


def script(new: str = OLD, columns: str = "id, n, code", values: str = "", tail: str = "") -> str:
    """A rebuild of t."""
    return (
        f"CREATE TABLE t_new {new}; INSERT INTO t_new ({columns}) SELECT {values or columns} FROM t{tail};"
        " DROP TABLE t; ALTER TABLE t_new RENAME TO t;"
    )


CASES = {
    "no key": (
        "CREATE TABLE t (n TEXT)",
        script(new="(n TEXT)", columns="n"),
        "no primary key and no unique index",
    ),
    "key not copied": (
        f"CREATE TABLE t {OLD}",
        script(values="id + 1, n, code"),
        r"\(id\): the new table does not have id as it is",
    ),
    "key of another type": (
        "CREATE TABLE t (n TEXT PRIMARY KEY NOT NULL, code TEXT)",
        script(new="(n INTEGER PRIMARY KEY, code TEXT)", columns="n, code"),
        "n changes its type from TEXT to INTEGER",
    ),
    "key of another collation": (
        "CREATE TABLE t (n TEXT PRIMARY KEY NOT NULL)",
        script(new="(n TEXT PRIMARY KEY NOT NULL COLLATE NOCASE)", columns="n"),
        "no unique key of the new table",
    ),
    "downwards": (
        "CREATE TABLE t (a, b, PRIMARY KEY (a, b DESC)) WITHOUT ROWID",
        script(new="(a, b, PRIMARY KEY (a, b))", columns="a, b"),
        "goes downwards",
    ),
    "unique expression": (
        f"CREATE TABLE t {OLD}; CREATE UNIQUE INDEX t_low ON t (lower(n))",
        script(),
        "t_low is a unique index on an expression",
    ),
    "subquery": (f"CREATE TABLE t {OLD}", script(values="id, (SELECT 1), code"), "no subquery"),
    "random": (f"CREATE TABLE t {OLD}", script(values="id, random(), code"), "non-deterministic"),
    "now": (f"CREATE TABLE t {OLD}", script(values="id, datetime('now'), code"), "non-deterministic"),
    "aggregate": (f"CREATE TABLE t {OLD}", script(values="id, max(n), code"), "aggregate"),
    "where": (f"CREATE TABLE t {OLD}", script(tail=" WHERE n > 1"), "more than the whole of one table"),
    "join": (
        f"CREATE TABLE t {OLD}",
        script(tail=" JOIN other USING (id)"),
        "more than the whole of one table",
    ),
    "replace": (
        f"CREATE TABLE t {OLD}",
        script().replace("INSERT INTO", "INSERT OR REPLACE INTO"),
        "second statement is not INSERT INTO",
    ),
    "besides": (
        f"CREATE TABLE t {OLD}",
        script() + "UPDATE t SET n = 1;",
        "only CREATE INDEX and CREATE TRIGGER",
    ),
    "new foreign key": (
        f"CREATE TABLE t {OLD}; CREATE TABLE p (id INTEGER PRIMARY KEY)",
        script(new="(id INTEGER PRIMARY KEY, n TEXT REFERENCES p (id), code TEXT)"),
        "foreign key of t on n is new",
    ),
    "values that others refer to": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT, code TEXT UNIQUE);"
        "CREATE TABLE child (code TEXT REFERENCES t (code))",
        script(new="(id INTEGER PRIMARY KEY, n TEXT, code TEXT UNIQUE)", values="id, n, upper(code)"),
        "child refers to t by code, whose values would change",
    ),
    "a view": (
        "CREATE VIEW t AS SELECT 1 AS id",
        script(),
        "only a table can be made anew|cannot be made again",
    ),
    "full text": (
        "CREATE VIRTUAL TABLE t USING fts5(n)",
        script(new="(n TEXT)", columns="n"),
        "only a table",
    ),
    "a full-text index that knows rows by a rowid without a name": (
        "CREATE TABLE t (code TEXT PRIMARY KEY NOT NULL, n TEXT);"
        "CREATE VIRTUAL TABLE found USING fts5(n, content='t')",
        script(new="(code TEXT PRIMARY KEY NOT NULL, n TEXT NOT NULL)", columns="code, n"),
        "found knows the rows of t by rowid",
    ),
    "a full-text index, and another column is the rowid": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT, code INTEGER UNIQUE);"
        "CREATE VIRTUAL TABLE found USING fts4(n, content=t)",
        script(new="(id INTEGER UNIQUE, n TEXT, code INTEGER PRIMARY KEY)"),
        "found knows the rows of t by rowid",
    ),
    "a unique index on a generated column, and a default that stands for NULL": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT NOT NULL DEFAULT 'x', low AS (lower(n)) UNIQUE)",
        script(new="(id INTEGER PRIMARY KEY, n TEXT NOT NULL, low AS (lower(n)))", columns="id, n"),
        "unique index on a generated column",
    ),
    "every name of the rowid is a column": (
        "CREATE TABLE t (rowid, oid, _rowid_, k TEXT PRIMARY KEY)",
        script(new="(rowid, oid, k TEXT PRIMARY KEY)", columns="rowid, oid, k"),
        "Every name of the rowid is a column",
    ),
    "a table of an attached database": (
        f"CREATE TABLE t {OLD}",
        script().replace("FROM t", "FROM other.t"),
        "more than the whole of one table",
    ),
    "several tables in one script": (
        f"CREATE TABLE t {OLD}; CREATE TABLE u {OLD}",
        script() + script().replace("t_new", "u_new").replace(" t;", " u;"),
        "write a block of its own for u_new",
    ),
    "an rtree": ("CREATE VIRTUAL TABLE t USING rtree(id, n, code)", script(), "only a table"),
    "not there": ("CREATE TABLE u (id)", script(), "does not exist"),
}


@pytest.mark.parametrize("name", CASES)
def test_refused_with_the_reason(work: Path, name: str) -> None:
    made, sql, reason = CASES[name]
    path = work / "t.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(made)
    with closing(connect(path)) as connection, pytest.raises(Unsuitable, match=reason):
        prepare(connection, parsed(sql))


TOO_NARROW = {
    "NULL": ("(id INTEGER PRIMARY KEY, n TEXT NOT NULL, code TEXT)", "id, NULLIF(n, 'n7'), code"),
    "no case for it": (
        "(id INTEGER PRIMARY KEY, n TEXT NOT NULL, code TEXT)",
        "id, CASE WHEN n <> 'n7' THEN n END, code",
    ),
    "CHECK": ("(id INTEGER PRIMARY KEY, n TEXT CHECK (n <> 'n7'), code TEXT)", "id, n, code"),
    "STRICT": (
        "(id INTEGER PRIMARY KEY, n TEXT, code INTEGER) STRICT",
        "id, n, CASE n WHEN 'n7' THEN 'seven' ELSE id END",
    ),
    "UNIQUE": (
        "(id INTEGER PRIMARY KEY, n TEXT, code INT UNIQUE)",
        "id, n, CASE id WHEN 7 THEN 6 ELSE id END",
    ),
    "no value": (
        "(id INTEGER PRIMARY KEY, n TEXT, code)",
        "id, n, json(CASE n WHEN 'n7' THEN '[' ELSE '[]' END)",
    ),
    "too large": (
        "(id INTEGER PRIMARY KEY, n TEXT, code)",
        "id, n, abs(CASE n WHEN 'n7' THEN -9223372036854775808 ELSE -1 END)",
    ),
}


@pytest.mark.parametrize("name", TOO_NARROW)
def test_a_mapping_that_is_not_total_is_refused_and_names_the_row(name: str, work: Path) -> None:
    path, (new, values) = work / "t.db", TOO_NARROW[name]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            f"PRAGMA journal_mode = WAL; CREATE TABLE t {OLD};"
            " INSERT INTO t SELECT value, 'n' || value, 'c' FROM json_each('[1, 2, 3, 4, 5, 6, 7, 8, 9]');"
        )
    with closing(connect(path)) as connection:
        run = OnlineRebuild(Worker(connection=connection, rows=100), "t", "x")
        with pytest.raises(StepFailed, match="t: the row with id = 7 cannot be held"):
            run.forward(prepare(connection, parsed(script(new=new, values=values))), lambda: None)
        assert connection.execute("SELECT n FROM t WHERE id = 7").fetchone() == ("n7",)


def test_a_row_written_meanwhile_that_cannot_be_held_is_named_too(work: Path) -> None:
    path = work / "t.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer, closing(connect(path)) as connection:
        writer.executescript(
            f"PRAGMA journal_mode = WAL; CREATE TABLE t {OLD}; INSERT INTO t VALUES (1, 'n', 'c');"
        )
        todo = ["INSERT INTO t VALUES (2, 'n', 'c'), (-3, NULL, 'c'), (4, 'n', 'c')"]

        def hear(moment: str) -> None:
            if moment == "committed" and todo:
                writer.execute(todo.pop())

        run = OnlineRebuild(Worker(connection=connection, rows=100, hook=hear), "t", "x")
        new = "(id INTEGER PRIMARY KEY, n TEXT NOT NULL, code TEXT)"
        with pytest.raises(StepFailed, match="the row with id = -3 cannot be held"):
            run.forward(prepare(connection, parsed(script(new=new))), lambda: None)


def test_a_way_back_that_changes_the_key_is_refused(work: Path) -> None:
    path = work / "t.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"CREATE TABLE t {OLD}")
    with closing(connect(path)) as connection:
        change = prepare(connection, parsed(script()))
    with pytest.raises(Unsuitable, match="does not give id the value of id"):
        require_way_back(change, rebuild.read(parsed(script(values="id + 0, n, code"))))


def test_a_full_text_index_stays_where_the_rowid_is_a_column_that_is_copied(work: Path) -> None:
    path = work / "t.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            f"CREATE TABLE t {OLD}; CREATE VIRTUAL TABLE found USING fts5(n, content='t')"
        )
    with closing(connect(path)) as connection:
        assert prepare(connection, parsed(script(new="(id INTEGER PRIMARY KEY, n, code)"))).table == "t"

"""What is refused, each with its reason, and what is handled although it looks hard."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.online.shapes import parsed

from changeover.database.connect import connect
from changeover.database.online.prepare import prepare, require_way_back
from changeover.errors import Unsuitable
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

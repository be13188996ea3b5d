"""After a way back every definition has the very text it had, however the script spells it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.changeover.database.household import ask, change, context

from changeover.database import ledger
from changeover.database.change.apply import migrate
from changeover.database.change.invariants import Depth
from changeover.database.connect import opened
from changeover.database.ledger import Direction
from changeover.database.schema import spelling

OLD = """
CREATE TABLE `parents` (
\t`name` text DEFAULT 'x' NOT NULL, -- first
\t`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL
);
ALTER TABLE `parents` ADD `age` INTEGER DEFAULT 10;
CREATE INDEX `by age` ON `parents` (`age` DESC);
CREATE TABLE children (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parents (id) ON DELETE CASCADE);
CREATE TRIGGER grown AFTER UPDATE OF age ON [parents] BEGIN
  UPDATE children SET id = id WHERE parent_id = new.id;
END;
CREATE VIEW adults AS SELECT id FROM   parents WHERE age > 17;
INSERT INTO parents (id, name, age) VALUES (3, 'ada', 36), (4, 'tim', NULL);
INSERT INTO children VALUES (1, 3), (2, 3);
"""
FORWARD = """
CREATE TABLE changeover_before AS SELECT * FROM parents;
CREATE TABLE parents_new (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT 'x',
  age_months INTEGER);
INSERT INTO parents_new (id, name, age_months) SELECT id, name, age * 12 FROM parents;
DROP VIEW adults;
DROP TABLE parents;
ALTER TABLE parents_new RENAME TO parents;
"""
BACK = """
CREATE TABLE parents_old (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT 'x', age INTEGER DEFAULT 10);
INSERT INTO parents_old (id, name, age) SELECT id, name, age_months / 12 FROM parents;
DROP TABLE parents;
ALTER TABLE parents_old RENAME TO parents;
CREATE INDEX "by age" ON parents (age desc);
DROP TABLE changeover_before;
"""
SCHEMA = (
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name NOT LIKE 'changeover%' ORDER BY 1, 2"
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "spelled.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL;" + OLD)
    return path


def forth(path: Path) -> None:
    with opened(path) as connection:
        migrate(connection, change(FORWARD, scope=("parents", "adults")), context(), depth=Depth.THOROUGH)


def back(path: Path, script: str = BACK) -> None:
    with opened(path) as connection:
        undo = change(script, scope=("parents", "adults", "ciphers"))
        before = ledger.rollback_details(connection, context().content_sha256)
        undo = replace(
            undo, statements=(*undo.statements, *spelling.restoring(connection, undo, before.definitions))
        )
        migrate(connection, undo, replace(context(), direction=Direction.ROLLBACK), depth=Depth.THOROUGH)


def test_tables_indexes_triggers_and_views_come_back_word_by_word_with_what_was_written_since(
    database: Path,
) -> None:
    before = ask(database, SCHEMA)
    forth(database)
    with opened(database) as connection:
        connection.execute("INSERT INTO parents (id, name, age_months) VALUES (9, 'new', 24)")
    back(database)
    assert ask(database, SCHEMA) == before
    assert ask(database, "SELECT id, name, age FROM parents") == [
        (3, "ada", 36),
        (4, "tim", None),
        (9, "new", 2),
    ]
    assert ask(database, "SELECT count(*) FROM children") == [(2,)]
    assert ask(database, "SELECT seq FROM sqlite_sequence WHERE name = 'parents'") == [(9,)]
    assert ask(database, "PRAGMA integrity_check") == [("ok",)]


def test_a_way_back_that_leaves_other_columns_is_not_dressed_up(database: Path) -> None:
    forth(database)
    back(database, BACK.replace(", age INTEGER DEFAULT 10", ", age INTEGER, more TEXT"))
    ((sql,),) = ask(database, "SELECT sql FROM sqlite_schema WHERE name = 'parents'")
    assert "more TEXT" in str(sql)


def test_a_table_without_a_shown_rowid_comes_back_word_by_word_with_its_rowids(tmp_path: Path) -> None:
    """ADD COLUMN leaves a default that the column never had; other rowids would mislead a search index."""
    path, sql = tmp_path / "keyed.db", "SELECT sql FROM sqlite_schema WHERE name = 'ciphers'"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "PRAGMA journal_mode = WAL;"
            "CREATE TABLE ciphers (uuid TEXT NOT NULL PRIMARY KEY, favorite NOT NULL);"
            "INSERT INTO ciphers VALUES ('a', 1), ('b', 0), ('c', 1); DELETE FROM ciphers WHERE uuid = 'b'"
        )
    before, rows = ask(path, sql), ask(path, "SELECT rowid, uuid FROM ciphers")
    with opened(path) as connection:
        migrate(
            connection,
            change("ALTER TABLE ciphers DROP COLUMN favorite;", scope=("ciphers",)),
            context(),
            depth=Depth.THOROUGH,
        )
    back(path, "ALTER TABLE ciphers ADD COLUMN favorite NOT NULL DEFAULT 0;")
    assert ask(path, sql) == before
    assert ask(path, "SELECT rowid, uuid FROM ciphers") == rows

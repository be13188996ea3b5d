"""Comparison of two databases, synthetic writes, and the rollback that must keep what was written since."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.household import BACKWARD, SCOPE, ask, change, context, tell

from changeover.database import writes
from changeover.database.compare import compare, keys_of
from changeover.database.connect import opened
from changeover.database.invariants import Depth
from changeover.database.ledger import Direction
from changeover.database.migrate import migrate
from changeover.database.writes import Deed


@pytest.fixture
def twin(database: Path, tmp_path: Path) -> Path:
    tell(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(shutil.copy(database, tmp_path / "twin.db"))


def test_a_database_equals_its_copy(database: Path, twin: Path) -> None:
    found = compare(database, twin)
    assert found.equal
    assert found.rows == 3 + 600 + 84 + 4
    assert str(found) == "equal (691 rows compared)"


def test_every_kind_of_difference_is_counted_and_shown(database: Path, twin: Path) -> None:
    tell(twin, "DELETE FROM readings WHERE id = 7; UPDATE readings SET solar_w = 77 WHERE id = 8")
    tell(twin, "INSERT INTO readings VALUES (9001, 1, 1, 1, 1.5)")
    (found,) = compare(database, twin).tables
    assert (found.missing, found.extra, found.different) == (1, 1, 1)
    assert "different: id 8: solar_w 2 became 77" in str(found)
    assert "missing: id 7" in str(found)
    assert "too many: id 9001" in str(found)


@pytest.mark.parametrize(
    ("column", "one", "two"),
    [
        ("v", "1", "1.0"),
        ("v", "'1'", "1"),
        ("v BLOB", "x'61'", "'a'"),
        ("v TEXT COLLATE NOCASE", "'a'", "'A'"),
        ("v TEXT COLLATE RTRIM", "'a'", "'a  '"),
        ("v TEXT", "NULL", "''"),
        ("v REAL", "1e-9", "1.1e-9"),
        ("v INTEGER", "-1", "-2"),
    ],
)
def test_values_that_look_alike_are_told_apart(tmp_path: Path, column: str, one: str, two: str) -> None:
    for name, value in (("a.db", one), ("b.db", two)):
        tell(tmp_path / name, f"CREATE TABLE t (id INTEGER PRIMARY KEY, {column})")
        tell(tmp_path / name, f"INSERT INTO t VALUES (1, {value})")
    assert not compare(tmp_path / "a.db", tmp_path / "b.db").equal
    tell(tmp_path / "b.db", f"UPDATE t SET v = {one}")
    assert compare(tmp_path / "a.db", tmp_path / "b.db").equal


def test_a_table_without_a_key_is_compared_as_a_bag(tmp_path: Path) -> None:
    for name, values in (("a.db", "(1),(1),(2)"), ("b.db", "(2),(1),(1)"), ("c.db", "(1),(2),(2)")):
        tell(tmp_path / name, f"CREATE TABLE t (v); INSERT INTO t VALUES {values}")
    assert compare(tmp_path / "a.db", tmp_path / "b.db").equal
    assert not compare(tmp_path / "a.db", tmp_path / "c.db").equal


def test_a_table_that_only_one_has_is_a_difference(database: Path, twin: Path) -> None:
    tell(twin, "DROP TABLE polling_status")
    assert compare(database, twin).schema == ("table polling_status is missing",)
    assert "only in one of the two" in str(compare(database, twin, with_schema=False))


def test_rows_written_since_are_named_by_key(database: Path) -> None:
    before = keys_of(database, "readings")
    tell(database, "INSERT INTO readings VALUES (9001, 1, 1, 1, 1.5)")
    assert keys_of(database, "readings") - before == {(9001,)}


def test_synthetic_writes_reach_every_table_of_the_scope_and_its_neighbours(database: Path) -> None:
    done = writes.write(database, SCOPE)
    deeds = {(one.table, one.deed) for one in done.writes}
    assert {table for table, _ in deeds} == {"systems", "readings", "readings_agg_1d", "polling_status"}
    assert {("readings", Deed.INSERTED), ("readings", Deed.UPDATED), ("readings", Deed.DELETED)} <= deeds
    assert done.unwritten == ()
    assert writes.kept(database, done) == []
    assert ask(database, "PRAGMA integrity_check") == [("ok",)]
    assert ask(database, "PRAGMA foreign_key_check") == []


def test_synthetic_writes_respect_every_rule_of_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    tell(
        path,
        "CREATE TABLE owner (name TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('a',"
        " 'b'))) WITHOUT ROWID;"
        "CREATE TABLE thing (id INTEGER PRIMARY KEY, owner TEXT NOT NULL UNIQUE REFERENCES owner (name), n"
        " INTEGER NOT NULL"
        " CHECK (n BETWEEN 1 AND 3), twice INTEGER GENERATED ALWAYS AS (n * 2)) STRICT;"
        "CREATE TABLE empty (id INTEGER PRIMARY KEY, owner TEXT NOT NULL REFERENCES owner (name), word"
        " TEXT NOT NULL);"
        "CREATE TABLE keyless (v);"
        "INSERT INTO owner VALUES ('x', 'a'); INSERT INTO thing VALUES (1, 'x', 3);",
    )
    done = writes.write(path, ("thing", "empty", "keyless"))
    assert ask(path, "SELECT count(*) FROM empty") == [(3,)]
    assert ask(path, "SELECT count(*) FROM owner") == [(4,)]
    assert ask(path, "PRAGMA foreign_key_check") == []
    assert any("keyless" in reason for reason in done.unwritten)
    assert writes.kept(path, done) == []


def there_and_back(path: Path, backward: str = BACKWARD) -> writes.Written:
    with opened(path) as connection:
        migrate(connection, change(), context(), depth=Depth.THOROUGH)
        connection.execute("UPDATE systems SET owner_clerk_user_id = 'user_2abcDEF'")
    written = writes.write(path, SCOPE)
    with opened(path) as connection:
        back = change(backward, rows="systems=*")
        migrate(connection, back, context(Direction.ROLLBACK), depth=Depth.THOROUGH)
    return written


def test_a_rollback_keeps_what_was_written_since(database: Path, twin: Path) -> None:
    tell(twin, "UPDATE systems SET user_id = 'simon'")
    written = there_and_back(database)
    comparison, lost = writes.compare_with_writes(twin, written, database)
    assert comparison.equal, str(comparison)
    assert lost == []
    assert {one.table for one in written.writes} >= {"systems", "user_systems", "readings"}


def test_a_rollback_that_loses_what_was_written_since_is_found_out(database: Path, twin: Path) -> None:
    tell(twin, "UPDATE systems SET user_id = 'simon'")
    written = there_and_back(database)
    with closing(sqlite3.connect(database)) as connection, connection:
        inserted = next(w for w in written.writes if w.table == "readings" and w.deed is Deed.INSERTED)
        connection.execute("DELETE FROM readings WHERE id = ?", tuple(inserted.key.values()))
        deleted = next(w for w in written.writes if w.table == "readings" and w.deed is Deed.DELETED)
        connection.execute("INSERT INTO readings VALUES (?, 1, 5, 1, 1)", tuple(deleted.key.values()))
        connection.execute("UPDATE readings SET solar_w = -1 WHERE id = 300")
    comparison, lost = writes.compare_with_writes(twin, written, database)
    assert any("was inserted and is gone" in fault for fault in lost)
    assert any("was deleted and is there again" in fault for fault in lost)
    assert "id 300" in str(comparison)

"""Comparison of two databases, row by row and value by value."""

import shutil
from pathlib import Path

import pytest
from tests.changeover.database.household import tell

from changeover.database.rehearse.compare import compare


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


def test_a_key_that_may_hold_null_but_does_not_is_a_key(tmp_path: Path) -> None:
    for name, body in (("a.db", "one"), ("b.db", "two")):
        tell(tmp_path / name, "CREATE TABLE d (slug TEXT PRIMARY KEY, body TEXT)")
        tell(tmp_path / name, f"INSERT INTO d VALUES ('x', '{body}'), ('y', 'same')")
    (found,) = compare(tmp_path / "a.db", tmp_path / "b.db").tables
    assert (found.missing, found.extra, found.different, found.columns) == (0, 0, 1, ("body",))
    assert [finding.name for finding in found.findings()] == ["d.body"]


def test_a_search_index_over_another_table_is_not_compared_twice(tmp_path: Path) -> None:
    for name, indexed in (("a.db", "one"), ("b.db", "two")):
        tell(tmp_path / name, "CREATE TABLE d (id INTEGER PRIMARY KEY, body TEXT)")
        tell(tmp_path / name, "CREATE VIRTUAL TABLE f USING fts5(body, content = 'd', content_rowid = 'id')")
        tell(tmp_path / name, f"INSERT INTO f (rowid, body) VALUES (1, '{indexed}')")
    assert compare(tmp_path / "a.db", tmp_path / "b.db").equal


def test_the_same_rows_under_other_numbers_differ_in_these_alone(tmp_path: Path) -> None:
    """Where a unique key of both says which rows are the same; else they are told by number."""
    made = "CREATE TABLE t (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, v); CREATE UNIQUE INDEX u ON t (at);"
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    tell(one, made + "INSERT INTO t VALUES (1, 20, 'b'), (2, 10, 'a'), (4, 30, 'c')")
    tell(two, made + "INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c')")
    (found,) = compare(one, two).tables
    assert (found.missing, found.extra, found.different) == (0, 0, 3)
    assert [each.name for each in found.findings()] == ["t.id"]
    tell(two, "UPDATE t SET v = 'x' WHERE at = 30")
    (found,) = compare(one, two).tables
    assert "t.rows" in [each.name for each in found.findings()]

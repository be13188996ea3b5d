"""A rehearsal finds rows for empty tables, and fresh keys, that the rules of a table take."""

from pathlib import Path

import pytest
from tests.changeover.database.trips import rebuilt, trip

from changeover.database.rehearse.written import WriteKind

ADD, DROP = "ALTER TABLE t ADD COLUMN z", "ALTER TABLE t DROP COLUMN z"
EMPTY = {
    "words": "state TEXT NOT NULL CHECK (state IN ('up', 'down'))",
    "a flag": "live BOOLEAN NOT NULL CHECK (live IN (0, 1))",
    "length": "id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36)",
    "patterns": "code TEXT NOT NULL CHECK (code GLOB '[A-Z][A-Z]'), m TEXT NOT NULL CHECK (m LIKE '%@%.%')",
    "JSON": "a TEXT NOT NULL CHECK (json_type(a) = 'array'), b TEXT NOT NULL CHECK (json_valid(b))",
    "a day": "day TEXT NOT NULL CHECK (day IS date(day))",
    "a range": "share REAL NOT NULL CHECK (share > 0 AND share BETWEEN 0 AND 0.75)",
    "rules by name": "a INT NOT NULL, b INT NOT NULL, CONSTRAINT o CHECK (a < b), CONSTRAINT u CHECK (b < 0)",
    "bytes": "a BLOB NOT NULL CHECK (length(a) = 16 AND typeof(a) = 'blob')",
    "of no parent": "kind TEXT NOT NULL CHECK (kind <> 'changeover'), p INTEGER REFERENCES p (id)",
}


@pytest.mark.parametrize("columns", EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("is_new", [True, False])
def test_an_empty_table_with_checks_is_written_to(tmp_path: Path, columns: str, is_new: bool) -> None:
    made = f"CREATE TABLE t ({columns});"
    setup = "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);"
    forward, back = (made, "DROP TABLE t") if is_new else (ADD, DROP)
    seen = trip(tmp_path, setup if is_new else setup + made, forward, back, "t")
    assert seen.written.untried == ()
    assert seen.findings == set()


def test_a_strict_table_of_bytes_is_written_to(tmp_path: Path) -> None:
    made = "CREATE TABLE t (id BLOB PRIMARY KEY, r REAL NOT NULL, v ANY NOT NULL) STRICT, WITHOUT ROWID;"
    seen = trip(tmp_path, "CREATE TABLE p (id INTEGER PRIMARY KEY)", made, "DROP TABLE t", "t")
    assert (seen.written.untried, seen.findings) == ((), set())


def test_what_nothing_is_found_for_is_told_with_the_check(tmp_path: Path) -> None:
    made = "CREATE TABLE t (a TEXT NOT NULL CHECK (a = hex(7 * 41 || 'secret')));"
    seen = trip(tmp_path, "CREATE TABLE p (id INTEGER PRIMARY KEY)", made, "DROP TABLE t", "t")
    (one,) = seen.written.untried
    assert "CHECK constraint failed: a = hex" in str(one)


@pytest.mark.parametrize(
    ("check", "rows"),
    [("code GLOB '[A-Z][A-Z][A-Z]'", "('EUR'), ('USD')"), ("code IN ('a', 'b', 'c')", "('a')")],
)
def test_a_fresh_key_is_of_the_kind_of_those_that_are_there(tmp_path: Path, check: str, rows: str) -> None:
    setup = f"CREATE TABLE t (code TEXT PRIMARY KEY NOT NULL CHECK ({check})); INSERT INTO t VALUES {rows};"
    seen = trip(tmp_path, setup, ADD, DROP, "t")
    assert WriteKind.INSERTED in {write.kind for write in seen.written.writes}
    assert seen.findings == set()


SOME = "(7, 'a'), (8, 'b'), (10, 'c')"


@pytest.mark.parametrize(
    ("made", "read", "rows"),
    [
        ("'u-' || id", "substr(id, 3)", SOME),
        ("'u-' || id", "substr(id, 3)", ""),
        ("format('no. %03d of 9', id)", "substr(id, 5, 3)", SOME),
        ("CAST(id AS TEXT)", "id", SOME),
        ("CAST(id AS TEXT)", "id", ""),
    ],
)
def test_a_key_that_becomes_a_text_with_a_number_goes_on_counting(
    tmp_path: Path, made: str, read: str, rows: str
) -> None:
    setup = "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT);" + (
        f"INSERT INTO p VALUES {rows};" if rows else ""
    )
    there = rebuilt("id TEXT PRIMARY KEY NOT NULL, a TEXT", f"{made}, a")
    back = rebuilt("id INTEGER PRIMARY KEY, a TEXT", f"CAST({read} AS INTEGER), a")
    assert trip(tmp_path, setup, there, back, "p", spared=frozenset({"p.id.widened"})).findings == set()


def test_a_key_that_only_the_new_schema_takes_is_told_by_its_name_alone(tmp_path: Path) -> None:
    setup = (
        "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1), (2);"
        "CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id));"
        "INSERT INTO c VALUES (1, 1);"
    )
    there, back = (
        rebuilt(f"id {kind} PRIMARY KEY NOT NULL", key)
        + rebuilt(f"id INTEGER PRIMARY KEY, p_id {kind} REFERENCES p (id)", f"id, {reference}", "c")
        for kind, key, reference in (
            ("TEXT", "'u-' || id", "'u-' || p_id"),
            ("INTEGER", "CAST(substr(id, 3) AS INTEGER)", "CAST(substr(p_id, 3) AS INTEGER)"),
        )
    )
    assert trip(tmp_path, setup, there, back, "p c").findings == {"p.id.widened"}


def test_a_value_under_a_key_that_takes_null_is_set_aside(tmp_path: Path) -> None:
    setup = "CREATE TABLE t (a, b, PRIMARY KEY (a, b)); INSERT INTO t VALUES (1, 1), (NULL, 2), (NULL, 2);"
    seen = trip(tmp_path, setup, ADD, DROP, "t")
    assert seen.findings == set()
    assert any("set aside" in note and "t.z" in note for note in seen.verdict.notes)


def test_the_reason_is_that_of_the_first_write(tmp_path: Path) -> None:
    setup = """
    CREATE TABLE log (id INTEGER PRIMARY KEY, prev TEXT NOT NULL);
    INSERT INTO log VALUES (1, 'x');
    CREATE TRIGGER u BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'append only'); END;
    CREATE TRIGGER i BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'chain broken'); END;
    """
    seen = trip(tmp_path, setup, "ALTER TABLE log ADD COLUMN z", "ALTER TABLE log DROP COLUMN z", "log")
    (one,) = seen.written.untried
    assert "append only" in str(one)

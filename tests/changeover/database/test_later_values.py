"""A value that no row has yet, and that a change there and back would alter, is told."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.changeover.database.household import script

from changeover.database.rehearse.later_values import RoundTrip, lost_later

SCHEMA = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, code TEXT, cents INTEGER, free);
INSERT INTO people VALUES (7, 'Ada Lovelace', '12', 5, 'x'), (8, 'Alan Turing', '3', 6, 1);
"""
REBUILD = "DROP TABLE people; ALTER TABLE new RENAME TO people;"
SPLIT = f"""
CREATE TABLE new (id INTEGER PRIMARY KEY, first TEXT, last TEXT, code TEXT, cents INTEGER, free);
INSERT INTO new (id, first, last, code, cents, free)
  SELECT id, substr(name, 1, instr(name, ' ') - 1), trim(substr(name, instr(name, ' '))), code, cents, free
  FROM people;
{REBUILD}"""
JOIN = f"""
CREATE TABLE new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, code TEXT, cents INTEGER, free);
INSERT INTO new (id, name, code, cents, free) SELECT id, first || ' ' || last, code, cents, free FROM people;
{REBUILD}"""
RETYPED = f"""
CREATE TABLE new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, {{}}, cents INTEGER, free);
INSERT INTO new (id, name, code, cents, free) SELECT id, name, CAST(code AS {{}}), cents, free FROM people;
{REBUILD}"""
CAST = RETYPED.format("code INTEGER", "INTEGER")
CAST_BACK = RETYPED.format("code TEXT", "TEXT")


@pytest.fixture
def people() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(SCHEMA)
        yield connection


def told(connection: sqlite3.Connection, forward: str, back: str) -> dict[str, str]:
    trip = RoundTrip(script(forward), script(back), {})
    return {one.name: one.sentence for one in lost_later(connection, ["people"], trip)}


def test_a_number_that_was_a_text_is_told_with_the_value(people: sqlite3.Connection) -> None:
    found = told(people, CAST, CAST_BACK)
    assert list(found) == ["people.code.later"]
    assert "'00123' would come back as '123'" in found["people.code.later"]


def test_a_name_that_is_split_at_a_blank_is_told(people: sqlite3.Connection) -> None:
    found = told(people, SPLIT, JOIN)
    assert list(found) == ["people.name.later"]
    assert "'a  b' would come back as 'a b'" in found["people.name.later"]


@pytest.mark.parametrize(
    ("forward", "back"),
    [
        ("UPDATE people SET cents = cents * 2", "UPDATE people SET cents = cents / 2"),
        ("ALTER TABLE people ADD COLUMN memo TEXT", "ALTER TABLE people DROP COLUMN memo"),
        ("UPDATE people SET code = 'c' || code", "UPDATE people SET code = substr(code, 2)"),
        ("ALTER TABLE people RENAME COLUMN code TO kind", "ALTER TABLE people RENAME COLUMN kind TO code"),
        (
            "CREATE TABLE kept AS SELECT id, code FROM people;UPDATE people SET code = CAST(code AS INTEGER)",
            "UPDATE people SET code = (SELECT k.code FROM kept k WHERE k.id = people.id); DROP TABLE kept",
        ),
    ],
)
def test_a_way_back_that_is_total_is_quiet(people: sqlite3.Connection, forward: str, back: str) -> None:
    assert told(people, forward, back) == {}


def test_what_fails_on_such_a_value_loses_nothing(people: sqlite3.Connection) -> None:
    strict = CAST.replace("free);", "free, CHECK (code <> 1));").replace("CAST(code AS INTEGER)", "code")
    strict = strict.replace("CHECK (code <> 1)", "CHECK (typeof(code) = 'integer' AND code < 100)")
    assert "'00123'" not in str(told(people, strict, CAST_BACK))


def test_nothing_is_said_where_the_living_row_does_not_come_back_either(people: sqlite3.Connection) -> None:
    assert told(people, "UPDATE people SET code = upper(code)", "UPDATE people SET code = NULL") == {}

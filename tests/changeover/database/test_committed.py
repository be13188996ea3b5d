"""What is read while writers wait is little; what must be left alone is compared with the committed state."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.household import ask, change, context, make, script, tell

from changeover.database.change import (
    blast,
    committed_snapshot,
    contents,
    expected,
    forecast,
    row_count_cache,
    rows,
    rule,
)
from changeover.database.change.apply import ProgressHooks, migrate
from changeover.database.change.invariants import Depth
from changeover.database.connect import connect, opened
from changeover.database.schema import catalogue
from changeover.errors import InvariantBroken
from hrana.wire import WireStatement

MADE = (
    "CREATE TABLE loose (v); INSERT INTO loose VALUES (1)",
    "CREATE TABLE names (k TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, v) WITHOUT ROWID;"
    "INSERT INTO names VALUES ('a', 1), ('b', 2)",
    "CREATE TABLE odd (rowid TEXT, oid, _rowid_, v); INSERT INTO odd VALUES ('x', 0, 0, 1), ('x', 0, 0, 2)",
)
"""Tables without types, by a key of letters of either case, and without anything that names a row."""


@pytest.mark.parametrize(
    ("sql", "left_alone"),
    [
        ("UPDATE readings SET solar_w = solar_w", True),
        ("UPDATE readings SET solar_w = solar_w + 1 WHERE id = 600", False),
        ("UPDATE readings SET battery_soc = battery_soc + 1e-12 WHERE id = 1", False),
        ("UPDATE readings SET id = 9001 WHERE id = 7", False),
        ("DELETE FROM readings WHERE id = 7; INSERT INTO readings VALUES (9001, 3, 1, 2, 3.5)", False),
        ("UPDATE polling_status SET last_response = '' WHERE id = 1", False),
        ("UPDATE loose SET v = 1.0", False),
        ("UPDATE names SET v = v", True),
        ("UPDATE names SET v = 1.0 WHERE k = 'A'", False),
        ("UPDATE names SET k = 'A' WHERE k = 'a'", False),
        ("UPDATE odd SET v = 3 - v", True),
        ("UPDATE odd SET v = 1", False),
    ],
)
@pytest.mark.parametrize("beside", [True, False])
def test_an_open_transaction_is_compared_with_the_state_before_it(
    database: Path, sql: str, *, left_alone: bool, beside: bool
) -> None:
    for made in MADE:
        tell(database, made)
    with closing(connect(database)) as connection:
        found = catalogue.read(connection)
        asked = contents.Asked(found, found, {}, (), ())
        counts = rows.counts_of(connection, found, found.tables)
        compared = contents.compared(asked, found.tables.values(), lambda *_: True, str, beside=beside)
        making = [one for table in compared.values() for one in table.making(temporary=True)]
        connection.execute("BEGIN IMMEDIATE")
        do(connection, [] if beside else making)
        for statement in sql.split(";"):
            connection.execute(statement)
        if beside:
            committed_snapshot.attach(connection)
        now = rows.counts_of(connection, found, found.tables)
        do(connection, [expected.making(temporary=True), *expected.known(counts, now)])
        faults = rule.faults(connection, contents.demanded(asked, counts, compared))
        connection.execute("COMMIT")
        committed_snapshot.detach(connection)
    assert (not faults) is left_alone


def do(connection: sqlite3.Connection, statements: Iterable[WireStatement]) -> None:
    for one in statements:
        connection.execute(one.sql, one.params)


def test_a_change_that_the_guard_did_not_see_is_found_in_rehearsal(database: Path) -> None:
    with opened(database) as connection:

        def meddle(moment: str) -> None:
            if moment == "after statement 1":
                connection.execute("UPDATE readings SET solar_w = -1 WHERE id = 77")

        with pytest.raises(InvariantBroken, match=r"readings: .* contents differ \(out of scope\)"):
            migrate(connection, change(), context(), depth=Depth.THOROUGH, hooks=ProgressHooks(hook=meddle))
        assert committed_snapshot.NAME not in {row[1] for row in connection.execute("PRAGMA database_list")}
    assert ask(database, "SELECT count(*) FROM readings WHERE solar_w = -1") == [(0,)]


def test_a_big_table_is_brought_into_memory_before_writers_wait(database: Path) -> None:
    said: list[str] = []
    with opened(database) as connection:
        connection.set_trace_callback(said.append)
        migrate(connection, change(rows="readings=0"), context(), depth=Depth.SWIFT)
        connection.set_trace_callback(None)
    count = 'SELECT count(*) FROM "readings"'
    assert said.index(count) < said.index("BEGIN IMMEDIATE")
    assert said.count(count) == 2


def test_rows_counted_beforehand_are_believed_until_somebody_commits(database: Path) -> None:
    with opened(database) as connection:
        counted = row_count_cache.count(connection, ["readings", "systems"])
        connection.execute("BEGIN IMMEDIATE")
        assert counted.still_true(connection) == {"readings": 600, "systems": 3}
        connection.execute("ROLLBACK")
        tell(database, "DELETE FROM readings WHERE id = 7")
        connection.execute("BEGIN IMMEDIATE")
        assert counted.still_true(connection) == {}
        connection.execute("ROLLBACK")


def test_a_row_that_comes_between_the_count_and_the_lock_is_counted(database: Path) -> None:
    def write(moment: str) -> None:
        if moment == "before begin":
            tell(database, "INSERT INTO readings_agg_1d (system_id, day) VALUES ('9', '2025-09-01')")

    with opened(database) as connection:
        wanted = change(rows="readings_agg_1d=* systems=*")
        done = migrate(connection, wanted, context(), depth=Depth.SWIFT, hooks=ProgressHooks(hook=write))
    assert done.counts["readings_agg_1d"] == (85, 85)


def test_a_script_that_picks_its_rows_is_not_refused_for_the_size_of_the_table(tmp_path: Path) -> None:
    path = make(tmp_path / "big.db", minutes=20_000)
    text = "UPDATE readings SET solar_w = 0 WHERE system_id = 9;" * 20
    with opened(path) as connection:
        done = migrate(
            connection, change(text, scope=("readings",), budget_s=2.0), context(), depth=Depth.SWIFT
        )
    assert done.forecast.seconds > 2.0
    assert done.measured.frozen_s < 2.0


@pytest.mark.parametrize(
    ("text", "picks"),
    [
        ("DELETE FROM readings WHERE id < 5", True),
        ("INSERT INTO polling_status (system_id) SELECT id FROM readings WHERE id < 5", True),
        ("UPDATE readings SET solar_w = (SELECT max(id) FROM systems WHERE id < 5)", False),
        ("DELETE FROM readings", False),
        ("CREATE INDEX few ON readings (solar_w) WHERE solar_w > 0", False),
        ("CREATE TABLE copy AS SELECT * FROM readings", False),
    ],
)
def test_only_a_where_of_its_own_makes_a_forecast_a_bound(database: Path, text: str, *, picks: bool) -> None:
    with opened(database) as connection:
        found = forecast.forecast(script(text), lambda table: blast.rows_of(connection, table))
    assert (found.certain_s == 0) is picks
    assert found.seconds > 0

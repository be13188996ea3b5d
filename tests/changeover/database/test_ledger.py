"""The ledger as a set, and the tables that a change keeps for its rollback."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from tests.changeover.database.household import ask, change, context, tell

from changeover.database import kept, ledger
from changeover.database.connect import opened
from changeover.database.invariants import Depth
from changeover.database.ledger import Direction, Entry
from changeover.database.migrate import migrate
from changeover.errors import Unsuitable

FIRST = Entry("run-1", "one", Direction.FORWARD, "plan", "a", "s0", "s1", 1, "tests", details={"rows": 3})
KEEP = """
CREATE TABLE systems_new (id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL);
INSERT INTO systems_new SELECT id, system_number FROM systems;
ALTER TABLE systems RENAME TO changeover_old_systems;
ALTER TABLE systems_new RENAME TO systems;
"""


def test_entries_come_back_as_they_were_written(connection: sqlite3.Connection) -> None:
    assert ledger.entries(connection) == ()
    ledger.add(connection, FIRST)
    assert ledger.entries(connection) == (FIRST,)


def test_what_is_applied_is_a_set_and_a_rollback_takes_out_of_it(connection: sqlite3.Connection) -> None:
    for entry in (
        FIRST,
        replace(FIRST, content_sha256="b"),
        replace(FIRST, direction=Direction.ROLLBACK),
        replace(FIRST, content_sha256="z"),
    ):
        ledger.add(connection, entry)
    standing = ledger.standing(ledger.entries(connection), ["b", "a", "c"])
    assert standing.applied == {"b"}
    assert standing.pending == {"a", "c"}
    assert standing.unknown == {"z"}
    ledger.add(connection, FIRST)
    assert ledger.applied(ledger.entries(connection)) == {"a", "b", "z"}


def test_an_entry_is_gone_with_the_transaction_that_wrote_it(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    ledger.add(connection, FIRST)
    connection.execute("ROLLBACK")
    assert not ledger.was_done(connection, "run-1", "one", Direction.FORWARD)


def test_a_change_may_keep_the_old_table_and_finish_drops_it_in_chunks(database: Path) -> None:
    with opened(database) as connection:
        migrate(connection, change(KEEP, scope=("systems",), rows="systems=*"), context(), depth=Depth.SWIFT)
        assert kept.tables(connection) == {"changeover_old_systems": 3}
        seen: list[tuple[int, int]] = []
        kept.drop(
            connection, "changeover_old_systems", chunk_rows=2, progress=lambda *done: seen.append(done)
        )
        assert seen == [(2, 3), (3, 3)]
        assert kept.tables(connection) == {}
    assert ask(database, "SELECT count(*) FROM readings") == [(600,)]
    assert ask(database, "PRAGMA foreign_key_check") == []


def test_finish_drops_nothing_else(database: Path) -> None:
    tell(database, "CREATE TABLE changeover_ledger (x)")
    with opened(database) as connection:
        for name in ("systems", "changeover_ledger", "nowhere"):
            with pytest.raises(Unsuitable, match="not a table that changeover keeps"):
                kept.drop(connection, name)

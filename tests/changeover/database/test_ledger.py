"""The ledger as a set, and the tables that a change keeps for its rollback."""

import sqlite3
from dataclasses import replace

from changeover.database import ledger
from changeover.database.ledger import Direction, LedgerEntry

FIRST = LedgerEntry(
    "run-1", "one", Direction.FORWARD, "plan", "a", "s0", "s1", 1, "tests", details={"rows": 3}
)
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

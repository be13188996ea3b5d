"""`finish` drops a big table on a file and on a server alike: in chunks, gone on with after a kill."""

import sqlite3

import pytest

from changeover.database import lease as leases
from changeover.database.change import emptying
from changeover.database.change.emptying import ChunkPace
from changeover.database.lock import Holder
from changeover.database.schema import catalogue
from changeover.database.server.remote import Remote
from changeover.errors import LeaseLost

AT_ONCE = ChunkPace(pause_s=0.0)
READINGS = 600


def table_of(either: sqlite3.Connection | Remote) -> catalogue.Table:
    found = catalogue.read(either).table("readings")
    assert found is not None
    return found


def left(either: sqlite3.Connection | Remote) -> int:
    return int(either.execute("SELECT count(*) FROM readings").fetchone()[0])


def test_a_table_is_emptied_in_chunks_under_the_lease(either: sqlite3.Connection | Remote) -> None:
    lease = leases.acquire(either, Holder("one", 1, "here", 0))
    found = emptying.empty(either, table_of(either), lease=lease, pace=AT_ONCE)
    assert (found.rows, left(either)) == (READINGS, 0)
    assert found.chunks > 1


def test_a_runner_that_lost_its_lease_deletes_nothing_more(either: sqlite3.Connection | Remote) -> None:
    lease = leases.acquire(either, Holder("one", 1, "here", 0))

    def taken(moment: str) -> None:
        if moment == "after chunk":
            either.execute(f"UPDATE {leases.TABLE} SET token = token + 1")

    with pytest.raises(LeaseLost):
        emptying.empty(either, table_of(either), lease=lease, pace=AT_ONCE, hook=taken)
    assert left(either) == READINGS - emptying.ROWS_FIRST

"""What a tool keeps beside an application's tables comes and goes, and is nobody's change of the schema."""

import sqlite3
from contextlib import closing

import pytest
from tests.changeover.run import club, killing
from tests.changeover.run.club import Club

from changeover.engine.entries import Ending
from changeover.errors import NotRehearsed, Refused

MOMENTS = ("before journal begun", "after journal done members", "after journal done undo-members")


def make(one: Club, table: str) -> None:
    with closing(sqlite3.connect(one.database)) as connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (a)")
        connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_a ON {table} (a)")
        connection.commit()


@pytest.mark.parametrize("moment", MOMENTS)
def test_it_may_appear_at_any_moment_of_a_run_and_of_its_rollback(rehearsed: Club, moment: str) -> None:
    one = rehearsed

    def hook(now: str) -> None:
        if now == moment:
            make(one, "_litestream_seq")

    if moment == MOMENTS[0]:
        make(one, "_liveone_pollers")
    assert club.start(one, hook=hook).ending is Ending.DONE
    assert club.again(one, "rollback", hook=hook).ending is Ending.ROLLED_BACK
    with closing(sqlite3.connect(one.database)) as connection:
        connection.executescript(
            "DROP TABLE IF EXISTS _litestream_seq; DROP TABLE IF EXISTS _liveone_pollers"
        )
    killing.require_equal(one.original, one.database)


def test_any_other_table_is_a_change_of_the_schema(rehearsed: Club) -> None:
    make(rehearsed, "other")
    with pytest.raises(NotRehearsed, match="table other is not expected"):
        club.start(rehearsed)


def test_after_a_run_too(rehearsed: Club) -> None:
    assert club.start(rehearsed).ending is Ending.DONE
    make(rehearsed, "other")
    with pytest.raises(Refused, match="Somebody else changed the schema"):
        club.again(rehearsed, "rollback")

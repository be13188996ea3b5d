"""LiveOne's writers and a hold on a real server: they step aside at once, and come back by themselves."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.store.test_libsql import INSERT, count, with_table

from changeover.database.server import hold
from liveone.store.database import Held, Statement, StoreError
from liveone.store.libsql.driver import LibsqlDatabase


@pytest.fixture
def database(server_url: str) -> Iterator[LibsqlDatabase]:
    with closing(LibsqlDatabase(with_table(server_url))) as found:
        yield found


def hold_for(database: LibsqlDatabase, seconds: int) -> None:
    ((now_at,),) = database.read([Statement("SELECT unixepoch()")])[0]
    assert isinstance(now_at, int)
    sql = f"CREATE TABLE {hold.TABLE} (until_at INTEGER NOT NULL DEFAULT {now_at + seconds})"
    database.write([Statement(f"DROP TABLE IF EXISTS {hold.TABLE}"), Statement(sql)])


def test_a_write_during_a_hold_is_refused_at_once_and_nothing_of_it_is_applied(
    database: LibsqlDatabase,
) -> None:
    hold_for(database, 30)
    started_s = time.monotonic()
    with pytest.raises(Held, match="a change of the schema is at work") as caught:
        database.write([INSERT, INSERT])
    assert time.monotonic() - started_s < 5
    assert caught.value.retryable
    assert count(database) == 0


def test_reads_go_on_during_a_hold(database: LibsqlDatabase) -> None:
    database.write([INSERT])
    hold_for(database, 30)
    assert count(database) == 1


@pytest.mark.parametrize("seconds", [1, hold.LONGEST_S + 100])
def test_a_hold_that_is_over_or_longer_than_any_may_be_holds_nobody(
    database: LibsqlDatabase, seconds: int
) -> None:
    hold_for(database, seconds)
    if seconds == 1:
        time.sleep(1.1)
    database.write([INSERT])
    assert count(database) == 1


def test_an_error_still_names_its_statement(database: LibsqlDatabase) -> None:
    for place, steps in enumerate(
        (
            [Statement("INSERT INTO nowhere VALUES (1)"), INSERT],
            [INSERT, Statement("INSERT INTO nowhere VALUES (1)")],
        )
    ):
        with pytest.raises(StoreError) as caught:
            database.write(steps)
        assert caught.value.step == place

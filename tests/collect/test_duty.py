"""Closing days belongs to one at a time, and who takes it over closes all that is open."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.collect.support import START_AT, ManualClock, add, new_store, recorded
from tests.store.sqld import Sqld

from liveone.collect.days import closer
from liveone.collect.days.daily_job import DAYS, DAYS_S, FULL_CLOSE_EVERY_S, DailyJobRunner
from liveone.collect.days.rounds import Rounds
from liveone.collect.leases.lease_client import LeaseClient
from liveone.collect.leases.lease_times import times_for
from liveone.collect.leases.polling_share import PollingShare
from liveone.collect.settings import CollectSettings
from liveone.collect.workers import Workers
from liveone.store import aggregates, leases, readings
from liveone.store.database import Statement
from liveone.store.store import Store

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
DAY_S = 86_400
OLD_AT = START_AT - 30 * DAY_S


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = new_store(tmp_path / "data.db", 3)
    leases.make_tables(store)
    yield store
    store.close()


@asynccontextmanager
async def run_daily_job(store: Store, clock: ManualClock) -> AsyncIterator[DailyJobRunner]:
    lease_client, chores = LeaseClient(PollingShare(store, clock, times_for(60))), Workers(2)
    yield DailyJobRunner(store, clock, lease_client, chores)
    await lease_client.leave()
    chores.close()


def a_day(store: Store, at: float) -> None:
    """Some readings of every system."""
    readings.record(store, [recorded(key, at + 60 * minute) for key in (1, 2, 3) for minute in range(9)])


def closed(store: Store) -> list[int]:
    """How many days of each system are closed."""
    return [len(aggregates.days(store, key, "2025-01-01", "2025-12-31")) for key in (1, 2, 3)]


def age_job(store: Store, seconds_s: float) -> None:
    """Let time pass for who does the job."""
    store.database.write([Statement(f"UPDATE _liveone_jobs SET until_at = until_at - {seconds_s}")])


async def test_who_was_refused_has_looked_at_nothing_and_takes_over_with_all_that_is_open(
    store: Store,
) -> None:
    a_day(store, OLD_AT)
    assert leases.begin_job(store, DAYS, "another", DAYS_S)
    async with run_daily_job(store, ManualClock()) as duty:
        await duty.close_due()
        assert (closed(store), duty.closed_at) == ([0, 0, 0], None)
        age_job(store, DAYS_S)
        await duty.close_due()
        assert closed(store) == [1, 1, 1], "it lies a month back, and nobody waits an hour for it"
        assert duty.closed_at is not None


async def test_old_days_are_looked_for_once_an_hour_in_every_system_of_a_fleet(store: Store) -> None:
    clock = ManualClock()
    async with run_daily_job(store, clock) as duty:
        duty._rounds = Rounds(2)
        for _ in range(2):
            await duty.close_due()
        a_day(store, OLD_AT)
        for _ in range(3):
            await duty.close_due()
        assert closed(store) == [0, 0, 0]
        clock.elapsed_s += FULL_CLOSE_EVERY_S
        for _ in range(3):
            await duty.close_due()
        assert closed(store) == [1, 1, 1], "after what was left of the round, a whole one"


async def test_of_two_calls_in_one_process_the_second_waits_for_the_first(store: Store) -> None:
    order: list[str] = []

    async with run_daily_job(store, ManualClock()) as duty:
        began, gate = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def first(goes_on: Callable[[], bool]) -> list[str]:
            loop.call_soon_threadsafe(began.set)
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(20)
            order.append("first")
            return ["first"]

        def second(goes_on: Callable[[], bool]) -> list[str]:
            order.append("second")
            assert goes_on()
            return ["second"]

        tasks = [asyncio.create_task(duty.do(work)) for work in (first, second)]
        await began.wait()
        await asyncio.sleep(0.05)
        assert order == []
        gate.set()
        assert [await task for task in tasks] == [["first"], ["second"]]
    assert order == ["first", "second"]


async def test_who_loses_the_job_hears_of_it_before_it_goes_on(store: Store) -> None:
    def work(goes_on: Callable[[], bool]) -> list[bool]:
        before = goes_on()
        store.database.write([Statement("UPDATE _liveone_jobs SET holder = 'another'")])
        return [before, goes_on()]

    async with run_daily_job(store, ManualClock()) as duty:
        assert await duty.do(work) == [True, False]
        assert await duty.do(work) is None


async def test_who_is_killed_in_the_middle_is_followed_by_another_who_closes_the_rest_once(
    remote_store: Store, server: Sqld
) -> None:
    for site in ("100", "101", "102"):
        add(remote_store, site)
    days = [START_AT - DAY_S * back for back in range(1, 81)]
    readings.record(remote_store, [recorded(key, at) for at in days for key in (1, 2, 3)])
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.collect.closing_child", server.url], stdout=subprocess.PIPE, cwd=ROOT
    )
    with child:
        assert child.stdout
        for _ in range(4):
            assert child.stdout.readline()
        child.kill()
    before = closed(remote_store)
    assert 0 < sum(before) < 3 * len(days), "it was in the middle"
    async with run_daily_job(remote_store, ManualClock()) as duty:
        await duty.close_due()
        assert closed(remote_store) == before, "it may live still"
        age_job(remote_store, DAYS_S - 5)
        await duty.close_due()
        assert closed(remote_store) == before
        age_job(remote_store, 6)
        await duty.close_due()
    assert closed(remote_store) == [len(days)] * 3
    for key in (1, 2, 3):
        found = aggregates.days(remote_store, key, "2025-01-01", "2025-12-31")
        closer.regenerate(remote_store, key, START_AT)
        assert aggregates.days(remote_store, key, "2025-01-01", "2025-12-31") == found, "as if never killed"


def test_the_documented_time_is_that_of_the_settings() -> None:
    takeover_s = DAYS_S + CollectSettings().chores_every_s
    assert takeover_s == 150
    assert f"within {takeover_s:.0f} s" in (ROOT / "docs/operations/libsql.md").read_text(encoding="utf-8")

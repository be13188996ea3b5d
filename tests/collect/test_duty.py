"""Closing days belongs to one at a time, and who takes it over closes all that is open."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.collect.support import START_AT, ManualClock, new_store, recorded

from liveone.collect.duty import DAYS, DAYS_S, FULL_CLOSE_EVERY_S, Duty
from liveone.collect.permits import Permits
from liveone.collect.rounds import Rounds
from liveone.collect.share import Share, times_for
from liveone.collect.workers import Workers
from liveone.store import aggregates, leases, readings
from liveone.store.database import Statement
from liveone.store.store import Store

pytestmark = pytest.mark.anyio

DAY_S = 86_400
OLD_AT = START_AT - 30 * DAY_S


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = new_store(tmp_path / "data.db", 3)
    leases.make_tables(store)
    yield store
    store.close()


@asynccontextmanager
async def on_duty(store: Store, clock: ManualClock) -> AsyncIterator[Duty]:
    permits, chores = Permits(Share(store, clock, times_for(60))), Workers(2)
    yield Duty(store, clock, permits, chores)
    await permits.leave()
    chores.close()


def a_day(store: Store, at: float) -> None:
    """Some readings of every system."""
    readings.record(store, [recorded(key, at + 60 * minute) for key in (1, 2, 3) for minute in range(9)])


def closed(store: Store) -> list[int]:
    """How many days of each system are closed."""
    return [len(aggregates.days(store, key, "2025-01-01", "2025-12-31")) for key in (1, 2, 3)]


async def test_who_was_refused_has_looked_at_nothing_and_takes_over_with_all_that_is_open(
    store: Store,
) -> None:
    a_day(store, OLD_AT)
    assert leases.begin_job(store, DAYS, "another", DAYS_S)
    async with on_duty(store, ManualClock()) as duty:
        await duty.close_due()
        assert (closed(store), duty.closed_at) == ([0, 0, 0], None)
        store.database.write([Statement(f"UPDATE _liveone_jobs SET until_at = until_at - {DAYS_S}")])
        await duty.close_due()
        assert closed(store) == [1, 1, 1], "it lies a month back, and nobody waits an hour for it"
        assert duty.closed_at is not None


async def test_old_days_are_looked_for_once_an_hour_in_every_system_of_a_fleet(store: Store) -> None:
    clock = ManualClock()
    async with on_duty(store, clock) as duty:
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

    async with on_duty(store, ManualClock()) as duty:
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

    async with on_duty(store, ManualClock()) as duty:
        assert await duty.do(work) == [True, False]
        assert await duty.do(work) is None

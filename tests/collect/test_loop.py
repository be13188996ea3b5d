"""The collector: every system on its second, whatever the others, the clock and the database do."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from tests.collect.support import (
    START_AT,
    Inverter,
    ManualClock,
    add,
    always,
    collecting,
    new_store,
    pass_minutes,
    reading_at,
    times_in,
    until,
)

from liveone.clock import SystemClock
from liveone.collect.collector import Collector
from liveone.collect.polling import grid
from liveone.collect.polling.recorder import RecordResult
from liveone.collect.queue.spool import Spool
from liveone.collect.settings import CollectSettings
from liveone.domain.reading import Reading
from liveone.domain.system import System
from liveone.errors import ConfigError
from liveone.store import aggregates, polling, systems
from liveone.store.store import Store
from liveone.vendors.base import CredentialsRefused, TemporaryFailure, Vendor

pytestmark = pytest.mark.anyio

HOLD_LOCK = (
    "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); time.sleep(float(sys.argv[2]))\n"
    "c.execute('ROLLBACK')"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = new_store(tmp_path / "data.db", 3, busy_timeout_s=0.2)
    yield store
    store.close()


async def test_every_system_is_polled_once_a_minute_at_its_own_second(store: Store, tmp_path: Path) -> None:
    clock, vendor = ManualClock(), Inverter()
    async with collecting(store, always(vendor), clock, tmp_path) as collector:
        await pass_minutes(clock, collector, 18)
    for site in ("100", "101", "102"):
        asked_at = [at for asked, at in vendor.asked if asked == site]
        assert all(56 <= after - before <= 74 for before, after in pairwise(asked_at))
        seconds = [int(at) % 60 for at in asked_at][-3:]
        own = grid.offset_s("select.live", site, 60)
        assert all(0 <= second - own <= 2 for second in seconds)
    assert (
        collector.status().readings_new
        == len(vendor.asked)
        == sum(len(times_in(store, n)) for n in (1, 2, 3))
    )
    assert not collector.status().problems


async def test_a_vendor_gets_back_what_it_asked_to_remember_even_after_a_restart(
    store: Store, tmp_path: Path
) -> None:
    clock, vendor = ManualClock(), Inverter()
    for _ in range(2):
        async with collecting(store, always(vendor), clock, tmp_path) as collector:
            await pass_minutes(clock, collector, 2)
    first = [
        memory.get("polls", 0)
        for (site, _), memory in zip(vendor.asked, vendor.memories, strict=True)
        if site == "100"
    ]
    assert first == list(range(len(first)))


async def test_a_stuck_system_delays_no_other_and_is_never_polled_twice_at_once(
    store: Store, tmp_path: Path
) -> None:
    gate, at_once, most = threading.Event(), Counter[str](), Counter[str]()

    def answer(site: str, now_at: float) -> Reading:
        at_once[site] += 1
        most[site] = max(most[site], at_once[site])
        if site == "100":
            gate.wait(300)  # As long as the test lasts, on a busy machine too.
        at_once[site] -= 1
        return reading_at(now_at)

    clock, vendor = ManualClock(), Inverter(answer)
    async with collecting(store, always(vendor), clock, tmp_path, slots=1) as collector:
        for _ in range(300):
            await clock.advance(1)
            await until(lambda: at_once["101"] == at_once["102"] == 0)
        await until(lambda: collector.status().in_flight == 1)
        status = collector.status()
        assert status.stuck == 1
        assert status.skipped >= 3
        assert "No answer for" in str(polling.statuses(store)[1].last_error)
        gate.set()
    asked = Counter(site for site, _ in vendor.asked)
    assert asked["100"] == 1
    assert min(asked["101"], asked["102"]) >= 4
    assert set(most.values()) == {1}
    assert len(times_in(store, 1)) == 1, "what the stuck poll brought in the end is kept"


async def test_a_poll_that_misses_its_minute_is_tried_again_within_it(store: Store, tmp_path: Path) -> None:
    def answer(site: str, now_at: float) -> Reading:
        if first_try[site]:
            first_try[site] = False
            raise TemporaryFailure("The portal answered 503.")
        return reading_at(now_at)

    first_try = dict.fromkeys(("100", "101", "102"), True)
    clock, vendor = ManualClock(), Inverter(answer)
    async with collecting(store, always(vendor), clock, tmp_path) as collector:
        await pass_minutes(clock, collector, 1)
        status = collector.status()
    assert (status.failures, status.retries) == (3, 3)
    for number, site in ((1, "100"), (2, "101"), (3, "102")):
        first, second = [at for asked, at in vendor.asked if asked == site][:2]
        assert 20 <= second - first <= 42
        assert times_in(store, number)
        assert polling.statuses(store)[number].consecutive_errors == 0


async def test_one_missed_poll_is_no_alarm_but_three_are_and_the_recovery_is_told(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(site: str, now_at: float) -> Reading:
        raise TemporaryFailure("The portal answered 503.")

    clock, vendor = ManualClock(), Inverter()
    async with collecting(store, always(vendor), clock, tmp_path) as collector:
        await pass_minutes(clock, collector, 1)
        works, vendor.answer = vendor.answer, fail
        await until(lambda: not collector.status().in_flight)
        assert not caplog.records
        await pass_minutes(clock, collector, 3)
        vendor.answer = works
        await pass_minutes(clock, collector, 2)
    told = [record.getMessage() for record in caplog.records]
    assert sum("3 polls in a row have failed" in text for text in told) == 3
    assert sum("answers again" in text for text in told) == 3


async def test_refused_credentials_slow_down_and_stay_visible(store: Store, tmp_path: Path) -> None:
    def refuse(site: str, now_at: float) -> Reading:
        raise CredentialsRefused("Wrong password.", hint="Set it anew.")

    clock, vendor = ManualClock(), Inverter(refuse)
    async with collecting(store, always(vendor), clock, tmp_path) as collector:
        await pass_minutes(clock, collector, 30)
        assert collector.status().slowed_down == 3
        before = len(vendor.asked)
        results = await collector.poll_once()
        assert len(vendor.asked) == before, "nor does a round on command ask again"
    assert len(vendor.asked) <= 3 * 6
    status = polling.statuses(store)[1]
    assert "Wrong password." in str(status.last_error)
    assert status.consecutive_errors == len(vendor.asked) // 3
    assert [str(result.error) for result in results] == ["Wrong password.\n  Set it anew."] * 3


async def test_a_system_without_credentials_is_a_visible_error_and_no_crash(
    store: Store, tmp_path: Path
) -> None:
    def none(system: System) -> Vendor:
        raise ConfigError("No credentials for select.live.", hint="Set SELECTLIVE_PASSWORD.")

    collector = Collector(store, none, SystemClock(), Spool(tmp_path / "spool"), CollectSettings())
    results = await collector.poll_once()
    await collector.stop()
    assert ["No credentials" in str(result.error) for result in results] == [True] * 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_fault_in_a_vendor_ends_its_poll_only(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(site: str, now_at: float) -> Reading:
        if site == "100":
            raise ZeroDivisionError("a bug")
        return reading_at(now_at)

    collector = Collector(
        store, always(Inverter(answer)), SystemClock(), Spool(tmp_path / "spool"), CollectSettings()
    )
    results = await collector.poll_once()
    await collector.stop()
    assert [result.ok for result in results] == [False, True, True]
    assert "ZeroDivisionError" in str(polling.statuses(store)[1].last_error)
    assert "Traceback" in caplog.text


async def test_clock_steps_and_a_suspended_machine_bring_no_burst_and_no_stall(
    store: Store, tmp_path: Path
) -> None:
    clock, vendor = ManualClock(), Inverter()
    moments: list[float] = []
    vendor.answer = lambda site, now_at: moments.append(clock.monotonic_s()) or reading_at(now_at)  # type: ignore[func-returns-value]
    async with collecting(store, always(vendor), clock, tmp_path) as collector:
        await pass_minutes(clock, collector, 2)
        for step_s in (7200, -10_800, 86_400, -60):
            clock.step(step_s)
            before = len(moments)
            await pass_minutes(clock, collector, 2)
            assert 3 <= len(moments) - before <= 9, step_s
        before = len(moments)
        await clock.advance(7200, by_s=7200)
        await pass_minutes(clock, collector, 1)
        assert len(moments) - before <= 6


async def test_a_repeated_sample_is_a_success_and_not_a_new_reading(store: Store, tmp_path: Path) -> None:
    vendor = Inverter(lambda site, now_at: reading_at(START_AT))
    clock = ManualClock()
    collector = Collector(
        store, always(vendor), clock, Spool(tmp_path / "spool"), CollectSettings(pause_s=0.0)
    )
    fates = [[result.record_result for result in await collector.poll_once()] for _ in range(2)]
    await collector.stop()
    assert fates == [[RecordResult.NEW] * 3, [RecordResult.REPEAT] * 3]
    assert times_in(store) == [START_AT]
    assert polling.statuses(store)[1].successful_polls == 2


@pytest.mark.slow
async def test_a_database_locked_for_five_seconds_by_another_process_loses_no_reading(
    store: Store, tmp_path: Path
) -> None:
    ticks = iter(range(10_000))
    vendor = Inverter(lambda site, now_at: reading_at(START_AT + next(ticks)))
    settings = {"tick_s": 0.1, "cadence_s": 1}
    async with collecting(store, always(vendor), SystemClock(), tmp_path, **settings) as collector:
        await until(lambda: collector.status().readings_new >= 3)
        other = subprocess.Popen(
            [sys.executable, "-c", HOLD_LOCK, tmp_path / "data.db", "5"], stdout=subprocess.PIPE
        )
        assert other.stdout
        other.stdout.readline()
        await until(lambda: collector.status().spool_waiting >= 9)
        assert any("readings wait in" in problem for problem in collector.status().problems)
        other.wait()
        other.stdout.close()
        await until(lambda: collector.status().spool_waiting == 0)
        await asyncio.sleep(0.5)
    kept = [times_in(store, number) for number in (1, 2, 3)]
    assert sorted(at for times in kept for at in times) == [
        START_AT + number for number in range(len(vendor.asked))
    ]
    assert all(times == sorted(times) for times in kept), "each system's readings are written in order"
    assert collector.status().readings_drained >= 9


async def test_polls_go_on_with_the_known_systems_while_the_database_is_away(
    store: Store, tmp_path: Path
) -> None:
    clock, vendor = ManualClock(), Inverter()
    path, hidden = tmp_path / "data.db", tmp_path / "hidden.db"
    async with collecting(store, always(vendor), clock, tmp_path) as collector:
        await pass_minutes(clock, collector, 1)
        with sqlite3.connect(path) as connection:
            connection.execute("ALTER TABLE readings RENAME TO readings_moving")
            connection.execute("ALTER TABLE systems RENAME TO systems_moving")
        connection.close()
        before = len(vendor.asked)
        await pass_minutes(clock, collector, 3)
        assert len(vendor.asked) - before >= 6
        assert collector.status().spool_waiting >= 6
        with sqlite3.connect(path) as connection:
            connection.execute("ALTER TABLE readings_moving RENAME TO readings")
            connection.execute("ALTER TABLE systems_moving RENAME TO systems")
        connection.close()
        await pass_minutes(clock, collector, 1)
        await until(lambda: collector.status().spool_waiting == 0)
    assert not hidden.exists()
    assert sum(len(times_in(store, number)) for number in (1, 2, 3)) == len(vendor.asked)


async def test_a_new_system_is_found_and_a_switched_off_one_is_left_alone(
    store: Store, tmp_path: Path
) -> None:
    clock, vendor = ManualClock(), Inverter()
    async with collecting(store, always(vendor), clock, tmp_path) as collector:
        await pass_minutes(clock, collector, 1)
        add(store, "200")
        systems.set_active(store, 1, False)
        await pass_minutes(clock, collector, 1)
        await until(lambda: collector.status().systems == 3)
        vendor.asked.clear()
        await pass_minutes(clock, collector, 2)
    assert {site for site, _ in vendor.asked} == {"101", "102", "200"}


async def test_days_are_closed_after_midnight_and_again_when_late_data_came(
    store: Store, tmp_path: Path
) -> None:
    midnight_at = 1_755_612_000
    clock, vendor = ManualClock(midnight_at - 180), Inverter()
    async with collecting(store, always(vendor), clock, tmp_path, pause_s=0.0) as collector:
        await pass_minutes(clock, collector, 4)
        assert not aggregates.days(store, 1, "2025-08-01", "2025-08-31"), "the grace has not passed"
        await pass_minutes(clock, collector, 2)
        assert aggregates.days(store, 1, "2025-08-01", "2025-08-31")
        await pass_minutes(clock, collector, 18)
        (day,) = aggregates.days(store, 1, "2025-08-01", "2025-08-31")
        assert (day.day, day.version) == ("2025-08-19", 1)
        late = reading_at(midnight_at - 3600)
        vendor.answer = lambda site, now_at: late
        await collector.poll_once()
        assert aggregates.days(store, 1, "2025-08-01", "2025-08-31")[0].version == 0
        vendor.answer = lambda site, now_at: reading_at(now_at)
        await pass_minutes(clock, collector, 2)
        (again,) = aggregates.days(store, 1, "2025-08-01", "2025-08-31")
    assert (again.version, again.sample_count) == (1, day.sample_count + 1)


async def test_stopping_is_bounded_and_keeps_what_was_accepted(store: Store, tmp_path: Path) -> None:
    gate = threading.Event()

    def answer(site: str, now_at: float) -> Reading:
        if site == "100":
            gate.wait(30)
        return reading_at(now_at)

    began_s = time.monotonic()
    async with collecting(
        store, always(Inverter(answer)), SystemClock(), tmp_path, stop_within_s=0.3
    ) as collector:
        await until(lambda: collector.status().readings_new == 2)
    assert time.monotonic() - began_s < 5
    gate.set()
    assert len(times_in(store, 2)) == len(times_in(store, 3)) == 1


async def test_cancelling_the_task_stops_as_gracefully(store: Store, tmp_path: Path) -> None:
    collector = Collector(
        store, always(Inverter()), SystemClock(), Spool(tmp_path / "spool"), CollectSettings()
    )
    running = asyncio.create_task(collector.run())
    await until(lambda: collector.status().readings_new == 3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    Spool(tmp_path / "spool").close()


async def test_poll_once_joins_a_poll_under_way_and_returns_in_time(store: Store, tmp_path: Path) -> None:
    gate = threading.Event()

    def answer(site: str, now_at: float) -> Reading:
        if site == "100":
            gate.wait(30)
        return reading_at(now_at)

    vendor = Inverter(answer)
    settings = CollectSettings(poll_once_within_s=0.5, tick_s=0.1, stop_within_s=1)
    collector = Collector(store, always(vendor), SystemClock(), Spool(tmp_path / "spool"), settings)
    first = await collector.poll_once()
    assert [result.ok for result in first] == [False, True, True]
    assert "No answer within" in str(first[0].error)
    again = asyncio.create_task(collector.poll_once())
    await asyncio.sleep(0.1)
    gate.set()
    assert (await again)[0].ok
    assert Counter(site for site, _ in vendor.asked)["100"] == 1
    await collector.stop()

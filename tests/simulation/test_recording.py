"""Three recorded days, polled over HTTP as they were measured: the store equals the recording.

`make test` takes one of the days; `make length` all of them.
"""

import asyncio
import csv
import math
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from tests.sample import AT_LENGTH
from tests.simulation.clockwork import FastClock, Hands
from tests.simulation.rebuilt import (
    closed_days,
    days_are_the_sums_of_their_parts,
    days_equal_a_rebuild,
    five_minutes_equal_a_rebuild,
)
from tests.store.test_five_minutes import expected as plain_five_minutes

from liveone.collect.collector import Collector
from liveone.collect.days import closer
from liveone.collect.polling import grid
from liveone.collect.queue.spool import Spool
from liveone.collect.settings import CollectSettings
from liveone.domain.aggregates import ENERGIES
from liveone.domain.intervals import interval_end
from liveone.domain.reading import COUNTERS, Reading
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.simulate.log import Served
from liveone.simulate.portal import EMAIL, PASSWORD, Portal, PortalSite
from liveone.simulate.replay import Replay
from liveone.store import aggregates, bulk, readings, systems
from liveone.store.files import create
from liveone.store.store import Store, open_store
from liveone.transfer.readings_in import ReadingsFile
from liveone.vendors.base import VendorAccount
from liveone.vendors.registry import open_vendor

pytestmark = [pytest.mark.anyio, pytest.mark.sampled]

SITE = "1586"
TICK_KWH = 0.1
AFTERWARDS_S = 900
"""From the last row past local midnight, until the closer has closed the last day."""

ON_GRID_WITHIN_MIN = 17
"""A collector that starts off its grid nears it by 3 s a minute, the most that the rule of 57 s between two
polls leaves: waiting for the grid instead would miss a minute. It is 45 s away from it at most, for it goes
to a moment of the grid that comes up to 15 s after the 57 at once."""

GAP_S_MAX = 75
AHEAD_S = 36_000
"""How far the local time of the recording is ahead of UTC."""


@dataclass(frozen=True)
class Row:
    """One row of the recording; ``counters`` is None in the first hours, which had none."""

    at: int
    reading: Reading
    counters: tuple[float, ...] | None


@dataclass
class Stage:
    """Everything that takes part: a portal that replays, a collector and the store it fills."""

    portal: Portal
    clock: FastClock
    collector: Collector
    store: Store
    system: System

    def served(self) -> list[Served]:
        return self.portal.log.entries(SITE)


@contextmanager
def staged(folder: Path, recording: Path, *, polls: bool) -> Iterator[Stage]:
    rows = read_rows(recording)
    hands = Hands()
    hands.true_at = rows[0].at
    clock = FastClock(hands, resting=5 if polls else 2)
    create(folder / "liveone.db")
    store = open_store(folder / "liveone.db")
    system = systems.add_system(
        store,
        owner="anna",
        vendor_type="select.live",
        vendor_site_id=SITE,
        display_name="Recorded",
        timezone_offset_min=600,
    )
    source = Replay(recording, start_at=rows[0].at, loop=False)
    with Portal([PortalSite(SITE, source)], now=clock.now_at) as portal:
        vendor = open_vendor(VendorAccount("select.live", portal.url, EMAIL, PASSWORD))
        settings = CollectSettings(
            cadence_s=60,
            polls=polls,
            pause_s=None if polls else 0.0,
            tick_s=30.0 if polls else 60.0,
            chores_every_s=300.0,
        )
        collector = Collector(store, lambda _: vendor, clock, Spool(folder / "spool"), settings)
        yield Stage(portal, clock, collector, store, system)
        vendor.close()
    store.close()


async def running(stage: Stage, act: Callable[[Stage], Awaitable[None]]) -> None:
    """Do ``act`` while the collector and its time run; then stop as `serve` does."""
    collecting = asyncio.create_task(stage.collector.run())
    ticking = asyncio.create_task(stage.clock.run(lambda: stage.collector.status().in_flight))
    await act(stage)
    await stage.collector.stop()
    await collecting
    ticking.cancel()


def read_rows(recording: Path) -> list[Row]:
    """The recording as the store has to hold it; ``received_time`` is not part of that."""
    with recording.open(newline="") as file:
        return [_row(cells) for cells in csv.DictReader(file)]


def recording_of(shared_data: Path, folder: Path, *, day: int) -> Path:
    """The recording; in `make test` only its day of that number, from 0."""
    whole = shared_data / "selectlive_2025-08-16_18.csv"
    if AT_LENGTH:
        return whole
    head, *lines = whole.read_text().splitlines(keepends=True)
    days = [_day(int(line.partition(",")[0])) for line in lines]
    part = folder / "recording.csv"
    wanted = sorted(set(days))[day]
    part.write_text(head + "".join(line for line, on in zip(lines, days, strict=True) if on == wanted))
    return part


def _day(at: int) -> str:
    return datetime.fromtimestamp(at + AHEAD_S, UTC).date().isoformat()


def _row(cells: dict[str, str]) -> Row:
    def watts(name: str) -> int:
        value = float(cells[name])
        return int(math.copysign(math.floor(abs(value) + 0.5), value))

    at = int(cells["inverter_time"])
    totals = tuple(float(cells[f"{name}_kwh_total"]) for name in COUNTERS)
    counters = totals if any(totals) else None
    parts = (watts("solarinverter_w"), watts("shunt_w")) if counters else (watts("solar_w"), 0)
    reading = Reading(
        inverter_time=at,
        received_time=0,
        solar_w=watts("solar_w"),
        solar_inverter_w=parts[0],
        shunt_w=parts[1],
        load_w=watts("load_w"),
        battery_w=watts("battery_w"),
        grid_w=watts("grid_w"),
        battery_soc_pct=float(cells["battery_soc"]),
        fault_code=int(cells["fault_code"]),
        fault_at=int(cells["fault_ts"]),
        generator_status=int(cells["gen_status"]),
        **dict(zip((f"{name}_kwh_total" for name in COUNTERS), counters or [None] * 6, strict=True)),
    )
    return Row(at, reading, counters)


def assert_same(stored: list[Reading], rows: list[Row]) -> None:
    """No reading lost, none twice, every value equal (the sum of two rounded parts to 1 W)."""
    assert [each.inverter_time for each in stored] == [row.at for row in rows]
    for found, row in zip(stored, rows, strict=True):
        assert found.solar_w is not None
        assert row.reading.solar_w is not None
        assert abs(found.solar_w - row.reading.solar_w) <= 1
        assert replace(found, solar_w=row.reading.solar_w, received_time=0) == row.reading


def assert_energies(stage: Stage, rows: list[Row]) -> None:
    """Each day's energy is what the recording's own counters say, within a tick."""
    days = closed_days(stage.store, stage.system)
    assert [day.day for day in days] == sorted({_day(row.at) for row in rows})
    for day in days:
        start_at, end_at = zone_of(stage.system).bounds(day.day)
        for place, name in enumerate(ENERGIES):
            counted = _counted_kwh(rows, place, start_at, end_at)
            uncounted = _uncounted_kwh(rows, COUNTERS[place], start_at)
            found = getattr(day, f"{name}_kwh")
            assert found == pytest.approx(counted + uncounted, abs=TICK_KWH), f"{day.day} {name}"


def _counted_kwh(rows: list[Row], place: int, start_at: int, end_at: int) -> float:
    """What the recording's own counter gained, from the end of the first interval that has it."""
    counters = [(row.at, row.counters[place]) for row in rows if row.counters is not None]
    times = [at for at, _ in counters]
    begin_at = max(start_at, interval_end(times[0]))
    return counters[bisect_right(times, end_at) - 1][1] - counters[bisect_right(times, begin_at) - 1][1]


def _uncounted_kwh(rows: list[Row], counter: str, start_at: int) -> float:
    """The energy of the first hours, which had no counters; 0 on later days.

    Power is drawn in lines from reading to reading; of each 5-minute interval its mean counts.
    """
    if start_at > rows[0].at:
        return 0.0
    counts_at = next(row.at for row in rows if row.counters is not None)
    if counts_at == rows[0].at:
        return 0.0
    sign = -1 if counter in ("battery_in", "grid_out") else 1
    flow = f"{counter.partition('_')[0]}_w"
    points = [(row.at, sign * getattr(row.reading, flow)) for row in rows if row.at <= counts_at + 600]
    ends = range(rows[0].at // 300 * 300 + 300, counts_at + 300, 300)
    return sum(max(0.0, _joules(points, end - 300, end)) for end in ends) / 3_600_000


def _joules(points: list[tuple[int, int]], start_at: int, end_at: int) -> float:
    """The integral of a line through ``(at, watts)`` points, level before the first of them."""
    joules = 0.0
    for (at, before_w), (next_at, after_w) in pairwise([(start_at, points[0][1]), *points]):
        first, last = max(at, start_at), min(next_at, end_at)
        if first < last:
            middle_w = before_w + (after_w - before_w) * ((first + last) / 2 - at) / (next_at - at)
            joules += middle_w * (last - first)
    return joules


def assert_rebuilt(stage: Stage) -> None:
    """5-minute rows equal the plain definition and a rebuild, days a rebuild and their parts."""
    rows = five_minutes_equal_a_rebuild(stage.store, stage.system)
    assert rows == plain_five_minutes(stored(stage))
    days = days_equal_a_rebuild(stage.store, stage.system, stage.clock.now_at())
    days_are_the_sums_of_their_parts(stage.system, rows, days)


def stored(stage: Stage) -> list[Reading]:
    return readings.between(stage.store, stage.system.id, 0, 4_000_000_000)


async def test_polled_every_minute_what_the_portal_showed_is_stored(
    tmp_path: Path, shared_data: Path
) -> None:
    recording = recording_of(shared_data, tmp_path, day=0)
    rows = read_rows(recording)
    with staged(tmp_path, recording, polls=True) as stage:
        await running(stage, lambda s: s.clock.until(rows[-1].at - rows[0].at + AFTERWARDS_S))
        asked_at = [entry.served_at for entry in stage.served()]
        offset_s = grid.offset_s("select.live", SITE, 60)
        on_grid = {round(at) // 60 for at in asked_at if round(at) % 60 == offset_s}
        reached_minute = rows[0].at // 60 + ON_GRID_WITHIN_MIN
        assert set(range(reached_minute, rows[-1].at // 60)) <= on_grid, "every minute was polled"
        assert max(after - before for before, after in pairwise(asked_at)) < GAP_S_MAX
        times = [row.at for row in rows]
        shown = sorted({bisect_right(times, at) - 1 for at in asked_at})
        assert len(shown) > 0.9 * (rows[-1].at - rows[0].at) / GAP_S_MAX
        assert_same(stored(stage), [rows[index] for index in shown])
        assert {rows[index].at for index in shown} == stage.portal.log.clean_times(SITE)
        assert stage.collector.status().readings_new == len(shown)
        assert_energies(stage, rows)
        assert_rebuilt(stage)


async def test_polled_at_every_reading_the_store_equals_recording_and_import(
    tmp_path: Path, shared_data: Path
) -> None:
    recording = recording_of(shared_data, tmp_path, day=2)
    rows = read_rows(recording)

    async def poll_each(stage: Stage) -> None:
        for row in rows:
            await stage.clock.until(row.at - rows[0].at)
            assert all(result.ok for result in await stage.collector.poll_once())
        await stage.clock.until(rows[-1].at - rows[0].at + AFTERWARDS_S)

    with staged(tmp_path, recording, polls=False) as stage:
        await running(stage, poll_each)
        assert_same(stored(stage), rows)
        assert len(stage.served()) == len(rows)
        assert_energies(stage, rows)
        assert_rebuilt(stage)
        assert _comparable(stage.store, imported_too(stage, recording)) == _comparable(
            stage.store, stage.system
        )


def imported_too(stage: Stage, recording: Path) -> System:
    """The same recording as a second system, by `liveone import`'s way, its days closed."""
    other = systems.add_system(
        stage.store,
        owner="anna",
        vendor_type="select.live",
        vendor_site_id="imported",
        display_name="Imported",
        timezone_offset_min=600,
    )
    done = bulk.import_readings(stage.store, other.id, ReadingsFile(recording).rows())
    assert done.new == len(read_rows(recording))
    closer.catch_up(stage.store, stage.clock.now_at())
    return other


def _comparable(store: Store, system: System) -> list[object]:
    """The days with counters; the sum of rounded solar powers may differ by 1 W."""
    days = aggregates.days(store, system.id, "2025-08-17", "2025-08-18")
    return [replace(day, solar_w_min=0, solar_w_avg=0, solar_w_max=0) for day in days]

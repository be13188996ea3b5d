"""A clock that tests drive, vendors of a few lines, and a store with systems in it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from liveone.collect.collector import Collector
from liveone.collect.polling.poller import VendorOf
from liveone.collect.queue.spool import Spool
from liveone.collect.settings import CollectSettings
from liveone.domain.reading import Reading
from liveone.domain.system import System, SystemInfo
from liveone.store import systems
from liveone.store.files import create
from liveone.store.readings import Recorded
from liveone.store.store import Store, open_store
from liveone.vendors.base import CheckStep, Memory, Poll, Site

START_AT = 1_755_600_000


class ManualClock:
    """Time stands still until ``advance``; the wall clock may be stepped apart from it."""

    def __init__(self, now_at: float = START_AT) -> None:
        self.wall_at = now_at
        self.elapsed_s = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now_at(self) -> float:
        return self.wall_at

    def monotonic_s(self) -> float:
        return self.elapsed_s

    async def sleep(self, seconds_s: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.elapsed_s + seconds_s, future))
        await future

    def step(self, seconds_s: float) -> None:
        """Set the wall clock, as an administrator or NTP would."""
        self.wall_at += seconds_s

    async def advance(self, seconds_s: float, *, by_s: float = 1.0) -> None:
        """Let time pass in steps, letting everything that is due happen after each."""
        end_s = self.elapsed_s + seconds_s
        while self.elapsed_s < end_s:
            self.tick(min(by_s, end_s - self.elapsed_s))
            await asyncio.sleep(0.001)

    def tick(self, pass_s: float) -> None:
        """Let time pass; what is due happens when the event loop runs."""
        self.elapsed_s += pass_s
        self.wall_at += pass_s
        due = [future for at_s, future in self._sleepers if at_s <= self.elapsed_s]
        self._sleepers = [each for each in self._sleepers if each[0] > self.elapsed_s]
        for future in due:
            if not future.done():
                future.set_result(None)


def reading_at(at: float, **values: Any) -> Reading:
    """A whole reading, 250 W of solar among others."""
    whole: dict[str, Any] = {
        "solar_w": 250,
        "solar_inverter_w": 200,
        "shunt_w": 50,
        "load_w": 300,
        "battery_w": 50,
        "grid_w": 0,
        "battery_soc_pct": 55.5,
        "fault_code": 0,
        "fault_at": 0,
        "generator_status": 0,
    }
    return Reading(int(at), int(at) + 2, **(whole | values))


def recorded(system_id: int, at: float, **values: Any) -> Recorded:
    return Recorded(
        system_id, reading_at(at, **values), raw='{"a":1}', memory={"seen": int(at)}, polled_at=int(at)
    )


class Inverter:
    """A vendor whose ``answer`` a test chooses; it remembers when it was asked for what."""

    vendor_type = "select.live"

    def __init__(self, answer: Callable[[str, float], Reading] | None = None) -> None:
        self.answer = answer or (lambda site, now_at: reading_at(now_at))
        self.asked: list[tuple[str, float]] = []
        self.memories: list[Memory] = []

    def poll(self, vendor_site_id: str, *, memory: Memory, now_at: float) -> Poll:
        self.asked.append((vendor_site_id, now_at))
        self.memories.append(memory)
        reading = self.answer(vendor_site_id, now_at)
        return Poll(reading, {"site": vendor_site_id}, {"polls": memory.get("polls", 0) + 1})

    def discover(self) -> Sequence[Site]:
        return []

    def describe(self, vendor_site_id: str) -> SystemInfo:
        return SystemInfo()

    def check(self, vendor_site_id: str, *, now_at: float) -> Iterator[CheckStep]:
        return iter(())

    def close(self) -> None:
        return None


def always(vendor: Inverter) -> VendorOf:
    return lambda system: vendor


def new_store(path: Path, count: int = 1, *, busy_timeout_s: float = 2.0) -> Store:
    """A new database with ``count`` systems, sites 100, 101, ..."""
    create(path)
    store = open_store(path, busy_timeout_s=busy_timeout_s)
    for number in range(count):
        add(store, str(100 + number))
    return store


def add(store: Store, site: str, *, offset_min: int = 600) -> System:
    return systems.add_system(
        store,
        owner="anna",
        vendor_type="select.live",
        vendor_site_id=site,
        display_name=f"House {site}",
        timezone_offset_min=offset_min,
    )


async def until(what: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait in real time until ``what`` holds."""
    end_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end_s, "this did not happen in time"
        await asyncio.sleep(0.005)


def times_in(store: Store, system_id: int = 1) -> list[int]:
    """The ``inverter_time`` of all readings of a system, in their order."""
    statement = "SELECT inverter_time FROM readings WHERE system_id = ? ORDER BY inverter_time"
    from liveone.store.database import Statement

    (rows,) = store.database.read([Statement(statement, (system_id,))])
    return [int(at) for (at,) in rows if at is not None]


@asynccontextmanager
async def collecting(
    store: Store, vendor: VendorOf, clock: Any, tmp_path: Path, **settings: Any
) -> AsyncIterator[Collector]:
    collector = Collector(store, vendor, clock, Spool(tmp_path / "spool"), CollectSettings(**settings))
    running = asyncio.create_task(collector.run())
    await until(lambda: collector.status().systems)
    yield collector
    await collector.stop()
    await running


async def pass_minutes(clock: ManualClock, collector: Collector, minutes: int) -> None:
    for _ in range(60 * minutes):
        await clock.advance(1)
        await until(lambda: collector.status().in_flight == collector.status().stuck)

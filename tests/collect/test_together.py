"""Several collectors on one file, on a clock that the database keeps too: at a cadence of 60 s, in seconds.

Each has a clock of its own, which stands still once it is dead; the database ages with them.
"""

import asyncio
import itertools
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.collect.support import Inverter, ManualClock, always, new_store, until

from liveone.collect.collector import Collector
from liveone.collect.queue.spool import Spool
from liveone.collect.settings import CollectSettings
from liveone.store.store import open_store

pytestmark = pytest.mark.anyio

COUNT = 6
TAKEOVER_S = 120
"""The promise: a dead poller's systems are polled again within two minutes of its death."""
HANDED_OVER_S = 12
"""Others look every ten seconds."""
STEP_S = 2
LONGEST_S = 60 + 60 / 4 + HANDED_OVER_S + 2 * STEP_S
"""Between two polls of a system that changes hands: the rest of the pause, at most a quarter of a minute more
to its second of the minute, and the time in which the other looks."""
NEAREST_S = 57 - 2 - STEP_S
"""The pause between polls by different processes, less a claim's age and a step of this clock."""


@dataclass(eq=False)
class Node:
    """One collector, its clock, and when it asked which site."""

    clock: ManualClock = field(default_factory=ManualClock)
    vendor: Inverter = field(default_factory=Inverter)
    collector: Collector | None = None

    def polled(self) -> set[int]:
        assert self.collector is not None
        return set(self.collector.status().polled_systems)

    def is_idle(self) -> bool:
        """Whether everything that was to happen by now has happened."""
        assert self.collector is not None
        threads = (self.collector._chores, self.collector._lease_client._workers)
        return self.collector.status().in_flight == 0 and not any(each._unfinished for each in threads)


class Town:
    """The file and who lives; ``pass_s`` lets time pass for all of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = sqlite3.connect(path / "data.db", isolation_level=None, timeout=5)
        self._real_s, self._owed_s = time.monotonic(), 0.0
        self.alive: list[Node] = []
        self.all: list[Node] = []

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[Node]:
        node, name = Node(), str(len(self.all))
        if self.alive:
            node.clock.elapsed_s = self.alive[0].clock.elapsed_s
            node.clock.wall_at = self.alive[0].clock.wall_at
        with closing(open_store(self._path / "data.db")) as store:
            collector = Collector(
                store, always(node.vendor), node.clock, Spool(self._path / f"spool{name}"), CollectSettings()
            )
            node.collector = collector
            self.all.append(node)
            self.alive.append(node)
            running = asyncio.create_task(collector.run())
            try:
                yield node
            finally:
                await collector.stop()
                await running

    async def pass_s(self, seconds: int) -> None:
        for _ in range(0, seconds, STEP_S):
            self._let_database_age()
            for node in self.alive:
                node.clock.tick(STEP_S)
            for _ in range(2):
                await asyncio.sleep(0.001)
                await until(lambda: all(node.is_idle() for node in self.alive))

    def _let_database_age(self) -> None:
        """By a step of our clock, less what has really passed: the database goes by the machine's clock."""
        now_s = time.monotonic()
        self._owed_s += STEP_S
        age_s = self._owed_s - (now_s - self._real_s)
        with suppress(sqlite3.OperationalError):
            self._database.executescript(
                f"UPDATE _liveone_leases SET polled_at = polled_at - {age_s};"
                f"UPDATE _liveone_pollers SET seen_at = seen_at - {age_s};"
                f"UPDATE _liveone_jobs SET until_at = until_at - {age_s};"
            )
            self._real_s, self._owed_s = now_s, 0.0

    def shares(self) -> list[int]:
        """How many systems each of the living polls."""
        polled = [node.polled() for node in self.alive]
        assert set.union(*polled) == set(range(1, COUNT + 1))
        return sorted(len(each) for each in polled)

    def asked(self) -> dict[str, list[float]]:
        """When each site was polled, by whomever."""
        found: dict[str, list[float]] = {}
        for site, at in sorted(each for node in self.all for each in node.vendor.asked):
            found.setdefault(site, []).append(at)
        return found

    def nearest_s(self) -> float:
        """The shortest time between two polls of one site."""
        return min(b - a for times in self.asked().values() for a, b in itertools.pairwise(times))

    def close(self) -> None:
        self._database.close()


async def test_no_gap_is_longer_than_a_minute_and_the_rest_where_pollers_come_and_go(tmp_path: Path) -> None:
    new_store(tmp_path / "data.db", COUNT).close()
    async with AsyncExitStack() as stack:
        town = stack.enter_context(closing(Town(tmp_path)))
        for _ in range(3):
            await stack.enter_async_context(town.joined())
            await town.pass_s(140)
        assert town.shares() == [2, 2, 2]
        for shares in ([3, 3], [6]):
            leaving = town.alive.pop(0)
            assert leaving.collector is not None
            await leaving.collector.stop()
            await town.pass_s(140)
            assert town.shares() == shares
        gaps = [b - a for times in town.asked().values() for a, b in itertools.pairwise(times)]
        assert min(gaps) >= NEAREST_S
        assert max(gaps) <= LONGEST_S, sorted(gaps)[-5:]


@pytest.mark.parametrize("seed", [5])
async def test_a_dead_pollers_systems_are_polled_within_two_minutes_and_nothing_twice_in_one(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    new_store(tmp_path / "data.db", COUNT).close()
    async with AsyncExitStack() as stack:
        town = stack.enter_context(closing(Town(tmp_path)))
        for _ in range(3):
            await stack.enter_async_context(town.joined())
            await town.pass_s(rng.randrange(20))
        await town.pass_s(90 + rng.randrange(60))
        assert town.shares() == [2, 2, 2]
        dead = town.alive.pop(rng.randrange(3))
        died_at = dead.clock.now_at()
        await town.pass_s(TAKEOVER_S + STEP_S)
        again_at = [min(at for at in times if at > died_at) for times in town.asked().values()]
        assert max(again_at) - died_at <= TAKEOVER_S
        assert town.shares() == [3, 3]
        dead.clock.wall_at = town.alive[0].clock.wall_at
        town.alive.append(dead)
        await town.pass_s(80)
        assert town.shares() == [2, 2, 2], "it woke, heard that it lost everything, and got a share again"
        leaving = town.alive.pop()
        assert leaving.collector is not None
        await leaving.collector.stop()
        await town.pass_s(HANDED_OVER_S)
        assert town.shares() == [3, 3], "who stops hands over at once"
        assert town.nearest_s() >= NEAREST_S

"""A collector for hosts where no process stays.

Made for one request, which polls every system or closes days.

Rule: when the request returns, every accepted reading is in the database, or the answer says how many were
lost and why.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from liveone.collect.collector import Collector
from liveone.collect.null_collector import NOTHING
from liveone.collect.polling.poller import PollResult
from liveone.collect.status import CollectorStatus
from liveone.store.database import Unavailable

LOST_HINT = "They were tried twice and are gone with this call: there is no disk to keep them on. Call again."

Done = TypeVar("Done")


class PerRequestCollector:
    """Collects when asked to. Calls share nothing, so each may come in an event loop of its own."""

    def __init__(self, make: Callable[[], Collector]) -> None:
        self._make = make
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Do nothing until ``stop`` is called."""
        await self._stopping.wait()

    async def stop(self) -> None:
        """End ``run``."""
        self._stopping.set()

    async def poll_once(self) -> list[PollResult]:
        """As ``Collector.poll_once``. Raises Unavailable when readings are lost."""
        async with self._collector() as collector:
            results = await collector.poll_once()
        lost = collector.status().spool_in_memory
        if lost:
            raise Unavailable(f"{lost} readings are lost: {collector.refusal}", hint=LOST_HINT)
        return results

    async def run_daily_job(self, work: Callable[[Callable[[], bool]], Sequence[Done]]) -> Sequence[Done]:
        """As ``Collector.run_daily_job``."""
        async with self._collector() as collector:
            return await collector.run_daily_job(work)

    def status(self) -> CollectorStatus:
        """Between calls nothing is collected, and nothing is wrong."""
        return NOTHING

    @asynccontextmanager
    async def _collector(self) -> AsyncIterator[Collector]:
        collector = self._make()
        try:
            yield collector
        finally:
            await collector.stop()

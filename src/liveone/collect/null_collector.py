"""Null collector: used where the role or the token only allows reading; it polls nothing."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from liveone.collect.polling.poller import PollResult
from liveone.collect.status import CollectorStatus
from liveone.store.database import ReadOnly

Done = TypeVar("Done")

NOTHING = CollectorStatus(
    systems=0,
    polled_systems=(),
    polls_alone=False,
    in_flight=0,
    stuck=0,
    slowed_down=0,
    polls=0,
    failures=0,
    retries=0,
    skipped=0,
    readings_new=0,
    readings_repeated=0,
    readings_spooled=0,
    readings_drained=0,
    commits=0,
    spool_waiting=0,
    spool_held=0,
    spool_in_memory=0,
    database_refuses=False,
    spool_bytes=0,
    threads=0,
    lag_s=0.0,
    longest_write_s=0.0,
    last_poll_at=None,
    last_drain_at=None,
    last_close_at=None,
    problems=(),
)


class NullCollector:
    """Stands beside the web server until it is stopped. Lives in one event loop.

    ``why`` and ``hint`` are the error for those who ask it to poll or to close days.
    """

    def __init__(self, why: str, hint: str) -> None:
        self._stopping = asyncio.Event()
        self._why, self._hint = why, hint

    async def run(self) -> None:
        """Do nothing until ``stop`` is called."""
        await self._stopping.wait()

    async def stop(self) -> None:
        """End ``run``."""
        self._stopping.set()

    async def poll_once(self) -> Sequence[PollResult]:
        """Raises ReadOnly."""
        raise ReadOnly(f"this instance does not poll: {self._why}", hint=self._hint)

    async def run_daily_job(self, work: Callable[[Callable[[], bool]], Sequence[Done]]) -> Sequence[Done]:
        """Raises ReadOnly."""
        raise ReadOnly(f"this instance closes no days: {self._why}", hint=self._hint)

    def status(self) -> CollectorStatus:
        """Nothing is collected, and nothing is wrong."""
        return NOTHING

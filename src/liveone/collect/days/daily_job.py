"""Closes days: a job that one process at a time does for all systems.

Rule: the process takes a job lease in the database, and renews it before each month of days. A process
that is refused the lease changes nothing and asks again on the next round.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from liveone.clock import Clock
from liveone.collect.days import closer, point_closer
from liveone.collect.days.closer import Closed
from liveone.collect.days.rounds import Rounds
from liveone.collect.leases.lease_client import LeaseClient
from liveone.collect.workers import Workers
from liveone.store.store import Store

DAYS = "closing days"
DAYS_S = 90.0
"""The length of the job lease, in seconds."""

LOOK_BACK_DAYS = 3
CHUNKS_AT_ONCE = 12
"""A year of days; if more wait, as after an upgrade, the next minute goes on."""

FULL_CLOSE_EVERY_S = 3600.0
"""How often all days are searched for ones that were never closed; otherwise only the last three days are."""

Done = TypeVar("Done")
Work = Callable[[Callable[[], bool]], Sequence[Done]]
"""Runs in a thread; the function that it is given says whether it may go on."""

log = logging.getLogger(__name__)


class DailyJobRunner:
    """The job as far as this process does it. Lives in one event loop."""

    def __init__(self, store: Store, clock: Clock, lease_client: LeaseClient, chores: Workers) -> None:
        self._store, self._clock = store, clock
        self._lease_client, self._chores = lease_client, chores
        self._rounds = Rounds()
        self._running = asyncio.Lock()
        self._looks_at_all = False
        self._next_full_s = float("-inf")
        self.closed_at: float | None = None
        """When days were looked at last."""

    async def do(self, work: Work[Done]) -> Sequence[Done] | None:
        """Do work that only one process may do, after other work of ours; None if another process does it.

        Raises StoreError.
        """
        async with self._running:
            if not await self._lease_client.begin_job(DAYS, DAYS_S):
                return None
            share = self._lease_client.polling_share
            return await self._chores.submit(lambda: work(lambda: share.begin_job(DAYS, DAYS_S)))

    async def close_due(self) -> None:
        """Close days that are over and open, of all systems or of the next ones of a fleet (see Rounds).

        Raises StoreError.
        """
        now_s = self._clock.monotonic_s()
        if self._rounds.begins:
            self._looks_at_all = now_s >= self._next_full_s
        done = await self._close(None if self._looks_at_all else LOOK_BACK_DAYS)
        if done and self._looks_at_all and self._rounds.begins:
            self._next_full_s = now_s + FULL_CLOSE_EVERY_S

    async def _close(self, look_back_days: int | None) -> bool:
        now_at, chunks = self._clock.now_at(), iter(range(CHUNKS_AT_ONCE))

        def work(goes_on: Callable[[], bool]) -> list[Closed]:
            closed = closer.catch_up(
                self._store,
                now_at,
                look_back_days=look_back_days,
                choose=self._rounds.next,
                # One iterator for the whole round, so that the bound holds for all systems together.
                goes_on=lambda: next(chunks, None) is not None and goes_on(),
            )
            point_closer.catch_up(self._store, now_at, goes_on=goes_on)
            return closed

        closed = await self.do(work)
        if closed is None:
            return False
        self.closed_at = now_at
        for each in closed:
            if each.error is not None:
                log.error("closing days of system %s: %s", each.system_id, each.error)
        return True

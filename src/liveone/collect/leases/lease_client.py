"""Requests leases from the event loop, in threads, and never waits longer than a poll may wait.

Rule: a database that hangs delays no poll and no stop by more than ``PATIENCE_S``; then the rules of
`PollingShare` for an unreachable database decide.
"""

import asyncio
import threading
from collections.abc import Callable, Set
from contextlib import suppress
from typing import TypeVar

from liveone.collect.leases.lease_times import PATIENCE_S
from liveone.collect.leases.polling_share import Claimed, PollingShare
from liveone.collect.workers import Workers
from liveone.store.database import StoreError

THREADS = 3
HANGING_MAX = 2
"""Claims that may hang at a time; while so many do, no other is sent."""

Result = TypeVar("Result")


class LeaseClient:
    """The polling share of one collector. All methods belong to the event loop."""

    def __init__(self, polling_share: PollingShare) -> None:
        self.polling_share = polling_share
        self.asking = 0
        """How many claims we wait for."""
        self._workers = Workers(THREADS, name="leases")
        self._readers = Workers(1, name="looks")
        self._looking = False
        self._counting = threading.Lock()
        self._sent = 0

    async def renew(self, wanted: Set[int], busy: Set[int]) -> None:
        """Renew our heartbeat, and take and give systems. Raises StoreError."""
        await self._workers.submit(lambda: self.polling_share.renew(wanted, busy))

    async def claim(self, system_ids: Set[int]) -> Claimed:
        """Claim systems of ours to poll now; never raises for the database."""
        self.asking += 1
        try:
            claimed = await self._claim(system_ids)
            return await self._look(system_ids) or claimed if claimed.is_blind else claimed
        finally:
            self.asking -= 1

    async def _claim(self, system_ids: Set[int]) -> Claimed:
        # A thread that hangs in a claim cannot be taken back, and the third one must stay free for renewing.
        if self._sent >= HANGING_MAX:
            return self.polling_share.without_database(system_ids)
        try:
            asked = self._workers.submit(self._counted(lambda: self.polling_share.claim(system_ids)))
            return await asyncio.wait_for(asked, PATIENCE_S)
        except TimeoutError:
            return self.polling_share.without_database(system_ids)

    async def _look(self, system_ids: Set[int]) -> Claimed | None:
        """What a read grants while writes are not answered; None if reads are not answered either."""
        if self._looking:
            return None
        self._looking = True
        looked = self._readers.submit(lambda: self.polling_share.look(system_ids))
        looked.add_done_callback(self._looked)
        with suppress(TimeoutError, StoreError):
            # shield: wait_for cancels what it gives up, and
            # `_looked` must hear when the read itself has ended.
            return await asyncio.wait_for(asyncio.shield(looked), PATIENCE_S)
        return None

    def _looked(self, looked: "asyncio.Future[Claimed]") -> None:
        self._looking = False
        if not looked.cancelled():
            # Asked for, or asyncio logs "exception was never retrieved" of an error that nobody waited for.
            looked.exception()

    async def visit(self, system_ids: Set[int]) -> Claimed:
        """Claim systems to poll without having a share of them. Raises StoreError."""
        return await self._workers.submit(lambda: self.polling_share.visit(system_ids))

    async def begin_job(self, name: str, lasts_s: float) -> bool:
        """Whether we may do a job that only one process may do. Raises StoreError."""
        return await self._workers.submit(lambda: self.polling_share.begin_job(name, lasts_s))

    async def leave(self) -> None:
        """Give everything back and end; a database that hangs is waited for no longer than by a poll."""
        leaving = self._workers.submit(self.polling_share.leave)
        self._workers.close()
        self._readers.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(leaving, PATIENCE_S)

    def _counted(self, call: Callable[[], Result]) -> Callable[[], Result]:
        self._count(1)

        def counted() -> Result:
            try:
                return call()
            finally:
                self._count(-1)

        return counted

    def _count(self, by: int) -> None:
        with self._counting:
            self._sent += by

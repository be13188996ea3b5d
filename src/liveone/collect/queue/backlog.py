"""What waits for the database: the spool, and behind it the memory for when the spool's disk fails too.

Rule: first in, first out. As soon as the spool's disk works again, readings in memory are written there
before newer ones.
"""

import logging
import threading
from collections.abc import Sequence

from liveone.collect.queue.null_queue import NullQueue
from liveone.collect.queue.segments import SEGMENT_LINES, QueuedLines
from liveone.collect.queue.spool import Spool, SpoolError, SpoolFailed, SpoolFull
from liveone.store.readings import Recorded

MEMORY_LIMIT = 10_000
"""Readings: a week of one system, ten minutes of a thousand."""

log = logging.getLogger(__name__)


class Backlog:
    """A queue of readings. Safe to call from any thread."""

    def __init__(self, spool: Spool | NullQueue) -> None:
        self._spool = spool
        self._lock = threading.Lock()
        self._memory: list[Recorded] = []
        self.problem: SpoolError | None = None
        """Why the spool's disk took nothing at the last attempt; None while it does."""

    @property
    def where(self) -> str:
        """The folder of the spool, for messages."""
        return str(self._spool.folder)

    @property
    def waiting(self) -> int:
        """How many readings wait, on disk and in memory."""
        return self._spool.waiting + len(self._memory)

    @property
    def held(self) -> int:
        """How many readings are held because the database's generation cannot hold them."""
        return self._spool.held

    @property
    def in_memory(self) -> int:
        """How many readings would be lost if the process died now."""
        return len(self._memory)

    @property
    def size_bytes(self) -> int:
        """What the spool takes on disk."""
        return self._spool.size_bytes

    def append(self, recorded: Sequence[Recorded]) -> bool:
        """Put readings at the end; True when they are durable. SpoolFull when no place is left."""
        with self._lock:
            try:
                # Memory first, or newer readings would overtake those that wait there.
                self._spool.append([*self._memory, *recorded])
            except SpoolFailed as failure:
                self._failed(failure)
                self._remember(recorded, failure)
                return False
            except SpoolFull as full:
                self.problem = full
                raise
            self._memory.clear()
            self.problem = None
            return True

    def hold(self, recorded: Recorded, reason: str) -> None:
        """Keep a reading that the database cannot hold. Raises SpoolError."""
        self._spool.hold(recorded, reason)

    def front(self) -> tuple[QueuedLines | int, list[Recorded]] | None:
        """The oldest readings with a token for ``drop``; None when nothing waits."""
        with self._lock:
            try:
                front = self._spool.front()
            except SpoolFailed as failure:
                self._failed(failure)
                return None
            if front is None and self._memory:
                oldest = self._memory[:SEGMENT_LINES]
                return len(oldest), oldest
            return front

    def drop(self, batch: QueuedLines | int) -> None:
        """Forget readings that ``front`` gave."""
        with self._lock:
            if isinstance(batch, int):
                del self._memory[:batch]
                return
            self._spool.drop(batch)

    def release_held(self) -> int | None:
        """Try what is held once more; how many that are, None when the disk fails."""
        try:
            return self._spool.release_held()
        except SpoolFailed as failure:
            self._failed(failure)
            return None

    def adopt_orphans(self) -> None:
        """Take over what processes that are gone left behind."""
        try:
            self._spool.adopt_orphans()
        except SpoolFailed as failure:
            self._failed(failure)

    def close(self) -> None:
        """Give the spool's folder back, after a last try to make the memory durable."""
        with self._lock:
            if self._memory:
                try:
                    self._spool.append(self._memory)
                except SpoolError:
                    log.critical(
                        "%d readings are lost: neither database nor spool took them", len(self._memory)
                    )
            self._spool.close()

    def _remember(self, recorded: Sequence[Recorded], failure: SpoolFailed) -> None:
        if len(self._memory) + len(recorded) > MEMORY_LIMIT:
            raise SpoolFull(
                f"Database and spool both fail and {len(self._memory):,} readings fill the memory.",
                hint=f"New readings are being lost. {failure}",
            ) from failure
        self._memory.extend(recorded)

    def _failed(self, failure: SpoolFailed) -> None:
        if self.problem is None:
            log.critical("readings are kept in memory only: %s", failure)
        self.problem = failure

"""Keeps readings: in the database, and while that refuses, in the spool, in order and once.

Rule: ``record`` returns when its readings are durable, or raises. Once something waits, everything
newer goes behind it, so that the database receives each system's readings in their order. What the
store takes twice (after a crash between commit and forgetting) it ignores by its unique key.

Readings that come together are committed together: a commit begins at the earliest 50 ms after the
one before, so a reading that comes alone is committed at once.

Failed polls are counted in ``polling_status`` only while the database takes them; during an outage
they are not kept for later, because a count is not worth a flash write (``Counts.failures_uncounted``).
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from liveone.clock import Clock
from liveone.collect.backlog import Backlog
from liveone.errors import LiveOneError
from liveone.store import polling, readings
from liveone.store.database import CannotHold, ConstraintFailed, StoreError
from liveone.store.readings import PartialReading, Recorded
from liveone.store.store import Store

GATHER_S = 0.05
REFUSED_FOR_GOOD = (CannotHold, ConstraintFailed)

log = logging.getLogger(__name__)


class Stopped(LiveOneError):
    """The recorder was closed while a poll was under way."""


class Fate(StrEnum):
    """What became of a reading. All but REPEAT are durable and new; IN_MEMORY is kept, not durable."""

    NEW = "new"
    REPEAT = "repeat"
    SPOOLED = "spooled"
    HELD = "held"
    IN_MEMORY = "in memory"


@dataclass(slots=True)
class Counts:
    """What a recorder did since it was made."""

    new: int = 0
    repeats: int = 0
    spooled: int = 0
    drained: int = 0
    held: int = 0
    commits: int = 0
    failures_uncounted: int = 0


@dataclass(slots=True)
class _Ticket:
    recorded: Sequence[Recorded]
    fates: list[Fate] | None = None
    error: Exception | None = None
    done: bool = False


@dataclass(slots=True)
class _Gathering:
    lock: threading.Lock = field(default_factory=threading.Lock)
    tickets: list[_Ticket] = field(default_factory=list)
    last_s: float = float("-inf")


class Recorder:
    """Records the readings of one process. Safe to call from any thread."""

    def __init__(self, store: Store, backlog: Backlog, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._writing = threading.Lock()
        self._draining = threading.Lock()
        self._gathering = _Gathering()
        self._never = threading.Event()
        self._closed = False
        self._held_tried_on: tuple[int, bool] | None = None
        self.backlog = backlog
        self.counts = Counts()
        self.refusal: StoreError | None = None
        """Why the database took nothing at the last attempt; None while it does."""

    def record(self, recorded: Sequence[Recorded]) -> list[Fate]:
        """Keep readings durably. Raises SpoolError when neither database nor spool takes them."""
        ticket = _Ticket(recorded)
        with self._gathering.lock:
            self._gathering.tickets.append(ticket)
        with self._writing:
            if not ticket.done:
                self._gather()
                self._write_tickets()
        if ticket.error is not None:
            raise ticket.error
        return ticket.fates or []

    def failed(self, system_id: int, at: int, error: str) -> bool:
        """Count a failed poll in ``polling_status``; False when the database does not take it now."""
        if not self.backlog.waiting:
            try:
                polling.failed(self._store, system_id, at, error)
            except StoreError as refusal:
                log.debug("a failed poll of system %s is not counted: %s", system_id, refusal)
            else:
                return True
        self.counts.failures_uncounted += 1
        return False

    def drain(self) -> int:
        """Write what waits to the database, oldest first, until it refuses; returns how many were written.

        Raises SpoolError when a reading that the database cannot hold cannot be held on disk either.
        """
        written = 0
        with self._draining:
            self.backlog.adopt_orphans()
            self._try_held_again()
            while (front := self.backlog.front()) is not None:
                batch, recorded = front
                try:
                    self._into_database(recorded)
                except StoreError as refusal:
                    self._refused(refusal)
                    break
                self.backlog.drop(batch)
                written += len(recorded)
                self._accepted()
                if self._closed and not self.backlog.in_memory:
                    break
        self.counts.drained += written
        return written

    def close(self) -> None:
        """Take no more readings and give the spool back; what waits there is written after the next start."""
        self._closed = True
        if self.backlog.in_memory:
            self.drain()
        with self._draining, self._writing:
            self.backlog.close()

    def _gather(self) -> None:
        now_s = self._clock.monotonic_s()
        wait_s = self._gathering.last_s + GATHER_S - now_s
        if 0 < wait_s <= GATHER_S:
            self._never.wait(wait_s)
        self._gathering.last_s = self._clock.monotonic_s()

    def _write_tickets(self) -> None:
        with self._gathering.lock:
            tickets, self._gathering.tickets = self._gathering.tickets, []
        try:
            fates = self._keep([one for ticket in tickets for one in ticket.recorded])
        except Exception as error:
            for ticket in tickets:
                ticket.error, ticket.done = error, True
            return
        for ticket in tickets:
            ticket.fates, ticket.done = fates[: len(ticket.recorded)], True
            del fates[: len(ticket.recorded)]

    def _keep(self, recorded: list[Recorded]) -> list[Fate]:
        if self._closed:
            raise Stopped("The collector has stopped; a reading that came later was not kept.")
        if not self.backlog.waiting:
            try:
                fates = self._into_database(recorded)
            except StoreError as refusal:
                self._refused(refusal)
            else:
                self._accepted()
                return fates
        durable = self.backlog.append(recorded)
        self.counts.spooled += len(recorded)
        return [Fate.SPOOLED if durable else Fate.IN_MEMORY] * len(recorded)

    def _into_database(self, recorded: list[Recorded]) -> list[Fate]:
        """Write readings and hold what can never be written; StoreError when they may be taken later."""
        try:
            new = readings.record(self._store, recorded)
        except PartialReading as partial:
            fates = self._counted(partial.recorded)
            for place in partial.refused:
                fates[place] = self._hold(recorded[place], partial)
            return fates
        except Exception as error:
            if isinstance(error, StoreError) and not isinstance(error, REFUSED_FOR_GOOD):
                raise
            if len(recorded) > 1:
                return [fate for one in recorded for fate in self._into_database([one])]
            return [self._hold(recorded[0], error)]
        return self._counted(new)

    def _counted(self, new: list[bool]) -> list[Fate]:
        self.counts.commits += 1
        self.counts.new += sum(new)
        self.counts.repeats += len(new) - sum(new)
        return [Fate.NEW if one else Fate.REPEAT for one in new]

    def _hold(self, recorded: Recorded, error: Exception) -> Fate:
        if not isinstance(error, StoreError):
            log.error("a reading of system %s cannot be stored", recorded.system_id, exc_info=error)
        self.backlog.hold(recorded, str(error))
        self.counts.held += 1
        return Fate.HELD

    def _try_held_again(self) -> None:
        if self.backlog.held:
            with suppress(StoreError):
                self._store.detect_again()
        shape = (self._store.generation, self._store.holds_partial)
        if shape != self._held_tried_on and self.backlog.release_held() is not None:
            self._held_tried_on = shape

    def _refused(self, refusal: StoreError) -> None:
        if self.refusal is None:
            log.warning("the database takes no readings, they go to %s: %s", self.backlog.where, refusal)
        self.refusal = refusal

    def _accepted(self) -> None:
        if self.refusal is not None:
            log.warning("the database takes readings again")
        self.refusal = None

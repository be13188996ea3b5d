"""Keeps readings: in the database, and while that refuses, in the spool, in order and once.

Rule: ``record`` returns when its readings are durable, or raises. Once something waits, everything
newer goes behind it, so that the database receives each system's readings in their order. What the
store takes twice (after a crash between commit and forgetting) it ignores by its unique key.

Readings that come together are committed together, and so are failed polls: a commit begins at the earliest
50 ms after the one before, later where writing is slow, so a reading that comes alone is committed at once.

Failed polls are counted in ``polling_status`` only while the database takes them; during an outage
they are not kept for later, because a count is not worth a flash write
(``RecorderCounts.failures_uncounted``).
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from liveone.clock import Clock
from liveone.collect.queue.backlog import Backlog
from liveone.errors import LiveOneError
from liveone.store import polling, readings
from liveone.store.database import CannotHold, ConstraintFailed, StoreError
from liveone.store.polling import FailedPoll
from liveone.store.readings import PartialReading, Recorded
from liveone.store.store import Store

GATHER_S, GATHER_S_MAX = 0.05, 0.5
GATHER_WRITES = 2.0
"""Between the beginnings of two commits lie twice the time that the last one took, within those bounds."""
REFUSED_FOR_GOOD = (CannotHold, ConstraintFailed)

log = logging.getLogger(__name__)


class RecorderStopped(LiveOneError):
    """The recorder was closed while a poll was under way."""


class RecordResult(StrEnum):
    """What became of a reading. All but REPEAT are durable and new; IN_MEMORY is kept, not durable."""

    NEW = "new"
    REPEAT = "repeat"
    SPOOLED = "spooled"
    HELD = "held"
    IN_MEMORY = "in memory"


@dataclass(slots=True)
class RecorderCounts:
    """What a recorder did since it was made."""

    new: int = 0
    repeats: int = 0
    spooled: int = 0
    drained: int = 0
    held: int = 0
    commits: int = 0
    failures_uncounted: int = 0
    longest_write_s: float = 0.0


@dataclass(slots=True)
class _Ticket:
    recorded: Sequence[Recorded] = ()
    failed: FailedPoll | None = None
    is_counted: bool = False
    fates: list[RecordResult] | None = None
    error: Exception | None = None
    done: bool = False


@dataclass(slots=True)
class _Gathering:
    lock: threading.Lock = field(default_factory=threading.Lock)
    tickets: list[_Ticket] = field(default_factory=list)
    last_s: float = float("-inf")
    pause_s: float = GATHER_S


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
        self.counts = RecorderCounts()
        self.refusal: StoreError | None = None
        """Why the database took nothing at the last attempt; None while it does."""

    def record(self, recorded: Sequence[Recorded]) -> list[RecordResult]:
        """Keep readings durably. Raises SpoolError when neither database nor spool takes them."""
        ticket = self._gathered(_Ticket(recorded))
        if ticket.error is not None:
            raise ticket.error
        return ticket.fates or []

    def failed(self, system_id: int, at: int, error: str) -> bool:
        """Count a failed poll in ``polling_status``; False when the database does not take it now."""
        return self._gathered(_Ticket(failed=FailedPoll(system_id, at, error))).is_counted

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
                # Counted before it is dropped: who sees that nothing waits sees that it was written.
                self.counts.drained += len(recorded)
                # After the commit: killed in between, the batch is
                # written once more, and the unique key ignores it.
                self.backlog.drop(batch)
                written += len(recorded)
                self._accepted()
                # What is on disk survives a stop; only memory is worth making it wait.
                if self._closed and not self.backlog.in_memory:
                    break
        return written

    def close(self) -> None:
        """Take no more readings and give the spool back; what waits there is written after the next start."""
        self._closed = True
        if self.backlog.in_memory:
            self.drain()
        with self._draining, self._writing:
            self.backlog.close()

    def _gathered(self, ticket: _Ticket) -> _Ticket:
        """Have a ticket dealt with, together with all others that are there when its turn comes."""
        with self._gathering.lock:
            self._gathering.tickets.append(ticket)
        # Whoever gets the lock first writes for all who wait for it; they find their tickets done.
        with self._writing:
            if not ticket.done:
                self._gather()
                began_s = self._clock.monotonic_s()
                self._write_tickets()
                self._gathering.pause_s = self._pause_after(self._clock.monotonic_s() - began_s)
        return ticket

    def _gather(self) -> None:
        wait_s = self._gathering.last_s + self._gathering.pause_s - self._clock.monotonic_s()
        if 0 < wait_s <= GATHER_S_MAX:
            self._never.wait(wait_s)
        self._gathering.last_s = self._clock.monotonic_s()

    def _pause_after(self, write_s: float) -> float:
        if self.refusal is not None:
            return GATHER_S
        self.counts.longest_write_s = max(self.counts.longest_write_s, write_s)
        return min(GATHER_S_MAX, max(GATHER_S, write_s * GATHER_WRITES))

    def _write_tickets(self) -> None:
        with self._gathering.lock:
            tickets, self._gathering.tickets = self._gathering.tickets, []
        self._write_recorded([ticket for ticket in tickets if ticket.failed is None])
        self._count_failed([ticket for ticket in tickets if ticket.failed is not None])

    def _write_recorded(self, tickets: Sequence[_Ticket]) -> None:
        if not tickets:
            return
        try:
            fates = self._keep([one for ticket in tickets for one in ticket.recorded])
        except Exception as error:
            for ticket in tickets:
                ticket.error, ticket.done = error, True
            return
        for ticket in tickets:
            ticket.fates, ticket.done = fates[: len(ticket.recorded)], True
            del fates[: len(ticket.recorded)]

    def _count_failed(self, tickets: Sequence[_Ticket]) -> None:
        counted = bool(tickets) and not self.backlog.waiting
        if counted:
            try:
                polling.failed_together(self._store, [each.failed for each in tickets if each.failed])
            except Exception as refusal:
                level = logging.DEBUG if isinstance(refusal, StoreError) else logging.ERROR
                log.log(level, "%d failed polls are not counted", len(tickets), exc_info=refusal)
                counted = False
        self.counts.failures_uncounted += 0 if counted else len(tickets)
        for ticket in tickets:
            ticket.is_counted, ticket.done = counted, True

    def _keep(self, recorded: list[Recorded]) -> list[RecordResult]:
        if self._closed:
            raise RecorderStopped("The collector has stopped; a reading that came later was not kept.")
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
        return [RecordResult.SPOOLED if durable else RecordResult.IN_MEMORY] * len(recorded)

    def _into_database(self, recorded: list[Recorded]) -> list[RecordResult]:
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
            # One bad reading must not hold the others back: each is tried alone.
            if len(recorded) > 1:
                return [record_result for one in recorded for record_result in self._into_database([one])]
            return [self._hold(recorded[0], error)]
        return self._counted(new)

    def _counted(self, new: list[bool]) -> list[RecordResult]:
        self.counts.commits += 1
        self.counts.new += sum(new)
        self.counts.repeats += len(new) - sum(new)
        return [RecordResult.NEW if one else RecordResult.REPEAT for one in new]

    def _hold(self, recorded: Recorded, error: Exception) -> RecordResult:
        if not isinstance(error, StoreError):
            log.error("a reading of system %s cannot be stored", recorded.system_id, exc_info=error)
        self.backlog.hold(recorded, str(error))
        self.counts.held += 1
        return RecordResult.HELD

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

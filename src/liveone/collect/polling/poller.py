"""One poll of one system: ask the vendor, keep the reading, tell what happened.

Rule: ``poll`` never raises. Whatever goes wrong is in its result and in ``polling_status``.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from liveone.clock import Clock
from liveone.collect.polling.recorder import Recorder, RecordResult
from liveone.domain.reading import Reading
from liveone.domain.system import System
from liveone.errors import LiveOneError
from liveone.store.readings import Recorded
from liveone.vendors.base import Poll, Vendor

VendorOf = Callable[[System], Vendor]
"""The vendor that polls a system. Raises LiveOneError when none is configured for it."""

HELD = "The vendor answered, but this generation of the database cannot hold the reading."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PollResult:
    """What one poll gave. Either ``reading`` and ``record_result`` are there, or ``error``."""

    system: System
    polled_at: int
    duration_s: float
    reading: Reading | None = None
    record_result: RecordResult | None = None
    error: LiveOneError | None = None

    @property
    def ok(self) -> bool:
        """Whether the vendor answered and its reading is kept; a repeat is a success too."""
        return self.error is None


class PollFailed(LiveOneError):
    """A poll ended in a fault of our own, or has not ended yet."""


class Poller:
    """Polls systems from threads; never two polls of one system at a time (its caller sees to that)."""

    def __init__(self, vendor_of: VendorOf, recorder: Recorder, clock: Clock) -> None:
        self._vendor_of = vendor_of
        self._recorder = recorder
        self._clock = clock
        self._memories: dict[int, Mapping[str, Any]] = {}

    def remember(self, memories: Mapping[int, Mapping[str, Any]]) -> None:
        """What each vendor asked to keep, from the database; what this process heard since wins."""
        self._memories = {**memories, **self._memories}

    @property
    def memories(self) -> Mapping[int, Mapping[str, Any]]:
        """What each vendor asked to keep, as known now."""
        return dict(self._memories)

    def poll(self, system: System, answered: Callable[[], None] = lambda: None) -> PollResult:
        """Poll ``system`` once. Blocks as long as its vendor does, and until the reading is durable.

        ``answered`` is called between the two, and when the vendor failed: from then on the database is
        waited for, nobody else.
        """
        began_at, began_s = self._clock.now_at(), self._clock.monotonic_s()
        reading, record_result, error = None, None, None
        try:
            try:
                answer = self._ask(system, began_at)
            finally:
                answered()
            reading, record_result = answer.reading, self._keep(system, answer, int(began_at))
        except LiveOneError as failure:
            error = failure
        except Exception as fault:
            log.exception("polling %s of %s failed", system.vendor_site_id, system.vendor_type)
            error = PollFailed(
                f"Polling ended in a fault of LiveOne: {fault!r}.",
                hint="Please report it with the traceback from the log.",
            )
        if error is not None:
            reading = None
            self.failed(system, error)
        elif record_result is RecordResult.HELD:
            self.failed(
                system, PollFailed(HELD, hint="Run `liveone upgrade`; the reading is kept until then.")
            )
        return PollResult(
            system, int(began_at), self._clock.monotonic_s() - began_s, reading, record_result, error
        )

    def failed(self, system: System, error: LiveOneError) -> None:
        """Count a failed poll of ``system`` in ``polling_status``, as far as the database takes it."""
        try:
            self._recorder.failed(system.id, int(self._clock.now_at()), str(error))
        except Exception:
            log.exception("a failed poll of system %s could not be counted", system.id)

    def _ask(self, system: System, now_at: float) -> Poll:
        memory = self._memories.get(system.id, {})
        return self._vendor_of(system).poll(system.vendor_site_id, memory=memory, now_at=now_at)

    def _keep(self, system: System, answer: Poll, polled_at: int) -> RecordResult:
        raw = orjson.dumps(answer.raw, default=str).decode()
        recorded = Recorded(system.id, answer.reading, raw, answer.memory, polled_at, answer.points)
        (record_result,) = self._recorder.record([recorded])
        self._memories[system.id] = answer.memory
        return record_result

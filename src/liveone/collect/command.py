"""One round of polls on request: for the cron path and for `liveone poll`.

Rule: every active system has a result. For a system that must not be polled now it is that of its last poll;
for one that is slowed down, the error that slowed it; for one that did not answer in time, an error that says
so.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from liveone.clock import Clock
from liveone.collect.polling.in_flight import Flight
from liveone.collect.polling.last_results import last_results
from liveone.collect.polling.poller import PollFailed, PollResult
from liveone.collect.polling.systems import Polling
from liveone.collect.schedule import ScheduledSystem
from liveone.collect.workers import Workers
from liveone.domain.system import System
from liveone.store.leases import Refusal
from liveone.store.store import Store

FIRST_POLL_S, LOOK_S = 10.0, 0.5


class PollRound:
    """Polls every system once, on request. Lives in one event loop."""

    def __init__(self, polling: Polling, store: Store, chores: Workers, clock: Clock) -> None:
        self._polling, self._store, self._chores, self._clock = polling, store, chores, clock

    async def poll_all(self, within_s: float) -> list[PollResult]:
        """One result a system, in the order of the systems. Raises StoreError."""
        systems, entries = self._polling.systems, self._polling.entries()
        results = {entry.system.id: self._slowed(entry) for entry in entries if self._is_slowed(entry)}
        awake = [entry for entry in entries if entry.system.id not in results]
        claimed = await self._polling.claim_for_round(awake)
        under_way = [entry for entry in awake if self._polling.flight_of(entry) is not None]
        granted = [entry for entry in awake if entry.system.id in claimed.granted]
        begun = [(entry, self._polling.begin(entry)) for entry in [*under_way, *granted]]
        await self._polling.landed([flight for _, flight in begun], within_s)
        results |= {entry.system.id: self._result_of(entry, flight, within_s) for entry, flight in begun}
        rest = [system for key, system in systems.items() if key not in results]
        results |= await self._last_polls(rest, claimed.refused, min(within_s, FIRST_POLL_S))
        return [results[key] for key in systems]

    async def _last_polls(
        self, rest: Sequence[System], refused: Mapping[int, Refusal], within_s: float
    ) -> dict[int, PollResult]:
        """The results of last polls; waits for a first poll that another process is just making."""
        give_up_s = self._clock.monotonic_s() + within_s
        while True:
            now_at = self._clock.now_at()
            found = await self._chores.submit(partial(last_results, self._store, rest, refused, now_at))
            waited_for = [key for key, result in found.items() if not result.polled_at and key in refused]
            if not waited_for or self._clock.monotonic_s() >= give_up_s:
                return found
            await self._clock.sleep(LOOK_S)

    def _is_slowed(self, entry: ScheduledSystem) -> bool:
        return entry.slowed_by is not None and entry.due_s > self._clock.monotonic_s()

    def _slowed(self, entry: ScheduledSystem) -> PollResult:
        return PollResult(entry.system, int(self._clock.now_at()), 0.0, error=entry.slowed_by)

    def _result_of(self, entry: ScheduledSystem, flight: Flight, within_s: float) -> PollResult:
        if flight.task.done() and not flight.task.cancelled():
            return flight.task.result()
        error = PollFailed(f"No answer within {within_s:.0f} s.")
        return PollResult(entry.system, int(self._clock.now_at()), 0.0, error=error)

"""Polls under way: a bounded number at a time, never two of one system (who starts them sees to that).

Rule: a slot is for asking a vendor. A poll that takes long gives it back and goes on alone, so that however
many portals hang, the others' systems are polled on time; one that was answered gives it back too, so that
the readings of many polls are written together. Either keeps its thread until it has ended.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from liveone.clock import Clock
from liveone.collect.polling.poller import Poller, PollResult
from liveone.collect.workers import Workers
from liveone.domain.system import System
from liveone.errors import LiveOneError

Permitted = Callable[[System], Awaitable[bool]]


class NotOurs(LiveOneError):
    """The right to poll a system went to another process while its poll waited."""


@dataclass(slots=True, eq=False)
class Flight:
    """One poll under way; ``began_s`` is monotonic, None while it waits for a slot; ``lag_s`` is by how much
    it began later than it was to."""

    system: System
    task: "asyncio.Task[PollResult]"
    lag_s: float = 0.0
    began_s: float | None = None
    has_slot: bool = False
    is_answered: bool = False

    @property
    def is_slotless(self) -> bool:
        """Whether it goes on without the slot that it had."""
        return self.began_s is not None and not self.has_slot


class InFlightPolls:
    """Starts polls in threads. All methods belong to the event loop."""

    def __init__(
        self,
        poller: Poller,
        clock: Clock,
        permitted: Permitted,
        *,
        slots: int,
        threads: int,
        stuck_after_s: float,
    ) -> None:
        self._poller = poller
        self._clock = clock
        self._permitted = permitted
        self._workers = Workers(threads)
        self._slots = asyncio.Semaphore(slots)
        self._spare_threads = threads - slots
        self._stuck_after_s = stuck_after_s
        self._in_flight: dict[int, Flight] = {}

    def __len__(self) -> int:
        return len(self._in_flight)

    @property
    def stuck(self) -> int:
        """How many polls have given their slot back because they take so long."""
        return sum(
            1 for flight in list(self._in_flight.values()) if flight.is_slotless and not flight.is_answered
        )

    @property
    def threads(self) -> int:
        """How many threads have been started."""
        return self._workers.count

    def of(self, system_id: int) -> Flight | None:
        """The poll of a system that is under way, if there is one."""
        return self._in_flight.get(system_id)

    def all(self) -> list[Flight]:
        """All polls under way."""
        return list(self._in_flight.values())

    def tasks(self) -> "list[asyncio.Task[PollResult]]":
        """All polls under way."""
        return [flight.task for flight in list(self._in_flight.values())]

    def start(self, system: System, *, late_s: float = 0.0) -> Flight:
        """Poll a system that is not being polled, ``late_s`` after it was due."""
        flight = Flight(system, asyncio.create_task(self._fly(system)), lag_s=late_s)
        self._in_flight[system.id] = flight
        flight.task.add_done_callback(lambda _: self._land(flight))
        return flight

    def free_slots(self) -> None:
        """Take the slot of every poll that has lasted too long; to be called about once a second."""
        now_s = self._clock.monotonic_s()
        for flight in list(self._in_flight.values()):
            lasts = (
                flight.has_slot
                and flight.began_s is not None
                and now_s - flight.began_s > self._stuck_after_s
            )
            if lasts and self._has_spare_thread():
                self._free(flight)

    def close(self) -> None:
        """Give up polls that still wait for a slot and let the threads end."""
        for flight in list(self._in_flight.values()):
            if flight.began_s is None:
                flight.task.cancel()
        self._workers.close()

    async def _fly(self, system: System) -> PollResult:
        asked_s = self._clock.monotonic_s()
        await self._slots.acquire()
        flight = self._in_flight[system.id]
        flight.has_slot, flight.began_s = True, self._clock.monotonic_s()
        flight.lag_s += flight.began_s - asked_s
        # Asked only with the slot in hand: while the poll waited, the lease may have gone to another process.
        if not await self._permitted(system):
            error = NotOurs(f"Another process polls site {system.vendor_site_id} now.")
            return PollResult(system, int(self._clock.now_at()), 0.0, error=error)
        loop = asyncio.get_running_loop()

        def answered() -> None:
            # The loop is closed: the process stops while a portal still answers.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._answered, flight)

        return await self._workers.submit(partial(self._poller.poll, system, answered))

    def _answered(self, flight: Flight) -> None:
        flight.is_answered = True
        if self._has_spare_thread():
            self._free(flight)

    def _has_spare_thread(self) -> bool:
        return sum(1 for flight in self._in_flight.values() if flight.is_slotless) < self._spare_threads

    def _land(self, flight: Flight) -> None:
        self._free(flight)
        del self._in_flight[flight.system.id]

    def _free(self, flight: Flight) -> None:
        if flight.has_slot:
            flight.has_slot = False
            self._slots.release()

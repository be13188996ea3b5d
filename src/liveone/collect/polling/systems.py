"""Polls the systems that are this process's: each on its second of the minute, again when one failed.

Rule: a poll begins only with the right to it (``collect.leases``), and never two of one system at a time.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

from liveone.clock import Clock
from liveone.collect.leases.lease_client import LeaseClient
from liveone.collect.leases.polling_share import Claimed
from liveone.collect.polling.in_flight import Flight, InFlightPolls, NotOurs
from liveone.collect.polling.poller import Poller, PollFailed
from liveone.collect.schedule import Moment, Schedule, ScheduledSystem
from liveone.collect.settings import CollectSettings
from liveone.collect.status import PollCounts
from liveone.collect.steps import NOTHING_DUE, Idle
from liveone.collect.workers import Workers
from liveone.domain.system import System
from liveone.errors import LiveOneError

ALARMING_FAILURES = 3
"""One missed poll is no alarm: so many in a row are logged, and so is the first answer after them."""

SHORTEST_WAIT_S = 0.01

log = logging.getLogger(__name__)


class Polling:
    """Schedule, claims and flights of one collector. Lives in one event loop.

    ``is_on_grid`` says that it holds a share of the systems and polls them by itself; otherwise it polls on
    command only, as a visitor.
    """

    def __init__(
        self,
        poller: Poller,
        lease_client: LeaseClient,
        chores: Workers,
        clock: Clock,
        settings: CollectSettings,
    ) -> None:
        self._poller, self._lease_client, self._chores = poller, lease_client, chores
        self._clock, self._settings = clock, settings
        self._schedule = Schedule(settings.cadence_s)
        self._in_flight = InFlightPolls(
            poller,
            clock,
            self._still_permitted,
            slots=settings.slots,
            threads=settings.threads,
            stuck_after_s=settings.stuck_after_s,
        )
        self._followed: set[asyncio.Task[None]] = set()
        self._next_renewal_s = float("-inf")
        self.is_on_grid = False
        self.systems: Mapping[int, System] = {}
        self.counts = PollCounts()

    @property
    def in_flight(self) -> int:
        """Polls under way, and claims that we wait for."""
        return len(self._in_flight) + self._lease_client.asking

    @property
    def stuck(self) -> int:
        """How many polls have given their slot back because they take so long."""
        return self._in_flight.stuck

    @property
    def threads(self) -> int:
        """How many threads polls have needed so far."""
        return self._in_flight.threads

    def entries(self) -> list[ScheduledSystem]:
        """The systems that we poll, each with its place in the schedule."""
        return self._schedule.entries()

    async def next_on_grid(self) -> None:
        """Begin what is due, and wait until something may be due again."""
        self._in_flight.free_slots()
        if due := self._schedule.due(self._moment()):
            self._follow(asyncio.create_task(self._claim_and_begin(due)))
        wait_s = self._schedule.next_s() - self._clock.monotonic_s()
        await self._clock.sleep(min(self._settings.tick_s, max(SHORTEST_WAIT_S, wait_s)))

    async def take_on(self, systems: Sequence[System]) -> None:
        """These are all there are. Raises StoreError when it cannot be asked which of them are ours."""
        self.systems = {system.id: system for system in systems if system.is_active}
        if self.is_on_grid:
            await self._renew()
        else:
            self._schedule.update(systems, self._moment())

    async def renew_due(self) -> Idle | None:
        """Renew our part of the systems where it is time to. Raises StoreError."""
        is_time = self._lease_client.polling_share.hurry or self._clock.monotonic_s() >= self._next_renewal_s
        if not (self.systems and is_time):
            return NOTHING_DUE
        await self._renew()
        return None

    async def claim_for_round(self, entries: Sequence[ScheduledSystem]) -> Claimed:
        """The right to poll on command what is not under way and was not polled within the pause."""
        idle = {entry.system.id for entry in entries if self.flight_of(entry) is None}
        if not self.is_on_grid:
            return await self._lease_client.visit(idle)
        share = self._lease_client.polling_share
        return await self._lease_client.claim({key for key in idle if share.has_rested(key)})

    def flight_of(self, entry: ScheduledSystem) -> Flight | None:
        """The poll of a system that is under way, if there is one."""
        return self._in_flight.of(entry.system.id)

    def begin(self, entry: ScheduledSystem) -> Flight:
        """Begin a poll that was permitted, or join the one that is under way."""
        if (present := self.flight_of(entry)) is not None:
            self.counts.skipped += 1
            self._report_overdue(present)
            return present
        flight = self._in_flight.start(entry.system, late_s=entry.late_s)
        self._follow(asyncio.create_task(self._land(entry, flight)))
        return flight

    async def landed(self, polls: Sequence[Flight], within_s: float) -> None:
        """Wait for polls, at most ``within_s``."""
        give_up_s = self._clock.monotonic_s() + within_s
        waiting = {flight.task for flight in polls}
        while waiting and self._clock.monotonic_s() < give_up_s:
            _, waiting = await asyncio.wait(waiting, timeout=self._settings.tick_s)
            self._in_flight.free_slots()

    async def finish(self, within_s: float) -> None:
        """Begin no more polls; those that have not ended ``within_s`` are given up."""
        self._in_flight.close()
        if tasks := self._in_flight.tasks():
            _, late = await asyncio.wait(tasks, timeout=within_s)
            for task in late:
                task.cancel()

    async def _renew(self) -> None:
        """Renew our part of the systems; its systems are polled on, whatever comes of it."""
        share, busy = self._lease_client.polling_share, {flight.system.id for flight in self._in_flight.all()}
        self._next_renewal_s = self._clock.monotonic_s() + share.times.renew_s
        try:
            await self._lease_client.renew(self.systems.keys(), busy)
        finally:
            mine = [system for key, system in self.systems.items() if key in share.mine]
            self._schedule.update(mine, self._moment())

    async def _claim_and_begin(self, entries: Sequence[ScheduledSystem]) -> None:
        claimed = await self._lease_client.claim({entry.system.id for entry in entries})
        for entry in entries:
            if entry.system.id in claimed.granted:
                self.begin(entry)
            elif (refusal := claimed.refused.get(entry.system.id)) is not None:
                self._schedule.postpone(entry, self._moment(), refusal.wait_s)

    async def _still_permitted(self, system: System) -> bool:
        """Whether a poll may begin now: its claim may have grown old, waiting for a slot or asleep."""
        if not self.is_on_grid or self._lease_client.polling_share.is_fresh(system.id):
            return True
        return system.id in (await self._lease_client.claim({system.id})).granted

    async def _land(self, entry: ScheduledSystem, flight: Flight) -> None:
        with suppress(asyncio.CancelledError):
            result = await flight.task
            if isinstance(result.error, NotOurs):
                self._schedule.postpone(entry, self._moment(), 0.0)
                return
            self.counts.polls += 1
            self.counts.failures += not result.ok
            self.counts.last_at, self.counts.lag_s = self._clock.now_at(), flight.lag_s
            sample_at = result.reading.inverter_time if result.reading else None
            failures = entry.failures
            again = self._schedule.reschedule(entry, self._moment(), error=result.error, sample_at=sample_at)
            self.counts.retries += again
            _log_alarm(entry, failures, result.error)

    def _report_overdue(self, flight: Flight) -> None:
        if flight.began_s is None:
            return
        lasts_s = self._clock.monotonic_s() - flight.began_s
        if lasts_s >= self._settings.cadence_s / 2:
            error = PollFailed(f"No answer for {lasts_s:.0f} s, and the vendor has not given up waiting.")
            self._chores.submit(lambda: self._poller.failed(flight.system, error))

    def _follow(self, task: "asyncio.Task[None]") -> None:
        self._followed.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._followed.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("polling goes on after a fault of LiveOne", exc_info=fault)

    def _moment(self) -> Moment:
        return Moment(self._clock.now_at(), self._clock.monotonic_s())


def _log_alarm(entry: ScheduledSystem, failures_before: int, error: LiveOneError | None) -> None:
    name = f"system {entry.system.id} ({entry.system.vendor_type} {entry.system.vendor_site_id})"
    if entry.failures == ALARMING_FAILURES:
        log.warning("%s: %d polls in a row have failed: %s", name, ALARMING_FAILURES, error)
    elif failures_before >= ALARMING_FAILURES and error is None:
        log.warning("%s answers again after %d failed polls", name, failures_before)

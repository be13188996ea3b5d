"""The collector: polls on the grid, empties the spool, closes days, for as long as it runs.

Rule: nothing stops it but ``stop``. An error ends the step it happened in, is logged there once, and
the step is made again; while the database is away it goes on with the systems it knows.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from liveone.clock import Clock
from liveone.collect import closer
from liveone.collect.backlog import Backlog
from liveone.collect.closer import Closed
from liveone.collect.flights import Flight, Flights, NotOurs
from liveone.collect.nospool import NoSpool
from liveone.collect.permits import Permits
from liveone.collect.poller import Poller, PollFailed, PollResult, VendorOf
from liveone.collect.recorder import Recorder
from liveone.collect.rounds import Rounds
from liveone.collect.schedule import Moment, Schedule, Turn
from liveone.collect.share import Claimed, Share, times_for
from liveone.collect.spool import Spool
from liveone.collect.standing import standings
from liveone.collect.status import CollectorStatus, PollCounts
from liveone.collect.steps import Steps
from liveone.collect.workers import Workers
from liveone.domain.system import System
from liveone.errors import LiveOneError
from liveone.store import polling, systems
from liveone.store.database import StoreError
from liveone.store.store import Store

ALARMING_FAILURES = 3
"""One missed poll is no alarm: so many in a row are logged, and so is the first answer after them."""

CHORE_THREADS = 4

LOOK_BACK_DAYS = 3
FULL_CLOSE_EVERY_S = 3600.0
DAYS, DAYS_S = "closing days", 90.0
"""The job of closing days, and for how long who does it keeps it without another word."""
"""Days that were never closed are looked for in the last three days, and once an hour in all."""

Done = TypeVar("Done")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """How a collector works. ``polls`` off: somebody else calls ``poll_once`` every minute. ``pause_s`` None
    is the pause between polls by different processes that belongs to the cadence."""

    cadence_s: int = 60
    polls: bool = True
    pause_s: float | None = None
    slots: int = 16
    threads: int = 512
    stuck_after_s: float = 5.0
    poll_once_within_s: float = 50.0
    stop_within_s: float = 10.0
    tick_s: float = 1.0
    chores_every_s: float = 60.0


@dataclass(slots=True)
class _Times:
    poll_at: float | None = None
    drain_at: float | None = None
    close_at: float | None = None
    lag_s: float = 0.0


class Collector:
    """Collects the readings of every active system of a store.

    Lives in one event loop; ``status`` may be called from any thread. Closes its spool when it stops,
    but neither store nor vendors, which it was given.
    """

    def __init__(
        self,
        store: Store,
        vendor_of: VendorOf,
        clock: Clock,
        spool: Spool | NoSpool,
        settings: CollectSettings,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._backlog = Backlog(spool)
        self._recorder = Recorder(store, self._backlog, clock)
        self._poller = Poller(vendor_of, self._recorder, clock)
        self._schedule = Schedule(settings.cadence_s)
        self._rounds = Rounds()
        self._permits = Permits(Share(store, clock, times_for(settings.cadence_s, settings.pause_s)))
        self._flights = Flights(
            self._poller,
            clock,
            self._still_permitted,
            slots=settings.slots,
            threads=settings.threads,
            stuck_after_s=settings.stuck_after_s,
        )
        self._chores = Workers(CHORE_THREADS, name="chores")
        self._landings: set[asyncio.Task[None]] = set()
        self._systems: dict[int, System] = {}
        self._knows_memories = False
        self._counts, self._times, self._steps = PollCounts(), _Times(), Steps(clock)
        self._stopping, self._stopped = asyncio.Event(), asyncio.Event()
        self._running = False
        self._next_chores_s = self._next_full_close_s = self._next_renewal_s = float("-inf")

    async def run(self) -> None:
        """Collect until ``stop`` is called or the task is cancelled; then end what is under way."""
        self._running = True
        if self._settings.polls:
            with suppress(StoreError):
                await self._load_systems()
        tasks = [asyncio.create_task(step) for step in self._loops()]
        try:
            await self._stopping.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._finish()

    async def stop(self) -> None:
        """End ``run``; everything accepted is then in the database or in the spool."""
        self._stopping.set()
        if self._running:
            await self._stopped.wait()
        else:
            await self._finish()

    async def poll_once(self) -> list[PollResult]:
        """Poll every active system once, now; one result a system, in the order of the systems.

        A system whose poll is under way is not polled again: that poll's result is given. One that was
        polled within the last minute, by whatever process, or that another process polls, is left alone
        too: its result is that of its last poll. One that is slowed down is left alone, its result holds
        the error that slowed it. Returns within ``poll_once_within_s``. Raises StoreError when the systems
        cannot be read and none is known.
        """
        try:
            await self._load_systems()
        except StoreError:
            if not self._systems:
                raise
        turns = [turn for turn in self._schedule.turns() if not self._is_slowed(turn)]
        claimed = await self._claim_for_round(turns)
        under_way = [turn for turn in turns if self._flights.of(turn.system.id) is not None]
        begun = [turn for turn in turns if turn.system.id in claimed.granted]
        began = [(turn, self._begin(turn)) for turn in [*under_way, *begun]]
        await self._landed([flight.task for _, flight in began])
        results = {turn.system.id: self._result_of(turn, flight) for turn, flight in began}
        slowed = [turn for turn in self._schedule.turns() if turn not in turns]
        results |= {turn.system.id: self._slowed_result(turn) for turn in slowed}
        rest = [system for key, system in self._systems.items() if key not in results]
        results |= await self._chores.submit(lambda: standings(self._store, rest, claimed.refused))
        return [results[key] for key in self._systems]

    async def on_duty(self, work: Callable[[Callable[[], bool]], Sequence[Done]]) -> Sequence[Done]:
        """Do what only one process should (closing days); nothing while another one does.

        ``work`` runs in a thread and is given a function to ask now and then whether it may go on.
        """
        if not await self._permits.begin_job(DAYS, DAYS_S):
            return ()
        share = self._permits.share
        return await self._chores.submit(lambda: work(lambda: share.begin_job(DAYS, DAYS_S)))

    async def close_days(self, *, look_back_days: int | None = None) -> Sequence[Closed]:
        """Close days that are over and open, of all systems or the next of a fleet (see Rounds).

        One entry a system that had any; nothing while another process does it. Raises StoreError.
        """
        now_at = self._clock.now_at()
        closed = await self.on_duty(
            lambda goes_on: closer.catch_up(
                self._store,
                now_at,
                look_back_days=look_back_days,
                choose=self._rounds.next,
                goes_on=goes_on,
            )
        )
        self._times.close_at = now_at
        for each in closed:
            if each.error is not None:
                log.error("closing days of system %s: %s", each.system_id, each.error)
        return closed

    @property
    def refusal(self) -> StoreError | None:
        """Why the database took no reading at the last attempt; None while it does."""
        return self._recorder.refusal

    def status(self) -> CollectorStatus:
        """How collecting goes. Cheap; may be called from any thread."""
        turns, counts, kept = self._schedule.turns(), self._counts, self._recorder.counts
        return CollectorStatus(
            systems=len(self._systems),
            polled_systems=tuple(turn.system.id for turn in turns) if self._settings.polls else (),
            polls_alone=self._permits.share.is_alone,
            in_flight=len(self._flights) + self._permits.asking,
            stuck=self._flights.stuck,
            slowed_down=sum(1 for turn in turns if turn.slowed_by is not None),
            polls=counts.polls,
            failures=counts.failures,
            retries=counts.retries,
            skipped=counts.skipped,
            readings_new=kept.new,
            readings_repeated=kept.repeats,
            readings_spooled=kept.spooled,
            readings_drained=kept.drained,
            commits=kept.commits,
            spool_waiting=self._backlog.waiting,
            spool_held=self._backlog.held,
            spool_in_memory=self._backlog.in_memory,
            spool_bytes=self._backlog.size_bytes,
            threads=self._flights.threads,
            lag_s=round(self._times.lag_s, 3),
            longest_write_s=round(kept.longest_write_s, 3),
            last_poll_at=self._times.poll_at,
            last_drain_at=self._times.drain_at,
            last_close_at=self._times.close_at,
            problems=tuple(self._problems()),
        )

    def _loops(self) -> Iterator[Coroutine[Any, Any, None]]:
        chores_s = self._settings.chores_every_s
        yield self._steps.every(chores_s, self._close_days_due, "closing days")
        yield self._steps.every(self._settings.tick_s, self._drain, "emptying the spool")
        if self._settings.polls:
            yield self._steps.every(chores_s, self._load_systems, "reading the systems")
            yield self._steps.every(self._settings.tick_s, self._renew_due, "sharing the systems")
            yield self._poll_on_the_grid()

    async def _poll_on_the_grid(self) -> None:
        while True:
            self._flights.free_slots()
            if due := self._schedule.due(self._moment()):
                self._follow(asyncio.create_task(self._claim_and_begin(due)))
            wait_s = self._schedule.next_s() - self._clock.monotonic_s()
            await self._clock.sleep(min(self._settings.tick_s, max(0.01, wait_s)))

    async def _load_systems(self) -> None:
        every = await self._chores.submit(lambda: systems.list_systems(self._store))
        if not self._knows_memories:
            self._poller.remember(await self._chores.submit(lambda: polling.memory_of(self._store)))
            self._knows_memories = True
        self._systems = {system.id: system for system in every if system.is_active}
        if self._settings.polls and self._running:
            await self._renew()
        else:
            self._schedule.update(every, self._moment())

    async def _renew_due(self) -> None:
        share = self._permits.share
        if self._systems and (share.hurry or self._clock.monotonic_s() >= self._next_renewal_s):
            await self._renew()

    async def _renew(self) -> None:
        """Renew our part of the systems; its systems are polled on, whatever comes of it."""
        share, busy = self._permits.share, {flight.system.id for flight in self._flights.all()}
        self._next_renewal_s = self._clock.monotonic_s() + share.times.renew_s
        try:
            await self._permits.renew(self._systems.keys(), busy)
        finally:
            mine = [system for key, system in self._systems.items() if key in share.mine]
            self._schedule.update(mine, self._moment())

    async def _claim_and_begin(self, turns: Sequence[Turn]) -> None:
        claimed = await self._permits.claim({turn.system.id for turn in turns})
        for turn in turns:
            if turn.system.id in claimed.granted:
                self._begin(turn)
            elif (refusal := claimed.refused.get(turn.system.id)) is not None:
                self._schedule.postpone(turn, self._moment(), refusal.wait_s)

    async def _still_permitted(self, system: System) -> bool:
        """Whether a poll may begin now: its claim may have grown old, waiting for a slot or asleep."""
        if not self._settings.polls or not self._running or self._permits.share.is_fresh(system.id):
            return True
        return system.id in (await self._permits.claim({system.id})).granted

    async def _claim_for_round(self, turns: Sequence[Turn]) -> Claimed:
        """The right to poll in a round on command: what was not polled within the pause."""
        idle = {turn.system.id for turn in turns if self._flights.of(turn.system.id) is None}
        if not (self._settings.polls and self._running):
            return await self._permits.visit(idle)
        share = self._permits.share
        return await self._permits.claim({key for key in idle if share.has_rested(key)})

    async def _close_days_due(self) -> None:
        now_s = self._clock.monotonic_s()
        everything = now_s >= self._next_full_close_s
        await self.close_days(look_back_days=None if everything else LOOK_BACK_DAYS)
        if everything:
            self._next_full_close_s = now_s + FULL_CLOSE_EVERY_S

    async def _drain(self) -> None:
        now_s = self._clock.monotonic_s()
        if self._backlog.waiting or now_s >= self._next_chores_s:
            self._next_chores_s = now_s + self._settings.chores_every_s
            await self._chores.submit(self._recorder.drain)
            self._times.drain_at = self._clock.now_at()

    def _begin(self, turn: Turn) -> Flight:
        if (present := self._flights.of(turn.system.id)) is not None:
            self._counts.skipped += 1
            self._report_overdue(present)
            return present
        flight = self._flights.start(turn.system, late_s=turn.late_s)
        self._follow(asyncio.create_task(self._land(turn, flight)))
        return flight

    def _follow(self, task: "asyncio.Task[None]") -> None:
        self._landings.add(task)
        task.add_done_callback(self._landings.discard)

    async def _land(self, turn: Turn, flight: Flight) -> None:
        with suppress(asyncio.CancelledError):
            result = await flight.task
            if isinstance(result.error, NotOurs):
                self._schedule.postpone(turn, self._moment(), 0.0)
                return
            self._counts.polls += 1
            self._counts.failures += not result.ok
            self._times.poll_at = self._clock.now_at()
            self._times.lag_s = flight.lag_s
            sample_at = result.reading.inverter_time if result.reading else None
            failures = turn.failures
            again = self._schedule.settle(turn, self._moment(), error=result.error, sample_at=sample_at)
            self._counts.retries += again
            self._log_alarm(turn, failures, result.error)

    def _log_alarm(self, turn: Turn, failures: int, error: LiveOneError | None) -> None:
        name = f"system {turn.system.id} ({turn.system.vendor_type} {turn.system.vendor_site_id})"
        if turn.failures == ALARMING_FAILURES:
            log.warning("%s: %d polls in a row have failed: %s", name, ALARMING_FAILURES, error)
        elif failures >= ALARMING_FAILURES and error is None:
            log.warning("%s answers again after %d failed polls", name, failures)

    async def _landed(self, tasks: "list[asyncio.Task[PollResult]]") -> None:
        give_up_s = self._clock.monotonic_s() + self._settings.poll_once_within_s
        waiting = set(tasks)
        while waiting and self._clock.monotonic_s() < give_up_s:
            _, waiting = await asyncio.wait(waiting, timeout=self._settings.tick_s)
            self._flights.free_slots()

    def _report_overdue(self, flight: Flight) -> None:
        if flight.began_s is None:
            return
        lasts_s = self._clock.monotonic_s() - flight.began_s
        if lasts_s >= self._settings.cadence_s / 2:
            error = PollFailed(f"No answer for {lasts_s:.0f} s, and the vendor has not given up waiting.")
            self._chores.submit(lambda: self._poller.failed(flight.system, error))

    def _is_slowed(self, turn: Turn) -> bool:
        return turn.slowed_by is not None and turn.due_s > self._clock.monotonic_s()

    def _slowed_result(self, turn: Turn) -> PollResult:
        return PollResult(turn.system, int(self._clock.now_at()), 0.0, error=turn.slowed_by)

    def _result_of(self, turn: Turn, flight: Flight) -> PollResult:
        if flight.task.done() and not flight.task.cancelled():
            return flight.task.result()
        error = PollFailed(f"No answer within {self._settings.poll_once_within_s:.0f} s.")
        return PollResult(turn.system, int(self._clock.now_at()), 0.0, error=error)

    def _moment(self) -> Moment:
        return Moment(self._clock.now_at(), self._clock.monotonic_s())

    def _problems(self) -> Iterator[str]:
        if self._backlog.problem is not None:
            yield f"{self._backlog.in_memory} readings are in memory only. {self._backlog.problem}"
        if self._recorder.refusal is not None:
            yield f"{self._backlog.waiting} readings wait in {self._backlog.where}. {self._recorder.refusal}"
        if self._backlog.held:
            yield f"{self._backlog.held} readings are held: this generation of the database cannot hold them."
        yield from self._steps.problems()

    async def _finish(self) -> None:
        self._flights.close()
        if tasks := self._flights.tasks():
            _, late = await asyncio.wait(tasks, timeout=self._settings.stop_within_s)
            for task in late:
                task.cancel()
        await self._permits.leave()
        await self._chores.submit(self._recorder.close)
        self._chores.close()
        self._stopped.set()

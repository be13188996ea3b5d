"""The collector: polls on the grid, empties the queue and closes days, as long as it runs.

Rule: only ``stop`` ends it. An error ends the step in which it happened, is logged there once, and the step
is repeated. While the database cannot be reached, it goes on with the systems that it knows.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from liveone.clock import Clock
from liveone.collect.command import PollRound
from liveone.collect.days.daily_job import DailyJobRunner
from liveone.collect.leases.lease_client import LeaseClient
from liveone.collect.leases.lease_times import times_for
from liveone.collect.leases.polling_share import PollingShare
from liveone.collect.polling.poller import Poller, PollResult, VendorOf
from liveone.collect.polling.recorder import Recorder
from liveone.collect.polling.systems import Polling
from liveone.collect.queue import known_systems
from liveone.collect.queue.backlog import Backlog
from liveone.collect.queue.known_systems import RememberedSystems
from liveone.collect.queue.null_queue import NullQueue
from liveone.collect.queue.spool import Spool
from liveone.collect.settings import CollectSettings
from liveone.collect.status import CollectorStatus
from liveone.collect.steps import NOTHING_DUE, Idle, Steps
from liveone.collect.workers import Workers
from liveone.domain.system import System
from liveone.store import polling, systems
from liveone.store.database import StoreError
from liveone.store.store import Store

CHORE_THREADS = 4
KEEP_EVERY_S = 600.0
"""How often the data for a start without the database is stored."""

log = logging.getLogger(__name__)

Done = TypeVar("Done")


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
        spool: Spool | NullQueue,
        settings: CollectSettings,
    ) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._backlog = Backlog(spool)
        self._recorder = Recorder(store, self._backlog, clock)
        self._poller = Poller(vendor_of, self._recorder, clock)
        self._chores = Workers(CHORE_THREADS, name="chores")
        self._lease_client = LeaseClient(
            PollingShare(store, clock, times_for(settings.cadence_s, settings.pause_s))
        )
        self._polling = Polling(self._poller, self._lease_client, self._chores, clock, settings)
        self._command = PollRound(self._polling, store, self._chores, clock)
        self._daily_job = DailyJobRunner(store, clock, self._lease_client, self._chores)
        self._steps = Steps(clock)
        self._stopping, self._stopped = asyncio.Event(), asyncio.Event()
        self._is_running = self._knows_memories = False
        self._drained_at: float | None = None
        self._next_drain_s = self._next_keep_s = float("-inf")
        self._folder = spool.folder if isinstance(spool, Spool) else None
        self._kept = RememberedSystems()

    async def run(self) -> None:
        """Collect until ``stop`` is called or the task is cancelled; then end the polls under way."""
        self._is_running = True
        self._polling.is_on_grid = self._settings.polls
        if self._settings.polls:
            try:
                await self._load_systems()
            except StoreError as error:
                await self._go_on_as_known(error)
        tasks = [asyncio.create_task(step) for step in self._loops()]
        try:
            await self._stopping.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._finish()

    async def stop(self) -> None:
        """End ``run``; every accepted reading is then in the database or in the queue."""
        self._stopping.set()
        if self._is_running:
            await self._stopped.wait()
        else:
            await self._finish()

    async def poll_once(self) -> list[PollResult]:
        """Poll every active system once, now; gives one result for each, in the order of the systems.

        If a poll of a system is under way, its result is given. A system that was polled within the last
        minute, by any process, or that another process polls, is not polled: its result is that of its last
        poll. For a system that is slowed down, the result is the error that slowed it. Returns within
        ``poll_once_within_s``. Raises StoreError if the systems cannot be read and none is known.
        """
        try:
            await self._load_systems()
        except StoreError:
            if not self._polling.systems:
                raise
        return await self._command.poll_all(self._settings.poll_once_within_s)

    async def run_daily_job(self, work: Callable[[Callable[[], bool]], Sequence[Done]]) -> Sequence[Done]:
        """Do work that only one process may do (closing days); an empty result while another process does it.

        ``work`` runs in a thread. The function that it is given says whether it may go on.
        """
        return await self._daily_job.do(work) or ()

    @property
    def refusal(self) -> StoreError | None:
        """Why the database took no reading at the last attempt; None if it did."""
        return self._recorder.refusal

    def status(self) -> CollectorStatus:
        """The status of collecting. Cheap; may be called from any thread."""
        entries, counts, kept = self._polling.entries(), self._polling.counts, self._recorder.counts
        return CollectorStatus(
            systems=len(self._polling.systems),
            polled_systems=tuple(entry.system.id for entry in entries) if self._settings.polls else (),
            polls_alone=self._lease_client.polling_share.is_alone,
            in_flight=self._polling.in_flight,
            stuck=self._polling.stuck,
            slowed_down=sum(1 for entry in entries if entry.slowed_by is not None),
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
            database_refuses=self._recorder.refusal is not None,
            spool_bytes=self._backlog.size_bytes,
            threads=self._polling.threads,
            lag_s=round(counts.lag_s, 3),
            longest_write_s=round(kept.longest_write_s, 3),
            last_poll_at=counts.last_at,
            last_drain_at=self._drained_at,
            last_close_at=self._daily_job.closed_at,
            problems=tuple(self._problems()),
        )

    def _loops(self) -> Iterator[Coroutine[Any, Any, None]]:
        chores_s, tick_s = self._settings.chores_every_s, self._settings.tick_s
        yield self._steps.every(chores_s, self._daily_job.close_due, "closing days")
        yield self._steps.every(tick_s, self._drain, "emptying the spool")
        if self._settings.polls:
            yield self._steps.every(chores_s, self._load_systems, "reading the systems")
            yield self._steps.every(tick_s, self._polling.renew_due, "sharing the systems")
            yield self._steps.again(self._polling.next_on_grid, "polling")

    async def _load_systems(self) -> None:
        every = await self._chores.submit(lambda: systems.list_systems(self._store))
        if not self._knows_memories:
            self._poller.remember(await self._chores.submit(lambda: polling.memory_of(self._store)))
            self._knows_memories = True
        await self._polling.take_on(every)

        self._keep(every)

    def _keep(self, every: Sequence[System]) -> None:
        """Store what a start without the database needs, if it has changed, and from time to time."""
        if self._folder is None or not self._settings.polls:
            return
        share, now_s = self._lease_client.polling_share, self._clock.monotonic_s()
        memories = self._poller.memories
        found = RememberedSystems(tuple(every), memories, frozenset(share.mine), not share.has_others)
        if replace(found, memories={}) != replace(self._kept, memories={}) or now_s >= self._next_keep_s:
            self._kept, self._next_keep_s, folder = found, now_s + KEEP_EVERY_S, self._folder
            self._chores.submit(lambda: known_systems.save(folder, found))

    async def _go_on_as_known(self, error: StoreError) -> None:
        """The database cannot be reached at the start: poll the systems of the last run."""
        found = known_systems.load(self._folder) if self._folder else None
        if found is None:
            return
        log.warning("going on with the %d systems known from last time: %s", len(found.systems), error)
        self._poller.remember(found.memories)
        self._lease_client.polling_share.resume(found.held, was_alone=found.was_alone)
        with suppress(StoreError):
            await self._polling.take_on(found.systems)

    async def _drain(self) -> Idle | None:
        now_s = self._clock.monotonic_s()
        if not (self._backlog.waiting or now_s >= self._next_drain_s):
            return NOTHING_DUE
        self._next_drain_s = now_s + self._settings.chores_every_s
        await self._chores.submit(self._recorder.drain)
        self._drained_at = self._clock.now_at()
        return None

    def _problems(self) -> Iterator[str]:
        if self._backlog.problem is not None:
            yield f"{self._backlog.in_memory} readings are in memory only. {self._backlog.problem}"
        if self._recorder.refusal is not None:
            yield f"{self._backlog.waiting} readings wait in {self._backlog.where}. {self._recorder.refusal}"
        if self._backlog.held:
            yield f"{self._backlog.held} readings are held: this generation of the database cannot hold them."
        yield from self._steps.problems()

    async def _finish(self) -> None:
        try:
            await self._polling.finish(self._settings.stop_within_s)
            await self._lease_client.leave()
            await self._chores.submit(self._recorder.close)
            self._chores.close()
        finally:
            self._stopped.set()

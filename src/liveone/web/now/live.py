"""New readings as they are committed, by any process: one watcher for all listeners.

While somebody listens, the database's change token is read ten times a second. When it changes, the new
readings are read once, encoded once, and given to every listener of their system. A listener that cannot keep
up is dropped: its client reconnects and catches up. Without listeners nothing is read.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from anyio import CapacityLimiter, to_thread

from liveone.clock import Clock
from liveone.domain.reading import Reading
from liveone.domain.zones import Zone
from liveone.store import readings
from liveone.store.database import StoreError
from liveone.store.store import Store
from liveone.web.answers import ApiError, log
from liveone.web.now.moments import Moments
from liveone.web.now.readings_json import event
from liveone.web.services import LiveValues

WATCH_S, RETRY_S, WELCOME_S = 0.1, 2.0, 1.0
CATCH_UP_S = 3600
MOST_LISTENERS, MOST_QUEUED, QUEUED_EACH = 1000, 100, 3
PIECE = 20
"""So many listeners are looked at, or handed an event, in one go."""
SHARE = 4
"""One account, and one address, may have a quarter of all streams."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One message of the stream: ``at`` is the reading's inverter_time and the id of the event.

    An event named ``now`` is a moment between two readings: it has no id, and nobody catches up on it.
    """

    at: int
    data: bytes
    name: str = "reading"


@dataclass(frozen=True, slots=True)
class Whose:
    """The ``account`` and network ``address`` of a stream; ``may_stay`` says whether it may go on."""

    account: str = ""
    address: str = ""
    may_stay: Callable[[], bool] = lambda: True


@dataclass(eq=False, slots=True)
class Listener:
    """One open stream, of one or several systems, each with its zone and the newest reading that was sent.

    ``queue`` yields events, then None when the stream has to end.
    """

    zones: Mapping[int, Zone]
    last_at: dict[int, int] = field(default_factory=dict)
    whose: Whose = field(default_factory=Whose)
    queue: "asyncio.Queue[StreamEvent | None]" = field(init=False)

    def __post_init__(self) -> None:
        self.queue = asyncio.Queue(max(MOST_QUEUED, QUEUED_EACH * len(self.zones)))


class Live:
    """The hub. Belongs to one event loop; store calls run in a thread of their own.

    ``refresh`` updates the data that ``may_stay`` of the listeners depends on.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        refresh: Callable[[], Awaitable[None]],
        values: LiveValues | None = None,
    ) -> None:
        self._store, self._clock, self._refresh = store, clock, refresh
        self._moments = Moments(values, self._tell_now) if values else None
        self._listeners: set[Listener] = set()
        self._joined = False
        self._watcher: asyncio.Task[None] | None = None
        self._threads = CapacityLimiter(1)
        self._closed = False
        self.most = MOST_LISTENERS

    @property
    def count(self) -> int:
        return len(self._listeners)

    def join(self, listener: Listener) -> None:
        """Give the listener everything newer than ``listener.last_at`` from now on.

        Raises ApiError: 503 if full or closing, 429 if its account or address has its share.
        """
        self._refuse(listener)
        self._listeners.add(listener)
        self._joined = True
        self._follow_moments()
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.get_running_loop().create_task(self._watch())

    def _refuse(self, listener: Listener) -> None:
        later = {"retry-after": "10"}
        if self._closed or self.count >= self.most:
            reason = "The server is stopping" if self._closed else f"{self.most} streams are open already"
            raise ApiError(503, f"{reason}; try again later.", headers=later)
        share = max(1, self.most // SHARE)
        for name in ("account", "address"):
            whose = getattr(listener.whose, name)
            if sum(1 for one in self._listeners if getattr(one.whose, name) == whose) >= share:
                raise ApiError(429, f"Your {name} has {share} streams open; close some.", headers=later)

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        self._follow_moments()

    def _follow_moments(self) -> None:
        """Follow the moments between readings of those systems that have listeners."""
        if self._moments is not None:
            self._moments.follow({number for one in self._listeners for number in one.zones})

    def _tell_now(self, system_id: int, reading: Reading) -> None:
        """Give a moment to the listeners of a system; one with a full queue gets the next moment."""
        for listener in [one for one in self._listeners if system_id in one.zones]:
            if listener.queue.qsize() < QUEUED_EACH:
                data = orjson.dumps(event(system_id, reading, listener.zones[system_id]))
                listener.queue.put_nowait(StreamEvent(reading.inverter_time, data, "now"))

    async def close(self) -> None:
        """End every stream; call it when the server begins to stop, as it would wait for them."""
        self._closed = True
        if self._moments is not None:
            self._moments.close()
        for listener in list(self._listeners):
            self._drop(listener)
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher

    async def _watch(self) -> None:
        """Watch until nobody listens.

        If watching fails, every stream ends: the clients reconnect and start it again.
        """
        try:
            await self._follow()
        except Exception:
            log.exception("watching for new readings failed")
            for listener in list(self._listeners):
                self._drop(listener)

    async def _follow(self) -> None:
        seen: int | None = None
        failing = False
        loop, next_look_s = asyncio.get_running_loop(), 0.0
        while self._listeners:
            wait_s = WATCH_S
            if loop.time() >= next_look_s:
                next_look_s = loop.time() + WELCOME_S
                await self._refresh()
                await self._drop_unwelcome()
            try:
                token = await to_thread.run_sync(self._store.database.change_token, limiter=self._threads)
                # Somebody who joined may have read the history before the
                # last commit: they are looked after without a change.
                if token != seen or self._joined:
                    # Before the read, so that who joins during it is looked after the next time.
                    self._joined = False
                    wanted = self._wanted()
                    await self._publish(await to_thread.run_sync(self._news, wanted, limiter=self._threads))
                    seen = token
                failing = False
            except StoreError as error:
                if not failing:
                    log.warning("live readings wait for the database: %s", error)
                failing, wait_s = True, RETRY_S
            await asyncio.sleep(wait_s)

    async def _drop_unwelcome(self) -> None:
        """End the streams of people who were signed out or removed, or have a new password."""
        async for listener in _in_pieces(list(self._listeners)):
            if not listener.whose.may_stay():
                self._drop(listener)

    def _wanted(self) -> dict[int, tuple[int, Zone]]:
        """For each system, the oldest of the readings that its listeners were sent last."""
        wanted: dict[int, tuple[int, Zone]] = {}
        for one in self._listeners:
            for system_id, zone in one.zones.items():
                last_at = one.last_at.get(system_id, 0)
                known_at, _ = wanted.get(system_id, (last_at, zone))
                wanted[system_id] = (min(known_at, last_at), zone)
        return wanted

    def _news(self, wanted: dict[int, tuple[int, Zone]]) -> dict[int, list[StreamEvent]]:
        newest = readings.newest_at(self._store, self._clock.now_at())
        return {
            system_id: encode(system_id, since(self._store, system_id, last_at, newest[system_id]), zone)
            for system_id, (last_at, zone) in wanted.items()
            if newest.get(system_id, 0) > last_at
        }

    async def _publish(self, news: dict[int, list[StreamEvent]]) -> None:
        for system_id, events in news.items():
            async for listener in _in_pieces([one for one in self._listeners if system_id in one.zones]):
                self._deliver(listener, system_id, events)

    def _deliver(self, listener: Listener, system_id: int, events: Iterable[StreamEvent]) -> None:
        for one in events:
            if one.at <= listener.last_at.get(system_id, 0):
                continue
            if listener.queue.full():
                self._drop(listener)
                return
            listener.queue.put_nowait(one)
            listener.last_at[system_id] = one.at

    def _drop(self, listener: Listener) -> None:
        self.leave(listener)
        # The end needs a place in the queue, more than the messages that will not be taken any more.
        while listener.queue.full():
            listener.queue.get_nowait()
        listener.queue.put_nowait(None)


async def _in_pieces(listeners: Sequence[Listener]) -> AsyncIterator[Listener]:
    """Each of them; between pieces whoever else waits for the event loop has a turn. A thousand pages at once
    would keep every request waiting."""
    for number, listener in enumerate(listeners, 1):
        yield listener
        if number % PIECE == 0:
            await asyncio.sleep(0)


def since(store: Store, system_id: int, after_at: int, newest_at: int) -> list[Reading]:
    """Readings newer than ``after_at``, of at most the last hour, oldest first.

    A reading whose device clock was ahead is left out: when its time comes, it is old.
    """
    start_at = max(after_at, newest_at - CATCH_UP_S)
    found = readings.between(store, system_id, start_at, newest_at)
    return [one for one in found if not one.is_ahead or one.inverter_time == newest_at]


def encode(system_id: int, found: Iterable[Reading], zone: Zone) -> list[StreamEvent]:
    return [
        StreamEvent(reading.inverter_time, orjson.dumps(event(system_id, reading, zone))) for reading in found
    ]

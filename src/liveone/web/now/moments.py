"""The moments of systems between two readings, passed on as they come, ten times a second at most.

Rule: a value costs nothing if nobody looks at its system, and one call into the event loop if somebody does.
The last value before a pause is always passed on.
"""

import asyncio
from collections.abc import Callable, Iterable

from anyio import CapacityLimiter, to_thread

from liveone.domain.reading import Reading
from liveone.web.services import LiveValues

EVERY_S = 0.1


class Moments:
    """The moments of all systems. Belongs to the event loop in which it is first followed."""

    def __init__(self, values: LiveValues, tell: Callable[[int, Reading], None]) -> None:
        self._values, self._tell = values, tell
        self._wanted: frozenset[int] = frozenset()
        self._waiting: set[int] = set()
        self._told_s: dict[int, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = CapacityLimiter(1)

    def follow(self, system_ids: Iterable[int]) -> None:
        """Pass on moments of these systems from now on, and of no others."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._values.follow(self._heard)
        self._wanted = frozenset(system_ids)
        self._values.want(self._wanted)

    def close(self) -> None:
        """Pass on nothing more."""
        self._wanted = frozenset()
        self._values.want(self._wanted)
        for task in self._tasks:
            task.cancel()

    def _heard(self, system_id: int) -> None:
        """Called from any thread; moments that wait already will contain this value."""
        if system_id not in self._wanted or system_id in self._waiting or self._loop is None:
            return
        self._waiting.add(system_id)
        try:
            self._loop.call_soon_threadsafe(self._begin, system_id)
        except RuntimeError:
            self._wanted = frozenset()

    def _begin(self, system_id: int) -> None:
        task = asyncio.get_running_loop().create_task(self._pass_on(system_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, system_id: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(self._told_s.get(system_id, 0.0) + EVERY_S - loop.time())
            self._told_s[system_id] = loop.time()
        finally:
            self._waiting.discard(system_id)
        found = await to_thread.run_sync(self._values.now_of, system_id, limiter=self._threads)
        if found is not None and system_id in self._wanted:
            self._tell(system_id, found)

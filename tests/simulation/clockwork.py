"""A clock that runs as fast as the work allows, and whose hands two processes can look at.

Rule: time passes only while everybody waits for it; then it jumps to the next moment somebody waits for.
"""

import asyncio
import heapq
import itertools
import math
import mmap
from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

NAMES = ("true_at", "elapsed_s", "error_s", "limit_s", "standing_s")
BYTES = 8 * len(NAMES)

SPINS = 5
"""How often others are let run before we wait for threads to finish something."""

CALM_TURNS = 4
"""In a row, of the event loop: who has just gone to sleep may have left a task behind that has not begun."""


class Hands:
    """Where the hands stand: in memory, or in a file that a parent and its child both map.

    ``true_at`` is the right time (the portal's), ``elapsed_s`` what the child's monotonic clock shows,
    ``error_s`` how wrong its wall clock is. Time stops at ``limit_s`` (monotonic); ``standing_s`` says
    where it last stood still with all work done.
    """

    true_at: float
    elapsed_s: float
    error_s: float
    limit_s: float
    standing_s: float

    def __init__(self, memory: "array[float] | memoryview[float] | None" = None) -> None:
        self.__dict__["_memory"] = array("d", bytes(BYTES)) if memory is None else memory

    @classmethod
    def in_file(cls, path: Path) -> "Hands":
        """The hands in a file; all at zero in a new one."""
        if not path.exists():
            path.write_bytes(bytes(BYTES))
        with path.open("r+b") as file:
            return cls(memoryview(mmap.mmap(file.fileno(), BYTES)).cast("d"))

    def __getattr__(self, name: str) -> float:
        value: float = self.__dict__["_memory"][NAMES.index(name)]
        return value

    def __setattr__(self, name: str, value: float) -> None:
        self.__dict__["_memory"][NAMES.index(name)] = value


class FastClock:
    """A Clock on these hands. ``resting`` is how many loops sleep when none has anything to do."""

    def __init__(self, hands: Hands, *, resting: int) -> None:
        self.hands = hands
        self._moved, self._stood = asyncio.Event(), asyncio.Event()
        self._resting = resting
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def now_at(self) -> float:
        return self.hands.true_at + self.hands.error_s

    def monotonic_s(self) -> float:
        return self.hands.elapsed_s

    async def sleep(self, seconds_s: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(
            self._sleepers, (self.hands.elapsed_s + max(0.0, seconds_s), next(self._numbers), future)
        )
        await future

    async def run(self, busy: Callable[[], object]) -> None:
        """Let time pass for ever, while nobody works and ``busy`` says no."""
        while True:
            await self._settled(busy)
            next_s = self._sleepers[0][0] if self._sleepers else math.inf
            limit_s = self.hands.limit_s
            if next_s <= limit_s:
                self._jump(next_s)
                self._wake()
            else:
                await self._stand_still(limit_s)

    async def until(self, elapsed_s: float) -> None:
        """Return once time has passed up to that moment and all work until then is done."""
        self._stood.clear()
        self.hands.standing_s = -1.0
        self.hands.limit_s = elapsed_s
        self._moved.set()
        await self._stood.wait()

    async def _stand_still(self, limit_s: float) -> None:
        """Wait for a new limit, which may come from another process too."""
        if self.hands.standing_s != limit_s:
            self._jump(limit_s)
            self.hands.standing_s = limit_s
            self._stood.set()
            await asyncio.sleep(0)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), 0.002)
        self._moved.clear()

    async def _settled(self, busy: Callable[[], object]) -> None:
        calm = 0
        for turn in itertools.count():
            await asyncio.sleep(0 if calm or turn < SPINS else 0.0005)
            calm = calm + 1 if len(self._sleepers) >= self._resting and not busy() else 0
            if calm == CALM_TURNS:
                return

    def _jump(self, to_s: float) -> None:
        by_s = max(0.0, to_s - self.hands.elapsed_s)
        self.hands.true_at += by_s
        self.hands.elapsed_s += by_s

    def _wake(self) -> None:
        while self._sleepers and self._sleepers[0][0] <= self.hands.elapsed_s:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)

"""Runs blocking calls in threads and gives awaitables.

Rule: a call that never returns costs one thread and nothing else; it does not keep the process from
exiting (the threads are daemons, unlike those of ``concurrent.futures``).
"""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")


class Workers:
    """At most ``limit`` daemon threads, started as they are needed; further calls wait in line."""

    def __init__(self, limit: int, *, name: str = "collect") -> None:
        self._limit = limit
        self._name = name
        self._calls: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._unfinished = 0
        self._count = 0

    @property
    def count(self) -> int:
        """The number of threads started: the most calls that were ever under way together."""
        return self._count

    def submit(self, call: Callable[[], Result]) -> "asyncio.Future[Result]":
        """Run ``call`` in a thread; the future belongs to the running event loop."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._unfinished += 1
            # Counted under the lock, so that two calls at once start two threads and never one too many.
            grows = self._unfinished > self._count and self._count < self._limit
            self._count += grows
        self._calls.put((call, future))
        if grows:
            threading.Thread(target=self._work, name=f"{self._name}-{self._count}", daemon=True).start()
        return future

    def close(self) -> None:
        """Let every thread end after its current call; calls that wait are made first."""
        for _ in range(self._count):
            self._calls.put(None)

    def _work(self) -> None:
        while (task := self._calls.get()) is not None:
            call, future = task
            result, error = _outcome(call)
            with self._lock:
                self._unfinished -= 1
            _deliver(future, result, error)
            # Waiting for the next call the thread would keep the last one's readings and exception alive.
            del task, call, future, result, error


def _outcome(call: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return call(), None
    except BaseException as error:
        return None, error


def _deliver(future: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
    """Set the result of ``future`` in its loop, unless its waiter was cancelled or the loop has ended."""

    def deliver() -> None:
        # A waiter that was cancelled has settled it already; setting it again would raise in the loop.
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    try:
        future.get_loop().call_soon_threadsafe(deliver)
    except RuntimeError:
        return

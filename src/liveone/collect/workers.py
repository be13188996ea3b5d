"""Threads for calls that block, as awaitables.

Rule: a call that never returns costs one thread and nothing else; it does not keep the process from
exiting (the threads are daemons, unlike those of ``concurrent.futures``).
"""

import asyncio
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")


class Workers:
    """At most ``limit`` daemon threads, started as they are needed; further calls wait in line."""

    def __init__(self, limit: int, *, name: str = "collect") -> None:
        self._limit = limit
        self._name = name
        self._calls: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._count = 0

    @property
    def count(self) -> int:
        """How many threads have been started."""
        return self._count

    def submit(self, call: Callable[[], Result]) -> "asyncio.Future[Result]":
        """Run ``call`` in a thread; the future belongs to the running event loop."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._calls.put((call, future))
        if not self._idle.acquire(blocking=False) and self._count < self._limit:
            self._count += 1
            threading.Thread(target=self._work, name=f"{self._name}-{self._count}", daemon=True).start()
        return future

    def close(self) -> None:
        """Let every thread end after its present call; calls still in line are made first."""
        for _ in range(self._count):
            self._calls.put(None)

    def _work(self) -> None:
        while (task := self._take()) is not None:
            call, future = task
            try:
                result, error = call(), None
            except BaseException as raised:
                result, error = None, raised
            _deliver(future, result, error)
            del task, call, future, result, error

    def _take(self) -> tuple[Callable[[], Any], asyncio.Future[Any]] | None:
        try:
            return self._calls.get_nowait()
        except Empty:
            self._idle.release()
            return self._calls.get()


def _deliver(future: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
    def settle() -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    try:
        future.get_loop().call_soon_threadsafe(settle)
    except RuntimeError:
        return

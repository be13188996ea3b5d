"""Kills a piece of work with SIGKILL at a moment of choice, in a process of its own.

Rule: the parent has no connection open while the child is born; the child never returns into the test.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from changeover.database.schema import catalogue

Hook = Callable[[str], None]


def killed_at(work: Callable[[Hook], object], moment: str) -> bool:
    """Run ``work`` with a hook that kills the process at ``moment``; whether that moment came."""

    def hook(now: str) -> None:
        if now == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    return _ended_by_kill(_born(lambda: work(hook)))


def boundaries_of(work: Callable[[Hook], object]) -> list[str]:
    """The name of every boundary that ``work`` passes, in order."""
    found: list[str] = []
    _forget()
    work(found.append)
    return found


def kill_at(work: Callable[[Hook], object], number: int) -> None:
    """Run ``work`` and kill it at its boundary ``number``, counted from 0."""
    passed = 0

    def hook(moment: str) -> None:
        nonlocal passed
        if passed == number:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    was_killed = _ended_by_kill(_born(lambda: work(hook)))
    assert was_killed, f"it was to die at boundary {number} and ended by itself"


def killed_after(work: Callable[[Hook], object], seconds: float) -> bool:
    """Run ``work`` and kill it after some time; whether it was still at work."""
    child = _born(lambda: work(lambda moment: None))
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return _ended_by_kill(child)


class Stopped:
    """A process that stands still at some moment of its work."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended = False

    def go_on(self) -> int:
        """Let it go on, and wait; its exit code: 0 when its work succeeded, 1 when it raised."""
        return self._end(signal.SIGCONT)

    def kill(self) -> None:
        """End it where it stands."""
        self._end(signal.SIGKILL)

    def _end(self, by: signal.Signals) -> int:
        if self._ended:
            return 0
        self._ended = True
        os.kill(self.pid, by)
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


@contextmanager
def stopped_at(work: Callable[[Hook], object], moment: str) -> Iterator[Stopped]:
    """Run ``work`` until ``moment`` and stop it there (SIGSTOP); it never outlives the block."""

    def hook(now: str) -> None:
        if now == moment:
            os.kill(os.getpid(), signal.SIGSTOP)

    pid = _born(lambda: work(hook))
    os.waitpid(pid, os.WUNTRACED)
    child = Stopped(pid)
    try:
        yield child
    finally:
        child.kill()


def _born(work: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        _forget()
        work()
    except BaseException:
        os._exit(1)
    os._exit(0)


def _forget() -> None:
    """A process that has just begun knows no schema, and passes more boundaries than one that does."""
    catalogue._remembered.clear()


def _ended_by_kill(child: int) -> bool:
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), f"the work itself failed (exit code {code})"
    return code == -signal.SIGKILL

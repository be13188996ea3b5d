"""Kills a piece of work with SIGKILL at a moment of choice, in a process of its own.

Rule: the parent has no connection open while the child is born; the child never returns into the test.
"""

import os
import signal
import time
from collections.abc import Callable

Hook = Callable[[str], None]


def killed_at(work: Callable[[Hook], object], moment: str) -> bool:
    """Run ``work`` with a hook that kills the process at ``moment``; whether that moment came."""

    def hook(now: str) -> None:
        if now == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    return _ended_by_kill(_born(lambda: work(hook)))


def killed_after(work: Callable[[Hook], object], seconds: float) -> bool:
    """Run ``work`` and kill it after some time; whether it was still at work."""
    child = _born(lambda: work(lambda moment: None))
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return _ended_by_kill(child)


def stopped_at(work: Callable[[Hook], object], moment: str) -> int:
    """Run ``work`` until ``moment`` and stop it there (SIGSTOP); its process id. End it with `finished`."""

    def hook(now: str) -> None:
        if now == moment:
            os.kill(os.getpid(), signal.SIGSTOP)

    child = _born(lambda: work(hook))
    os.waitpid(child, os.WUNTRACED)
    return child


def finished(child: int) -> int:
    """Let a stopped process go on, and wait; its exit code: 0 when its work succeeded, 1 when it raised."""
    os.kill(child, signal.SIGCONT)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _born(work: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:
        os._exit(1)
    os._exit(0)


def _ended_by_kill(child: int) -> bool:
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), f"the work itself failed (exit code {code})"
    return code == -signal.SIGKILL

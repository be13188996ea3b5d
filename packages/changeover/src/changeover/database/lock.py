"""The lock file beside the database: one runner at a time on this machine, released when it dies.

Rule: the lock is the kernel's (`flock`) on ``<database>.changeover-lock``; the text in the file only says
who holds it. It keeps runners of one machine apart; the lease in the database keeps machines apart. The
file is never deleted: otherwise two runners could hold locks on two files of the same name, one of them
deleted.
"""

import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from changeover.database.local import lock_file
from changeover.database.where import Database
from changeover.errors import Locked

TRIES, PAUSE_S = 10, 0.01


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock or a lease. ``since_at`` is UTC epoch seconds."""

    run_id: str
    pid: int
    host: str
    since_at: int

    def __str__(self) -> str:
        return f"run {self.run_id}, process {self.pid} on {self.host}{state_of(self)}"


def this_runner(run_id: str, *, since_at: int) -> Holder:
    """The holder that this process would be."""
    return Holder(run_id, os.getpid(), socket.gethostname(), since_at)


class LockFile:
    """A lock that is held; `release` it, or die."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        if self._descriptor is not None:
            # Emptied while the lock is ours: a moment later the text may be that of the next holder.
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "LockFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def take(database: Database, holder: Holder, *, state: Path | None = None) -> LockFile:
    """The lock of a database; that of a server's lies beside its ``state`` folder.

    Raises Locked that names who has it.
    """
    path = lock_file(database, state)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A child that had the descriptor would hold the lock after our death: a flock belongs to the
    # open file, which fork and exec share (https://man7.org/linux/man-pages/man2/flock.2.html).
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    if not _locked(descriptor):
        os.close(descriptor)
        other = holder_of(database, state=state)
        raise Locked(
            f"Another runner is at work on {database}: {other or 'one that did not say who it is'}.",
            hint=_what_to_do(other),
        )
    # Only now: until the lock is ours, the text says who has it.
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
    return LockFile(path, descriptor)


def holder_of(database: Database, *, state: Path | None = None) -> Holder | None:
    """Who wrote the lock file last; None when nobody did or it was given back."""
    try:
        return Holder(**json.loads(lock_file(database, state).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def is_taken(database: Database, *, state: Path | None = None) -> bool:
    """Whether a living process holds the lock."""
    try:
        descriptor = os.open(lock_file(database, state), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared: two that only look are not in each other's way.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _locked(descriptor: int) -> bool:
    """Whether the lock is ours; `is_taken` of somebody who only looks stands in the way for a moment."""
    for left in reversed(range(TRIES)):
        try:
            # flock, not fcntl: an fcntl lock is lost as soon as this process closes any descriptor of the
            # file (https://sqlite.org/howtocorrupt.html, 2.2).
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(PAUSE_S if left else 0)
    return False


def state_of(holder: Holder) -> str:
    """`` (stopped)``, `` (gone)`` or nothing for a process of this machine that runs; Linux only."""
    if holder.host != socket.gethostname() or not Path("/proc/self").exists():
        return ""
    try:
        text = Path(f"/proc/{holder.pid}/stat").read_text()
    except OSError:
        return " (gone)"
    # The command name stands in brackets and may hold brackets and spaces itself; fields begin after the
    # last.
    return " (stopped)" if text.rpartition(")")[2].split()[0] in "Tt" else ""


def _what_to_do(holder: Holder | None) -> str:
    if holder is not None and state_of(holder) == " (stopped)":
        return (
            f"It is stopped: `kill -CONT {holder.pid}` lets it go on, `kill -9 {holder.pid}` ends it (safe)."
        )
    return (
        "Wait for it (`changeover status`), or end that process: the database stays whole, `resume` goes on."
    )

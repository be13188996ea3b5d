"""Whether one process alone polls a database file, asked of the operating system.

A file is used by the processes of one machine. So a process that polls alone needs no lease in the
database: it holds a lock on ``<file>-poller``, which every process of the machine sees and the kernel
releases when the process dies.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from liveone.store.database import Database
from liveone.store.sqlite import SqliteDatabase

SUFFIX = "-poller"
CLOSED = -1


class ExclusiveLock:
    """Held alone by a process that polls alone, and together by those that share. Not safe across threads."""

    def __init__(self, path: Path, says: str) -> None:
        self._says = says
        self.is_alone = False
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self.release()
        except OSError:
            self.close()
            raise

    def alone(self) -> bool:
        """Upgrade our shared lock to exclusive if no other process holds it; otherwise keep the shared
        lock.
        """
        if not self.is_alone and not self._lock(fcntl.LOCK_EX):
            # flock(2) converts a lock by giving it up first: a failed upgrade has lost the shared lock, so
            # take it again.
            self._lock(fcntl.LOCK_SH)
            return False
        if not self.is_alone:
            self._sign()
        self.is_alone = True
        return True

    def together(self) -> bool:
        """Take the lock shared; False while another process holds it exclusively."""
        if not self._lock(fcntl.LOCK_SH):
            return False
        self.is_alone = False
        return True

    def release(self) -> None:
        """Let others have it."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self.is_alone = False

    def close(self) -> None:
        """Let others have it, for good; once is enough."""
        self.is_alone = False
        descriptor, self._descriptor = self._descriptor, CLOSED
        if descriptor != CLOSED:
            os.close(descriptor)

    def _lock(self, how: int) -> bool:
        try:
            fcntl.flock(self._descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _sign(self) -> None:
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{self._says}\n".encode(), 0)


def exclusive_lock(database: Database, says: str) -> ExclusiveLock | None:
    """The lock of a database file, None for a server, and where the file's system knows no such lock."""
    if not isinstance(database, SqliteDatabase):
        return None
    try:
        return ExclusiveLock(_beside(database.path), says)
    except OSError:
        return None


def exclusive_poller(database: Database) -> tuple[str, float] | None:
    """Which process polls a file alone, and since when (UTC epoch seconds); None where none does."""
    if not isinstance(database, SqliteDatabase):
        return None
    with suppress(OSError), _beside(database.path).open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            # The holder signed it when it became alone, so the time of that writing is since when.
            return file.readline().strip() or "another process", os.fstat(file.fileno()).st_mtime
    return None


def _beside(path: Path) -> Path:
    real = path.resolve()
    return real.with_name(real.name + SUFFIX)

"""The write-ahead log: how far it has grown, and whether a reader pins it."""

import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path

POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Wal:
    """Pages in the log and pages of it already in the file. Both 0 when the database has no WAL."""

    pages: int
    moved: int
    busy: bool

    @property
    def pinned(self) -> int:
        """Pages that could not be moved because a reader still looks at an older state."""
        return max(self.pages - self.moved, 0)


@dataclass(slots=True)
class WalThrottle:
    """Lets many small transactions wait while their log is large and a reader pins it.

    ``most_bytes``: above this they wait. ``wait_s``: how long in all, until the log was moved again; after
    that they go on, since a reader that never ends would else stop them for ever. ``largest_bytes``: as
    large as the log was.
    """

    most_bytes: int = 48_000_000
    wait_s: float = 60.0
    largest_bytes: int = field(default=0, init=False)
    _waited_s: float = field(default=0.0, init=False)

    def wait(self, connection: sqlite3.Connection) -> None:
        """Between two transactions: move the log into the file where it is large, and wait for its reader."""
        while self._size(connection) > self.most_bytes:
            began_s = time.monotonic()
            # The file keeps its size after a checkpoint and is written from its start
            # again (https://sqlite.org/wal.html#avoiding_excessively_large_wal_files):
            # large alone is nothing to wait for.
            if not look(connection).pinned:
                self._waited_s = 0.0
                return
            if self._waited_s >= self.wait_s:
                return
            time.sleep(POLL_S)
            self._waited_s += time.monotonic() - began_s

    def _size(self, connection: sqlite3.Connection) -> int:
        """Bytes of the log's file; 0 where there is none."""
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        log = Path(f"{file}-wal")
        size = log.stat().st_size if file and log.exists() else 0
        self.largest_bytes = max(self.largest_bytes, size)
        return size


def look(connection: sqlite3.Connection) -> Wal:
    """Move what can be moved without waiting for anybody, and say what is left."""
    return _checkpoint(connection, "PASSIVE")


def empty(connection: sqlite3.Connection, *, wait_s: float) -> Wal:
    """Empty the log, so that it does not stay big after a change; waits for readers at most ``wait_s``.

    ``pinned`` > 0 in the answer: a reader holds it; the change is committed all the same, the log just stays.
    """
    deadline = time.monotonic() + wait_s
    # While TRUNCATE waits in the busy handler it keeps writers out: do not wait inside of it, ask again
    # (https://sqlite.org/c3ref/wal_checkpoint_v2.html).
    connection.execute("PRAGMA busy_timeout = 0")
    while True:
        found = _checkpoint(connection, "TRUNCATE")
        if not found.busy or time.monotonic() >= deadline:
            return found
        time.sleep(POLL_S)


def _checkpoint(connection: sqlite3.Connection, how: str) -> Wal:
    busy, pages, moved = connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
    # Both are -1 where there is no WAL (https://sqlite.org/pragma.html#pragma_wal_checkpoint).
    return Wal(max(pages, 0), max(moved, 0), bool(busy))

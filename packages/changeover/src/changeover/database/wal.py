"""The write-ahead log: how far it has grown, and whether a reader pins it."""

import sqlite3
import time
from dataclasses import dataclass

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
    return Wal(max(pages, 0), max(moved, 0), bool(busy))

"""Null queue: used on a host without a disk of its own; it accepts nothing.

Rule: it fails as a broken disk does. So a reading that the database refuses waits in memory and is tried
once more before the collector stops; if that fails too it is lost, and the answer says so.
"""

from collections.abc import Sequence
from pathlib import Path

from liveone.collect.queue.segments import QueuedLines
from liveone.collect.queue.spool import SpoolFailed
from liveone.store.readings import Recorded


class NullQueue:
    """A spool that is always empty and cannot be written. Safe to call from any thread."""

    folder = Path("memory")
    waiting = held = size_bytes = 0

    def append(self, recorded: Sequence[Recorded]) -> None:
        """Raises SpoolFailed."""
        raise SpoolFailed("This instance has no disk for readings to wait on.")

    def hold(self, recorded: Recorded, reason: str) -> None:
        """Raises SpoolFailed."""
        raise SpoolFailed(f"This instance has no disk to hold a reading on. {reason}")

    def front(self) -> tuple[QueuedLines, list[Recorded]] | None:
        """Nothing waits."""
        return None

    def drop(self, batch: QueuedLines) -> None:
        """There is never anything to drop."""

    def release_held(self) -> int:
        """Nothing is held."""
        return 0

    def adopt_orphans(self) -> int:
        """Nobody left anything."""
        return 0

    def close(self) -> None:
        """There is nothing to give back."""

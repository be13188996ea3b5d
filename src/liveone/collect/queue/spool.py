"""Readings on disk that wait for the database: in order, durable, bounded, of one process.

SpoolError
├── SpoolFull     the bound is met; the reading is refused (retryable)
├── SpoolFailed   the disk or folder of the spool fails (retryable)
└── SpoolInUse    all places of this folder are taken by other processes

Layout: ``<n>.jsonl`` what waits, ``held/`` what this generation of the database cannot hold, ``damaged/``
torn lines, ``lock`` whose it is, ``reserve`` room for when the disk is full.
A second process takes the subfolder ``2``, a third ``3``; what a dead
one leaves there is taken over by whoever lives.
"""

import errno
import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from liveone.collect.queue import lines
from liveone.collect.queue.disk_reserve import Reserve
from liveone.collect.queue.segments import QueuedLines, Segments
from liveone.errors import LiveOneError
from liveone.store.readings import Recorded

LIMIT_BYTES = 256 * 1024 * 1024
"""About 600,000 readings: a year of one system, ten hours of a thousand."""

PLACES = 9

MOVING_BYTES = 4 * 1024 * 1024
"""What may exceed the limit while readings move from what waits to what is held."""


FULL = (errno.ENOSPC, errno.EDQUOT)


class SpoolError(LiveOneError):
    """Readings cannot wait on disk."""

    retryable = True


class SpoolFull(SpoolError):
    """The spool holds as much as it may."""


class SpoolFailed(SpoolError):
    """The disk or the folder of the spool fails."""


class SpoolInUse(SpoolError):
    """Other processes hold every place in the folder."""

    retryable = False


class Spool:
    """One process's place in a spool folder. Safe to call from any thread."""

    def __init__(self, folder: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._lock = threading.Lock()
        self._limit_bytes = limit_bytes
        self._root = folder
        self._front: tuple[QueuedLines, list[Recorded]] | None = None
        with self._disk():
            self.folder, self._owner = _take_a_place(folder)
            self._waiting = Segments(self.folder)
            self._held = Segments(self.folder / "held")
        self._reserve = Reserve(self.folder)
        self.adopt_orphans()

    @property
    def waiting(self) -> int:
        """How many readings wait for the database."""
        return self._waiting.count

    @property
    def held(self) -> int:
        """How many readings the present generation of the database cannot hold."""
        return self._held.count

    @property
    def size_bytes(self) -> int:
        """What all of it takes on disk."""
        return self._waiting.size_bytes + self._held.size_bytes

    def append(self, recorded: Sequence[Recorded]) -> None:
        """Put readings at the end, durably, all or none. SpoolFull or SpoolFailed."""
        self._put(self._waiting, [lines.encode(one) for one in recorded], self._limit_bytes)

    def hold(self, recorded: Recorded, reason: str) -> None:
        """Keep a reading that the database cannot hold, durably, with the reason."""
        self._put(self._held, [lines.encode(recorded, reason=reason)], self._limit_bytes + MOVING_BYTES)

    def front(self) -> tuple[QueuedLines, list[Recorded]] | None:
        """The oldest readings (at most a segment of them); None when nothing waits."""
        with self._lock, self._disk():
            if self._front is None:
                self._front = self._read()
            return self._front

    def drop(self, batch: QueuedLines) -> None:
        """Forget readings of the front, after they have been written to the database."""
        with self._lock, self._disk():
            self._front = None
            self._waiting.drop(batch)
            if not self._waiting.count:
                self._reserve.take()

    def release_held(self) -> int:
        """Put everything that is held behind what waits, to be tried again; returns how many."""
        with self._lock, self._disk():
            count = self._held.count
            self._waiting.adopt(self._held)
            return count

    def adopt_orphans(self) -> int:
        """Take over what processes that are gone left in this folder; returns how many readings."""
        adopted = 0
        for place in _places(self._root):
            if place == self.folder or not place.is_dir():
                continue
            with self._lock, self._disk(), _held_lock(place) as owner:
                if owner is not None:
                    adopted += self._adopt(place)
        return adopted

    def close(self) -> None:
        """Give the place back; what waits stays on disk."""
        with self._lock:
            self._waiting.close()
            self._held.close()
            os.close(self._owner)

    def _adopt(self, place: Path) -> int:
        waiting, held = Segments(place), Segments(place / "held")
        count = waiting.count + held.count
        self._waiting.adopt(waiting)
        self._held.adopt(held)
        return count

    def _put(self, segments: Segments, encoded: list[bytes], limit_bytes: int) -> None:
        with self._lock, self._disk():
            size = sum(len(line) for line in encoded)
            if self.size_bytes + size > limit_bytes:
                raise SpoolFull(
                    f"The spool {self.folder} is full: {self.size_bytes:,} bytes, {self.waiting:,} readings "
                    f"wait and {self.held:,} are held. New readings are being lost.",
                    hint="Make the database writable again (see `liveone doctor`): the spool empties itself.",
                )
            try:
                segments.append(encoded)
            except OSError as error:
                # Safe to try again: a torn part was cut off, and what
                # is there twice is written to the database once.
                if error.errno not in FULL or not self._reserve.give_back():
                    raise
                segments.append(encoded)

    def _read(self) -> tuple[QueuedLines, list[Recorded]] | None:
        while (batch := self._waiting.front()) is not None:
            recorded = []
            for line in batch.lines:
                if (one := lines.decode(line)) is None:
                    self._waiting.put_aside(batch.path, line, "cannot be read")
                else:
                    recorded.append(one)
            if recorded:
                return batch, recorded
            self._waiting.drop(batch)
        return None

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SpoolFailed(
                f"The spool {self._root} cannot be used: {error.strerror or error}.",
                hint="Check the disk's free space and the folder's owner and mode.",
            ) from error


def _places(folder: Path) -> list[Path]:
    return [folder, *(folder / str(number) for number in range(2, PLACES + 1))]


def _take_a_place(folder: Path) -> tuple[Path, int]:
    for place in _places(folder):
        place.mkdir(parents=True, exist_ok=True)
        if (owner := _try_lock(place)) is not None:
            return place, owner
    raise SpoolInUse(
        f"All {PLACES} places of the spool {folder} are held by other processes.",
        hint="Stop the other `liveone` processes, or give this one a spool folder of its own.",
    )


def _try_lock(place: Path) -> int | None:
    descriptor = os.open(place / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


@contextmanager
def _held_lock(place: Path) -> Iterator[int | None]:
    descriptor = _try_lock(place)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            # The lock file stays: deleted, two processes could hold locks on two files of one name.
            os.close(descriptor)

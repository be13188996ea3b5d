"""Room on the disk that is kept for readings: taken while there is plenty, given back when there is none."""

import logging
import os
from pathlib import Path

RESERVE_BYTES = 4 * 1024 * 1024
"""About 10,000 readings: a week of one system."""

NAME = "reserve"
log = logging.getLogger(__name__)


class Reserve:
    """A file of real blocks in the spool's folder. Not safe for threads: its owner holds a lock."""

    def __init__(self, folder: Path, *, size_bytes: int = RESERVE_BYTES) -> None:
        self._path, self._size_bytes = folder / NAME, size_bytes
        self._is_there = False
        self.take()

    def take(self) -> None:
        """Have the room, as far as the disk has it; at most a quarter of what is free."""
        if self._is_there:
            return
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                free = os.fstatvfs(descriptor)
                # A disk that is nearly full must not be filled by its own reserve.
                size_bytes = min(self._size_bytes, free.f_bavail * free.f_frsize // 4)
                if size_bytes:
                    # Real blocks: a file that is only made long is sparse and keeps no room free.
                    os.posix_fallocate(descriptor, 0, size_bytes)
                    self._is_there = True
            finally:
                os.close(descriptor)
        except OSError as error:
            log.warning("no room can be kept for readings in %s: %s", self._path.parent, error.strerror)

    def give_back(self) -> bool:
        """Free the room for readings; False when that was done before."""
        if not self._is_there:
            return False
        self._is_there = False
        self._path.unlink(missing_ok=True)
        log.warning("the disk is full: readings take the room that was kept for them")
        return True

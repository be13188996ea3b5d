"""Who has a database file open, asked of the operating system.

SQLite holds a shared lock on a range of a WAL database's bytes for as long as a connection is open.
"""

import fcntl
import os
import struct
from pathlib import Path

from liveone.store.database import Busy

PENDING_BYTE, SHARED_BYTES = 0x40000000, 512
SHM_FIRST_BYTE, SHM_BYTES = 120, 9
_FLOCK = "hhqqi"
"""struct flock with 64-bit offsets: type, whence, start, length, pid."""


def refuse_if_open(path: Path) -> None:
    """Raise Busy, naming the process, when another process has the database open."""
    for name, start, length in (
        (path.name, PENDING_BYTE, SHARED_BYTES),
        (f"{path.name}-shm", SHM_FIRST_BYTE, SHM_BYTES),
    ):
        pid = _holder(path.with_name(name), start, length)
        if pid:
            raise Busy(
                f"database {path} is open in process {pid}; it was left as it is",
                hint="Stop LiveOne first, and every other program that has the database open.",
            )


def _holder(path: Path, start: int, length: int) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return 0
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
        kind, *_, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
        return 0 if kind == fcntl.F_UNLCK else int(pid)
    finally:
        os.close(descriptor)

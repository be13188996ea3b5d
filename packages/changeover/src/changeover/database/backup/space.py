"""Disk space, forecast before anything is written: a migration must never be what fills the disk."""

import shutil
from pathlib import Path

from changeover.errors import Full
from changeover.words import megabytes

SPARE_BYTES = 32 * 1024 * 1024
"""What must stay free besides, for logs, the journal and the WAL of the living application."""


def size_of(database: Path) -> int:
    """Bytes of the database with its WAL."""
    wal = database.with_name(database.name + "-wal")
    return database.stat().st_size + (wal.stat().st_size if wal.exists() else 0)


def free_at(folder: Path) -> int:
    """Bytes that this user may still write there; the nearest folder that exists is asked."""
    while not folder.exists():
        folder = folder.parent
    # What is reserved for root is not counted in.
    return shutil.disk_usage(folder).free


def require(folder: Path, needed_bytes: int, *, purpose: str, spare_bytes: int = SPARE_BYTES) -> None:
    """Raises Full, before anything is written, when the folder's file system has no room for ``purpose``."""
    free = free_at(folder)
    if free < needed_bytes + spare_bytes:
        raise Full(
            f"{purpose} needs {megabytes(needed_bytes)} in {folder} and {megabytes(spare_bytes)} to spare;"
            f" {megabytes(free)} are free.",
            hint="Free space there, or name another folder with `backups:` in the plan. Nothing was written.",
        )

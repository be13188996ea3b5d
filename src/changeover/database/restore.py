"""Putting a backup back, safely under a living application, killable at any moment.

Rule: nothing is ever copied over a database that has a WAL. The backup's pages are written through SQLite
into the target as one transaction: readers keep their snapshot, writers wait, and killed half-way the target
is as before. Only where there is no database, or one too damaged to open, a file is put in place - with no
process having it open, and with the old WAL moved away first, because SQLite would otherwise replay it into
the restored file.
"""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from changeover.database import backup as backups
from changeover.database import space, wal
from changeover.database.backup import Progress, quiet
from changeover.database.connect import connect, frozen, translated
from changeover.errors import Busy, Damaged, DatabaseError, Refused

COMPANIONS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. ``kept`` is where the database as it was before is now.

    None where there was none.
    """

    path: Path
    bytes: int
    seconds: float
    kept: Path | None

    @property
    def mb_per_s(self) -> float:
        """Rate, a million bytes each."""
        return self.bytes / 1e6 / max(self.seconds, 1e-9)


def restore(
    source: Path,
    target: Path,
    *,
    now_at: int,
    keep_in: Path | None = None,
    expected_sha256: str | None = None,
    lock_wait_s: float = 10.0,
    progress: Progress = quiet,
    hook: Callable[[str], None] = lambda moment: None,
) -> Restored:
    """Make ``target`` what ``source``, a backup, is; the state before is backed up to ``keep_in``, if given.

    ``hook`` hears verified, kept, written. Raises Damaged when the backup is not whole or not the one of that
    hash (the target is untouched), Busy when a writer keeps the target locked, Full, Refused.
    """
    digest = backups.check(source, progress=progress)
    if expected_sha256 is not None and digest != expected_sha256:
        raise Damaged(
            f"{source} is not the backup that was made: its hash is {digest[:12]}..., not"
            f" {expected_sha256[:12]}...",
            hint="Choose another backup; this one was changed after it was made.",
        )
    hook("verified")
    if _opens(target):
        kept = backups.backup(target, keep_in, now_at=now_at).path if keep_in else None
        hook("kept")
        started = time.monotonic()
        _write_through(source, target, lock_wait_s, progress)
    else:
        started = time.monotonic()
        kept = _put_in_place(source, target, now_at)
    hook("written")
    return Restored(target, source.stat().st_size, time.monotonic() - started, kept)


def processes_with(path: Path) -> list[int]:
    """Processes, other than this one, that have a file open; Linux only, and only those we may look at."""
    wanted = path.resolve()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            if any(Path(os.readlink(entry)) == wanted for entry in (process / "fd").iterdir()):
                found.append(int(process.name))
        except OSError:
            continue
    return sorted(found)


def _opens(target: Path) -> bool:
    """Whether there is a database that SQLite can write through; damage in its rows does not matter."""
    try:
        connect(target).close()
    except Damaged:
        return False
    except DatabaseError:
        if target.exists():
            raise
        return False
    return True


def _write_through(source: Path, target: Path, lock_wait_s: float, progress: Progress) -> None:
    space.require(
        target.parent, 2 * source.stat().st_size, purpose="The restore (WAL and file)", spare_bytes=0
    )
    with (
        translated(target),
        closing(frozen(source)) as reader,
        closing(connect(target, busy_timeout_s=0.2)) as writer,
    ):
        _require_same_page_size(reader, writer, source, target)
        log = target.with_name(target.name + "-wal")
        with backups.reported(log, source.stat().st_size, progress):
            reader.backup(writer, pages=-1, progress=_patience(lock_wait_s), sleep=0.05)
        writer.execute("PRAGMA synchronous = FULL")
        wal.empty(writer, wait_s=1.0)


def _require_same_page_size(
    reader: sqlite3.Connection, writer: sqlite3.Connection, source: Path, target: Path
) -> None:
    sizes = [connection.execute("PRAGMA page_size").fetchone()[0] for connection in (reader, writer)]
    if sizes[0] != sizes[1] and writer.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        raise Refused(
            f"{source} has pages of {sizes[0]} bytes and {target} of {sizes[1]}; a database with a WAL"
            " cannot change that.",
            hint="Stop the application, move the database and its -wal and -shm away, and restore again.",
        )


def _patience(lock_wait_s: float) -> Callable[[int, int, int], None]:
    deadline = time.monotonic() + lock_wait_s

    def look(status: int, remaining: int, total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise Busy(
                f"The database stayed locked for {lock_wait_s:g} s; it is as it was.",
                hint="End the long transaction, or stop the application, and restore again.",
            )

    return look


def _put_in_place(source: Path, target: Path, now_at: int) -> Path | None:
    users = processes_with(target) if target.exists() else []
    if users:
        raise Refused(
            f"{target} is damaged and still open in process {', '.join(map(str, users))}.",
            hint="Stop the application, restore, start it again.",
        )
    space.require(target.parent, source.stat().st_size, purpose="The restore")
    partial = target.with_name(target.name + ".partial")
    backups.copy(source, partial)
    backups.sync(partial)
    kept = _move_aside(target, now_at)
    os.replace(partial, target)
    backups.sync(target.parent)
    return kept


def _move_aside(target: Path, now_at: int) -> Path | None:
    """The damaged file and what belongs to it, under a name of their own.

    A stale WAL must not meet the new file.
    """
    stamp = f"{datetime.fromtimestamp(now_at, UTC):%Y%m%d-%H%M%S}"
    aside = target.with_name(f"{target.name}.damaged-{stamp}")
    for suffix in COMPANIONS:
        companion = target.with_name(target.name + suffix)
        if companion.exists():
            os.replace(companion, aside.with_name(aside.name + suffix))
    backups.sync(target.parent)
    if not target.exists():
        return None
    os.link(target, aside)
    return aside

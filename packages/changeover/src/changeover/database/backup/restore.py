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
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from changeover.database import wal
from changeover.database.backup import backup as backups
from changeover.database.backup import space
from changeover.database.backup.backup import Progress, quiet
from changeover.database.connect import connect, frozen, translated
from changeover.errors import Busy, Damaged, DatabaseError, Refused
from changeover.words import stamp

COMPANIONS = ("-wal", "-shm", "-journal")
TRIES = 3
# Every commit with a rollback journal moves it (https://sqlite.org/fileformat2.html#file_change_counter).
CHANGE_COUNTER_AT = 24


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: the backup's hash as it was proven, and where the database is that was there before.

    ``previous`` is None where there was none.
    """

    path: Path
    bytes: int
    seconds: float
    sha256: str
    previous: Path | None

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
        started = time.monotonic()
        keeping = _Keeping(keep_in, now_at, hook)
        previous = _exchange(source, target, keeping, _Patience(lock_wait_s), progress)
    else:
        started = time.monotonic()
        previous = _put_in_place(source, target, now_at)
    hook("written")
    return Restored(target, source.stat().st_size, time.monotonic() - started, digest, previous)


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
    """Whether there is a database that SQLite can write through; damage in its rows does not matter.

    It is read first: opened for writing, SQLite deletes the WAL of a file whose header is damaged, and with
    it what could have been saved.
    """
    try:
        connect(target, read_only=True).close()
        connect(target).close()
    except Damaged:
        return False
    except DatabaseError:
        if target.exists():
            raise
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Keeping:
    """Where the state before is kept (None: nowhere), when that is, and who hears when it is done."""

    folder: Path | None
    now_at: int
    hook: Callable[[str], None]

    @property
    def label(self) -> str:
        return f"before-restore-{stamp(self.now_at)}"


def _exchange(
    source: Path, target: Path, keeping: _Keeping, patience: "_Patience", progress: Progress
) -> Path | None:
    """Keep the state before, then write the backup over it; where it was kept is now.

    Whoever wrote between the two is found out once writers are kept out: then all of it is done again.
    Raises Busy when somebody writes every time.
    """
    with _watching(target) as version:
        for _ in range(TRIES):
            before = version()
            made = backups.backup(target, keeping.folder, label=keeping.label) if keeping.folder else None
            keeping.hook("kept")
            try:
                _write_through(source, target, patience.until_changed(version, before), progress)
            except _WrittenSince:
                if made is not None:
                    made.path.unlink()
                    continue
                raise
            return made.path if made else None
    raise Busy(
        f"Somebody wrote to {target} each of the {TRIES} times between keeping it and restoring; it is as it"
        " was.",
        hint="Stop the application, restore, start it again.",
    )


@contextmanager
def _watching(target: Path) -> Iterator[Callable[[], object]]:
    """Another value whenever somebody has committed, readable while we hold the lock.

    Without a WAL that lock keeps readers out, so the counter in the file's header is read, by a descriptor
    that stays open: closing one gives up every lock of this process on the file, also those of others in it
    (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    with translated(target), closing(connect(target)) as connection:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            # Moves for commits of other connections only, not for our own
            # (https://sqlite.org/pragma.html#pragma_data_version).
            yield lambda: connection.execute("PRAGMA data_version").fetchone()[0]
            return
        descriptor = os.open(target, os.O_RDONLY)
        try:
            yield lambda: os.pread(descriptor, 4, CHANGE_COUNTER_AT)
        finally:
            os.close(descriptor)


class _WrittenSince(Exception):
    """Somebody committed after the state before was kept."""


def _write_through(source: Path, target: Path, patience: "_Patience", progress: Progress) -> None:
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
            # Through SQLite and not as a file: whoever has the database open goes on with the restored one.
            reader.backup(writer, pages=1, progress=patience, sleep=0.05)
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


class _Patience:
    """Hears of every page written: how long the lock may be waited for, and what must hold once it is ours.

    Page by page, because the first page takes the lock, and nothing is committed before the last.
    """

    def __init__(
        self, lock_wait_s: float, version: Callable[[], object] = lambda: None, before: object = None
    ) -> None:
        self.lock_wait_s, self.version, self.before = lock_wait_s, version, before
        self.ends_s = time.monotonic() + lock_wait_s
        self.is_ours = False

    def until_changed(self, version: Callable[[], object], before: object) -> "_Patience":
        """The same patience anew, with nothing committed since ``version`` was ``before``."""
        return _Patience(self.lock_wait_s, version, before)

    def __call__(self, status: int, remaining: int, total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            if time.monotonic() > self.ends_s:
                raise Busy(
                    f"The database stayed locked for {self.lock_wait_s:g} s; it is as it was.",
                    hint="End the long transaction, or stop the application, and restore again.",
                )
        elif not self.is_ours:
            self.is_ours = True
            if self.version() != self.before:
                raise _WrittenSince


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
    previous = _move_aside(target, now_at)
    os.replace(partial, target)
    backups.sync(target.parent)
    return previous


def _move_aside(target: Path, now_at: int) -> Path | None:
    """The damaged file and what belongs to it, under a name of their own.

    A stale WAL must not meet the new file.
    """
    aside = target.with_name(f"{target.name}.damaged-{stamp(now_at)}")
    for suffix in COMPANIONS:
        companion = target.with_name(target.name + suffix)
        if companion.exists():
            os.replace(companion, aside.with_name(aside.name + suffix))
    backups.sync(target.parent)
    if not target.exists():
        return None
    # A second name and not a rename: until the restored file takes the name, the damaged one keeps it.
    os.link(target, aside)
    return aside

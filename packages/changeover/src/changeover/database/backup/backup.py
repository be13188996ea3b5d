"""A backup that is whole or not there: one-step copy, fsync, integrity check, hash, rename, opened, queried.

Rule: the copy is made in one step, on one snapshot, while writers go on; a server's database is read into a
file. (In small steps it starts again whenever somebody writes; copying the file loses what is in the WAL.)
Until everything is proven the file is called ``.partial``; killed at any moment, it leaves a ``.partial``
that the next backup of this database replaces, and the database untouched.
"""

import hashlib
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from changeover.database.backup import dump, space
from changeover.database.change.invariants import integrity, is_broken_rule
from changeover.database.connect import frozen, opened, translated
from changeover.database.local import label as label_of
from changeover.database.local import name
from changeover.database.schema import catalogue
from changeover.database.schema.fingerprint import fingerprint
from changeover.database.where import Database, Server
from changeover.errors import Damaged
from changeover.sql.identifiers import quoted

LOOK_EVERY_S = 0.1
HASH_BYTES = 1 << 20
_SIZE = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"

Progress = Callable[[str, int, int, float | None], None]
"""(phase, bytes done, bytes in all, seconds left or None); the phases are ``copy`` and ``check``."""


def quiet(phase: str, done: int, total: int, left_s: float | None) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A proven backup: how many ``tables`` were read in it, seconds for the copy and for the check."""

    path: Path
    bytes: int
    sha256: str
    copy_s: float
    check_s: float
    tables: int

    @property
    def mb_per_s(self) -> float:
        """Rate of the whole, with the check."""
        return self.bytes / 1e6 / max(self.copy_s + self.check_s, 1e-9)


def name_of(database: Database, label: str) -> str:
    """``backup-liveone-0007-20260105-021500.db``: which database, and the run it was made for."""
    return f"backup-{_stem(database)}-{label}.db"


def _stem(database: Database) -> str:
    return name(database) if isinstance(database, Server) else database.resolve().stem


def is_backup(path: Path) -> bool:
    """Whether a file is called as backups are."""
    return _named(path) is not None


def is_of_another(path: Path, database: Database) -> bool:
    """Whether a file is called as a backup of another database is; other names say nothing."""
    found = _named(path)
    return found is not None and found["stem"] != _stem(database)


def _named(path: Path) -> re.Match[str] | None:
    form = r"backup-(?P<stem>.+)-(\d{4}|before-restore)-\d{8}-\d{6}(-\d+)?\.db"
    return re.fullmatch(form, path.name)


def backup(
    database: Database,
    folder: Path,
    *,
    label: str,
    progress: Progress = quiet,
    hook: Callable[[str], None] = lambda moment: None,
) -> Backup:
    """Copy a database, in use or not, to a file of its own in ``folder`` (`name_of`), proven.

    That of a server becomes an ordinary SQLite file too (`dump`). Backups of many databases may be made side
    by side into one folder: no name is ever taken twice, and what is published is held against its source.

    ``hook`` hears the moments copied, synced, checked, renamed. Raises Full before or while writing,
    Damaged when the copy is not whole, or is not of this database.
    """
    folder.mkdir(parents=True, exist_ok=True)
    space.require(folder, size_of(database), purpose="The backup")
    partial = folder / f".backup-{_identity(database)}.partial"
    started = time.monotonic()
    copy(database, partial, progress=progress)
    hook("copied")
    sync(partial)
    hook("synced")
    copied = time.monotonic()
    digest = check(partial, progress=progress)
    hook("checked")
    target = _publish(partial, folder / name_of(database, label))
    # A name in a folder is on the disk only once the folder is synced,
    # too (https://man7.org/linux/man-pages/man2/fsync.2.html).
    sync(folder)
    hook("renamed")
    tables = query(target)
    _require_same(database, target, partial_sha256=digest)
    done = time.monotonic()
    return Backup(target, target.stat().st_size, digest, copied - started, done - copied, tables)


def size_of(database: Database) -> int:
    """Bytes of a database, with its WAL where that is a file here."""
    if isinstance(database, Server):
        with opened(database) as connection:
            found: int = connection.execute(_SIZE).fetchone()[0]
            return found
    return space.size_of(database)


def copy(source: Database, target: Path, *, progress: Progress = quiet) -> None:
    """The database as it is at one moment, in one snapshot, to a new file, not yet synced.

    An older file of that name is replaced.

    Raises Busy when a writer in rollback-journal mode keeps the source locked, Full, Damaged, Unsuitable for
    a server's database that a file cannot hold.
    """
    if isinstance(source, Server):
        _fetch(source, target, progress)
    else:
        _copy_file(source, target, progress)


def _fetch(source: Server, target: Path, progress: Progress) -> None:
    started, total = time.monotonic(), size_of(source)

    def row_progress(done: int, rows: int) -> None:
        left_s = (time.monotonic() - started) * (rows - done) / max(done, 1)
        progress("copy", total * done // max(rows, 1), total, left_s)

    with opened(source) as connection, translated(target):
        dump.dump(connection.stream, target, label=str(source), row_progress=row_progress)
    progress("copy", total, total, 0.0)


def _copy_file(source: Path, target: Path, progress: Progress) -> None:
    target.unlink(missing_ok=True)
    with opened(source) as reader, translated(target):
        total = (
            reader.execute("PRAGMA page_count").fetchone()[0]
            * reader.execute("PRAGMA page_size").fetchone()[0]
        )
        with (
            closing(sqlite3.connect(target, isolation_level=None)) as writer,
            reported(target, total, progress),
        ):
            # No journal and no sync while copying: half a copy is thrown away, and `sync` comes before it is
            # checked.
            writer.execute("PRAGMA journal_mode = OFF")
            writer.execute("PRAGMA synchronous = OFF")
            # All pages in one step, one snapshot: in several steps the copy starts again whenever somebody
            # commits (https://sqlite.org/c3ref/backup_finish.html).
            reader.backup(writer, pages=-1, progress=_BusyBound(reader))


def check(path: Path, *, progress: Progress = quiet) -> str:
    """SHA-256 of a file that is a whole database; both read it at the same time.

    Rows that break the database's own rules are no damage: a copy has them as the original does. Raises
    Damaged.
    """
    total = path.stat().st_size
    started = time.monotonic()
    progress("check", 0, total, None)
    with ThreadPoolExecutor(1) as pool:
        digest = pool.submit(sha256, path)
        with translated(path), closing(frozen(path)) as connection:
            faults = [fault for fault in integrity(connection) if not is_broken_rule(fault)]
    if faults:
        raise Damaged(
            f"{path} is not whole: {faults[0]}.",
            hint="The database it was copied from may be damaged too: run `PRAGMA integrity_check` there.",
        )
    progress("check", total, total, 0.0 if time.monotonic() > started else None)
    return digest.result()


def sha256(path: Path) -> str:
    """The hash of a file, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def query(path: Path) -> int:
    """Open a database and read a row of every table; how many tables. Raises Damaged or DatabaseError."""
    with translated(path), closing(frozen(path)) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')"
            )
        ]
        found = catalogue.read(connection, own=True).tables.values()
        # FTS4 without content refuses to be read, and so does
        # an index whose table is gone; neither is damage.
        unread = {table.name for table in found if not table.holds_rows}
        for name in set(names) - unread:
            connection.execute(f"SELECT * FROM {quoted(name)} LIMIT 1").fetchall()
    return len(names)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def reported(target: Path, total: int, progress: Progress) -> Iterator[None]:
    """SQLite says nothing during one long step, so a thread watches ``target`` grow to ``total``."""
    done = threading.Event()
    started = time.monotonic()

    def look() -> None:
        while not done.wait(LOOK_EVERY_S):
            size = min(target.stat().st_size, total) if target.exists() else 0
            left = (time.monotonic() - started) * (total - size) / size if size else None
            progress("copy", size, total, left)

    watcher = threading.Thread(target=look, name="backup-progress")
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    progress("copy", total, total, 0.0)


class _BusyBound:
    """Python repeats a step that finds the source locked for ever; this ends it after ``limit_s``."""

    def __init__(self, connection: sqlite3.Connection, limit_s: float = 30.0) -> None:
        self.connection, self.deadline = connection, time.monotonic() + limit_s

    def __call__(self, status: int, remaining: int, total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > self.deadline:
            # As SQLite would raise it, so that `translated` makes the same error of ours of it.
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_BUSY, "SQLITE_BUSY"
            raise error


def _identity(database: Database) -> str:
    """Tells databases of one name apart; one runner at a time works on each: its partial file is its own."""
    return hashlib.sha256(label_of(database).encode()).hexdigest()[:16]


def _publish(partial: Path, wanted: Path) -> Path:
    """Give a file its name, or the next one that is free: never that of another backup."""
    for number in count(1):
        target = wanted if number == 1 else wanted.with_stem(f"{wanted.stem}-{number}")
        try:
            # link, not rename: it fails where the name is taken, while rename would replace another backup.
            os.link(partial, target)
        except FileExistsError:
            continue
        partial.unlink()
        return target
    raise AssertionError("there is always a free name")


def _require_same(database: Database, target: Path, *, partial_sha256: str) -> None:
    """What was published is what was checked, and has the schema of its source. Raises Damaged."""
    if sha256(target) == partial_sha256 and (isinstance(database, Server) or _same_schema(database, target)):
        return
    raise Damaged(
        f"{target} is not the backup that was made of {label_of(database)} just now.",
        hint="Somebody else wrote to that file. Let nothing else write to the folder of backups.",
    )


def _same_schema(source: Path, target: Path) -> bool:
    with opened(source) as connection, closing(frozen(target)) as copy, translated(target):
        return fingerprint(connection) == fingerprint(copy)

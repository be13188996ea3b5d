"""Online backups that are proven, and putting one back without losing what is there.

Rule: a backup counts only when it was closed, flushed, checked, hashed, named and opened again; a restore
keeps the state that it replaces. Copying and writing back are changeover's.
"""

import os
import socket
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from changeover.database.backup import backup as copying
from changeover.database.backup import restore as restoring
from liveone.errors import BadInput
from liveone.store.changeover_errors import as_ours
from liveone.store.database import Unavailable
from liveone.store.files import refuse_unusable
from liveone.store.sqlite_errors import translated
from liveone.store.storage import storage
from liveone.store.store import open_store

PARTIAL = ".backup-partial-"
"""How files are called that are no backups yet."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A proven backup: where it is, its size and hash, its generation and the rows it holds by table."""

    path: Path
    size_bytes: int
    sha256: str
    generation: int
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore put in place, and where the replaced database is kept (None when there was none).

    ``sha256`` is the backup's, as it was proven; ``generation`` and ``rows`` by table are what it holds.
    """

    path: Path
    replaced: Path | None
    sha256: str
    generation: int
    rows: dict[str, int]


def backup(database_path: Path, target_dir: Path, now_at: float) -> BackupReport:
    """Copy a live database to ``target_dir/backup-YYYYMMDD-HHMMSS.db`` (UTC) while writers go on.

    Raises Unavailable, Foreign, Corrupt, Full or ReadOnly; then no backup of that name exists.
    """
    refuse_unusable(database_path)
    return keep(lambda partial: _copy(database_path, partial), target_dir, now_at)


def keep(make: Callable[[Path], None], target_dir: Path, now_at: float) -> BackupReport:
    """Keep as a backup what ``make`` puts into the file it is given, once it is proven to be sound."""
    target_dir.mkdir(parents=True, exist_ok=True)
    final = target_dir / backup_name(now_at)
    if final.exists():
        raise BadInput(f"{final} is already there", hint="Wait a second and run it again.")
    with _partial(target_dir) as partial:
        make(partial)
        sha256 = prove(partial)
        copying.sync(partial)
        _publish(partial, final)
    generation, rows = contents(final)
    return BackupReport(final, final.stat().st_size, sha256, generation, rows)


def backup_name(at: float) -> str:
    """What a backup that is made at ``at`` is called."""
    return f"backup-{_stamp(at)}.db"


def partial_bytes(target_dir: Path) -> int:
    """How much of a backup that is being made into this folder is written; 0 when none is."""
    sizes = [0]
    for path in target_dir.glob(f"{PARTIAL}*"):
        with suppress(FileNotFoundError):
            sizes.append(path.stat().st_size)
    return max(sizes)


def restore(source: Path, target: Path, now_at: float) -> RestoreReport:
    """Make ``target`` what a backup is; its state before is kept beside it as ``<name>.replaced-<time>``.

    The target may be in use: the backup is written through SQLite in one transaction. The backup is checked
    first and can be used again. Raises Busy while a program keeps ``target`` locked, Corrupt or Foreign when
    the backup is no good; then nothing was changed.
    """
    refuse_unusable(source)
    generation, rows = contents(source)
    replaced = target.with_name(f"{target.name}.replaced-{_stamp(now_at)}")
    if replaced.exists():
        raise BadInput(f"{replaced} is already there", hint="Move it away, or wait a second.")
    with as_ours():
        done = restoring.restore(source, target, now_at=int(now_at), keep_in=target.parent)
    if done.previous is None:
        return RestoreReport(target, None, done.sha256, generation, rows)
    for companion in ("", *restoring.COMPANIONS):
        kept = done.previous.with_name(done.previous.name + companion)
        if kept.exists():
            os.replace(kept, replaced.with_name(replaced.name + companion))
    copying.sync(target.parent)
    return RestoreReport(target, replaced, done.sha256, generation, rows)


def prove(path: Path) -> str:
    """Run SQLite's full integrity check on a file nobody writes to; returns its SHA-256. Raises Corrupt."""
    if not path.is_file():
        raise Unavailable(f"{path} is not there", hint="Check the path.")
    with as_ours():
        return copying.check(path)


def contents(path: Path) -> tuple[int, dict[str, int]]:
    """Open a database of any generation and count: which it is, rows by table. Raises Foreign."""
    with closing(open_store(path, served=False)) as store:
        return store.generation, storage(store).rows


def _copy(source: Path, partial: Path) -> None:
    """A copy that needs no file beside it: one that says WAL could not be read from a read-only disk."""
    with as_ours():
        copying.copy(source, partial)
    try:
        with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise translated(error, str(source)) from error


@contextmanager
def _partial(folder: Path) -> Iterator[Path]:
    """A file of this call's own, gone at the end; what killed processes of this machine left goes first."""
    here = f"{PARTIAL}{socket.gethostname()}-"
    for left in folder.glob(f"{here}*"):
        if not _is_running(int(left.name.removeprefix(here).split("-")[0])):
            left.unlink(missing_ok=True)
    partial = folder / f"{here}{os.getpid()}-{uuid.uuid4().hex}"
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    return Path("/proc", str(pid)).exists() if Path("/proc/self").exists() else True


def _publish(partial: Path, final: Path) -> None:
    """Give a proven file its name, which nobody else can have taken meanwhile."""
    try:
        os.link(partial, final)
    except FileExistsError as error:
        raise BadInput(f"{final} is already there", hint="Wait a second and run it again.") from error
    copying.sync(final.parent)


def _stamp(now_at: float) -> str:
    return datetime.fromtimestamp(now_at, UTC).strftime("%Y%m%d-%H%M%S")

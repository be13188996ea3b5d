"""Online backups that are proven, and putting one back without losing what is there.

Rule: a backup counts only when it was closed, flushed, checked, hashed, renamed and then opened again;
a restore replaces a database that nobody has open, and keeps the one it replaced.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from liveone.errors import BadInput
from liveone.store.database import Corrupt, Unavailable
from liveone.store.files import refuse_unusable, sync_folder
from liveone.store.locks import refuse_if_open
from liveone.store.sqlite_errors import translated
from liveone.store.storage import storage
from liveone.store.store import open_store

HASH_CHUNK_BYTES = 1 << 20
SOURCE_TIMEOUT_S = 10.0


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
    """What a restore put in place, and where the replaced database is kept (None when there was none)."""

    path: Path
    replaced: Path | None
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
    final = target_dir / f"backup-{_stamp(now_at)}.db"
    if final.exists():
        raise BadInput(f"{final} is already there", hint="Wait a second and run it again.")
    partial = final.with_suffix(".db.partial")
    try:
        partial.unlink(missing_ok=True)
        make(partial)
        sha256 = prove(partial)
        _settle(partial, final)
    finally:
        partial.unlink(missing_ok=True)
    generation, rows = contents(final)
    return BackupReport(final, final.stat().st_size, sha256, generation, rows)


def restore(source: Path, target: Path, now_at: float) -> RestoreReport:
    """Put a backup in the place of ``target``, which is kept beside it as ``<name>.replaced-<time>``.

    The backup is checked first, and copied, so it can be used again. Raises Busy while any program
    has ``target`` open, Corrupt or Foreign when the backup is no good; then nothing was changed.
    """
    refuse_unusable(source)
    prove(source)
    _, rows = contents(source)
    refuse_if_open(target)
    partial = target.with_name(f"{target.name}.restoring")
    try:
        shutil.copyfile(source, partial)
        replaced = _set_aside(target, now_at)
        refuse_if_open(target)
        _settle(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    return RestoreReport(target, replaced, rows)


def prove(path: Path) -> str:
    """Run SQLite's full integrity check on a file nobody writes to; returns its SHA-256. Raises Corrupt."""
    try:
        with closing(_read_only(path)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
    except sqlite3.Error as error:
        raise translated(error, str(path)) from error
    if found != ["ok"]:
        raise Corrupt(f"{path} is damaged: {'; '.join(found)}", hint="Use another backup.")
    return _sha256(path)


def contents(path: Path) -> tuple[int, dict[str, int]]:
    """Open a database of any generation and count: which it is, rows by table. Raises Foreign."""
    with closing(open_store(path, served=False)) as store:
        return store.generation, storage(store).rows


def _copy(source: Path, partial: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(partial, isolation_level=None)) as copy,
        ):
            live.execute(f"PRAGMA busy_timeout = {int(SOURCE_TIMEOUT_S * 1000)}")
            live.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise translated(error, str(source)) from error


def _settle(partial: Path, final: Path) -> None:
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(partial, final)
    sync_folder(final.parent)


def _set_aside(target: Path, now_at: float) -> Path | None:
    """Keep the database that is there under another name, whole: its WAL is folded in when it is sound,
    and goes along under the same name when it is damaged."""
    if not target.exists():
        return None
    kept = target.with_name(f"{target.name}.replaced-{_stamp(now_at)}")
    if kept.exists():
        raise BadInput(f"{kept} is already there", hint="Move it away, or wait a second.")
    if _is_readable(target):
        _fold_wal(target)
    for suffix in ("-wal", "-shm", "-journal"):
        if target.with_name(target.name + suffix).exists():
            os.replace(target.with_name(target.name + suffix), kept.with_name(kept.name + suffix))
    os.link(target, kept)
    return kept


def _is_readable(target: Path) -> bool:
    """Whether SQLite can read the schema; asked read-only, because opening a damaged file drops its WAL."""
    try:
        with closing(_read_only(target)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.DatabaseError:
        return False
    return True


def _fold_wal(target: Path) -> None:
    """Bring everything into the one file; SQLite refuses this while anybody else has it open."""
    try:
        with closing(sqlite3.connect(target, timeout=1.0)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise translated(error, str(target)) from error


def _read_only(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise Unavailable(f"{path} is not there", hint="Check the path.")
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _stamp(now_at: float) -> str:
    return datetime.fromtimestamp(now_at, UTC).strftime("%Y%m%d-%H%M%S")

"""A libSQL server's database as a local SQLite file, of one snapshot, proven like every other backup."""

import sqlite3
from contextlib import closing
from pathlib import Path

from liveone.store.backup import BackupReport, keep
from liveone.store.database import Database
from liveone.store.sqlite import SqliteDatabase
from liveone.transfer.move import Progress, copy, make_file


def backup_server(
    source: Database, target_dir: Path, now_at: float, *, progress: Progress = lambda *_: None
) -> BackupReport:
    """Copy a database to ``target_dir/backup-YYYYMMDD-HHMMSS.db`` (UTC) while it is in use.

    Every row is read back and compared. Raises StoreErrors; then no backup of that name exists.
    """
    return keep(lambda partial: _fill(source, partial, progress), target_dir, now_at)


def _fill(source: Database, partial: Path, progress: Progress) -> None:
    make_file(partial)
    with closing(SqliteDatabase(partial)) as target:
        copy(source, target, progress=progress)
    with closing(sqlite3.connect(partial)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")

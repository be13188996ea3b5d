"""A libSQL server's database as a local SQLite file, of one snapshot, proven like every other backup.

Rule: changeover's dump does the work, the same that backs a server up before a migration: whatever is in the
database is in the file, tables of other tools included.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from changeover.database.backup.dump import dump
from changeover.errors import ChangeoverError
from hrana.wire import Row, WireStatement
from liveone.store.backup import BackupReport, keep
from liveone.store.database import Corrupt, Database, Statement
from liveone.store.generations import detect

RowProgress = Callable[[int, int], None]
"""Told (rows done, rows in all)."""


def backup_server(
    source: Database, target_dir: Path, now_at: float, *, row_progress: RowProgress = lambda done, total: None
) -> BackupReport:
    """Copy a database to ``target_dir/backup-YYYYMMDD-HHMMSS.db`` (UTC) while it is in use.

    Rows and bytes of every table are counted on both sides. Raises StoreErrors; then there is no backup.
    """
    detect(source)
    return keep(lambda partial: _fill(source, partial, row_progress), target_dir, now_at)


def _fill(source: Database, partial: Path, row_progress: RowProgress) -> None:
    def stream(asked: Sequence[WireStatement]) -> Iterator[tuple[int, list[Row]]]:
        return source.stream([Statement(each.sql) for each in asked])

    try:
        dump(stream, partial, label=source.label, row_progress=row_progress)
    except ChangeoverError as error:
        raise Corrupt(error.message, hint=error.hint) from error

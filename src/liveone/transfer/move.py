"""A whole database to another engine: a file to a libSQL server and back, while the source is in use.

The target gets the source's tables, is filled from a snapshot, then compared row by row with a second, newer
snapshot and mended. Until then a table ``liveone_move`` marks it as unfinished: LiveOne refuses to open it, a
move that was broken off is taken up again, and any other target that is not empty is refused.
Rule: the source is only read. A target whose source was written to meanwhile stays marked, so that the last
readings are not left behind unnoticed.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path

from liveone.errors import BadInput
from liveone.store import changes
from liveone.store.database import BulkInsert, Database, Row, Statement
from liveone.store.generations import IGNORED_PREFIXES, SchemaShape, detect
from liveone.store.generations import MOVE_MARK as MARK
from liveone.store.patience import persistently
from liveone.transfer.mirror import PARENTS, MirrorCounts, MirroredTable, MoveFailed, mirror

BATCH_PIECES = 5
"""Pieces of a stream (1000 rows each) that are written in one transaction."""

Progress = Callable[[str, str, int, int], None]
"""Told (step, table, rows done, rows in all)."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did: rows by table on both sides, of the snapshot that was compared last.

    ``written`` and ``mended`` count rows written while filling and while comparing. ``is_done``: the target
    is complete and free to use; otherwise the source was written to, and the same move has to run again.
    """

    generation: int
    source_rows: dict[str, int]
    target_rows: dict[str, int]
    written: int
    mended: int
    is_done: bool


def move(source: Database, target: Database, *, progress: Progress, finish: bool = False) -> Moved:
    """Bring ``target`` to the state of ``source``. May be broken off and repeated at any point.

    ``finish`` frees the target even when the source was written to meanwhile. Raises BadInput when the
    target holds something else, Foreign when the source is no LiveOne database, MoveFailed when a row
    does not come back as it was written.
    """
    shape = detect(source)
    _prepare(source, target)
    filled = _Pass("filling", source, target, progress).run()
    before = _token(source)
    compared = _Pass("comparing", source, target, progress).run()
    rows = _rows_of(target, compared)
    is_done = finish or _token(source) == before
    if is_done:
        _free(source, target, shape)
    return Moved(
        generation=shape.generation,
        source_rows={name: counts.compared for name, counts in compared.items()},
        target_rows=rows,
        written=sum(counts.written for counts in filled.values()),
        mended=sum(counts.written + counts.removed for counts in compared.values()),
        is_done=is_done,
    )


def refuse_used(target: Database) -> None:
    """Raises BadInput where the target holds anything, a move that was broken off included."""
    if there := _names(target):
        raise _used(target, there)


def _used(target: Database, there: set[str]) -> BadInput:
    return BadInput(
        f"the target {target.label} is not empty ({', '.join(sorted(there))}); nothing was changed",
        hint="Move into a new file, or a new database of the server.",
    )


def make_file(path: Path) -> None:
    """An empty database file for a move into it; one that is there stays as it is. Raises BadInput."""
    if path.exists() and path.stat().st_size:
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise BadInput(f"{path} cannot be made: {error}", hint="Check the folder.") from error


@dataclass(slots=True)
class _Pass:
    """One walk over all tables in one snapshot of the source."""

    step: str
    source: Database
    target: Database
    progress: Progress
    totals: dict[str, int] = field(default_factory=dict)

    def run(self) -> dict[str, MirrorCounts]:
        tables = _tables(self.source)
        self.totals = _counted(self.source, [table.name for table in tables])
        asked = [Statement(table.rows_sql()) for table in tables]
        done: dict[str, MirrorCounts] = {}
        stream = self.source.stream(asked)
        for place, pieces in groupby(stream, key=itemgetter(0)):
            table = tables[place]
            done[table.name] = self._mirror(table, _batches(rows for _, rows in pieces))
        for table in tables:
            if table.name not in done:
                done[table.name] = self._mirror(table, iter(()))
        return {table.name: done[table.name] for table in tables}

    def _mirror(self, table: MirroredTable, pieces: Iterator[Sequence[Row]]) -> MirrorCounts:
        def progress(counts: MirrorCounts) -> None:
            self.progress(self.step, table.name, counts.compared, self.totals.get(table.name, 0))

        return mirror(table, pieces, self.target, progress)


def _batches(pieces: Iterator[list[Row]]) -> Iterator[Sequence[Row]]:
    for first in pieces:
        yield list(chain(first, *islice(pieces, BATCH_PIECES - 1)))


def _prepare(source: Database, target: Database) -> None:
    """Make the tables and the mark, or find the mark of a move from the same source."""
    there = _names(target)
    if not there:
        steps = [Statement(str(sql)) for (sql,) in _definitions(source)]
        mark = Statement(f"CREATE TABLE {MARK} (source TEXT NOT NULL)")
        note = Statement(f"INSERT INTO {MARK} VALUES (?)", (source.label,))
        persistently(lambda: target.write([mark, note, *steps]))
        return
    if MARK not in there:
        raise _used(target, there)
    ((begun,),) = target.read([Statement(f"SELECT source FROM {MARK}")])[0]
    if str(begun) != source.label:
        raise BadInput(
            f"the target {target.label} is being filled from {begun!s}, not from {source.label}",
            hint="Go on with that source, or move into another target.",
        )


def _free(source: Database, target: Database, shape: SchemaShape) -> None:
    """Remove the mark, and see that LiveOne takes the target for what the source is."""
    sequences = source.read([Statement("SELECT name, seq FROM sqlite_sequence")])[0]
    kept = BulkInsert("sqlite_sequence", ("name", "seq"), sequences)
    drop = Statement(f"DROP TABLE IF EXISTS {MARK}")
    persistently(lambda: target.write([Statement("DELETE FROM sqlite_sequence"), kept, drop]))
    if persistently(lambda: detect(target)) != shape:
        raise MoveFailed(f"the target {target.label} has another shape than the source {source.label}")


def _tables(database: Database) -> list[MirroredTable]:
    """The tables to move, those that others point at first. Raises MoveFailed where one has no key."""
    sql = (
        "SELECT m.name, c.name, c.pk FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c"
        f" WHERE m.type = 'table' ORDER BY {_parents_first('m.name')}, m.name, c.pk = 0, c.pk, c.cid"
    )
    found: dict[str, list[tuple[str, bool]]] = {}
    for table, column, place in database.read([Statement(sql, PARENTS)])[0]:
        if _goes_along(str(table)):
            found.setdefault(str(table), []).append((str(column), bool(place)))
    for name, columns in found.items():
        if not columns[0][1]:
            raise MoveFailed(f"table {name} has no primary key, by which a move goes")
    return [
        MirroredTable(name, tuple(column for column, _ in columns), sum(is_key for _, is_key in columns))
        for name, columns in found.items()
    ]


def _definitions(database: Database) -> list[Row]:
    """The SQL that makes the tables and their indexes, in an order that works."""
    sql = (
        "SELECT sql, tbl_name FROM sqlite_schema WHERE sql IS NOT NULL"
        f" ORDER BY type <> 'table', {_parents_first('tbl_name')}, rowid"
    )
    rows = database.read([Statement(sql, PARENTS)])[0]
    return [(text,) for text, table in rows if _goes_along(str(table))]


def _parents_first(name: str) -> str:
    """An ORDER BY term that puts PARENTS, the parameters, first and in their order."""
    return ", ".join(f"{name} <> ?{place}" for place in range(1, len(PARENTS) + 1))


def _goes_along(table: str) -> bool:
    """The data, and the log of what was done to it by hand; not the bookkeeping of pollers and of tools."""
    return table in changes.NAMES or not table.startswith((*IGNORED_PREFIXES, MARK))


def _names(database: Database) -> set[str]:
    """The tables that are there, but those of servers and migration tools."""
    tables = Statement("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
    rows = persistently(lambda: database.read([tables])[0])
    return {str(name) for (name,) in rows if not str(name).startswith(IGNORED_PREFIXES)}


def _rows_of(database: Database, tables: dict[str, MirrorCounts]) -> dict[str, int]:
    return persistently(lambda: _counted(database, list(tables)))


def _counted(database: Database, tables: Sequence[str]) -> dict[str, int]:
    found = database.read([Statement(f"SELECT count(*) FROM {name}") for name in tables])
    return {name: int(rows[0][0]) for name, rows in zip(tables, found, strict=True)}  # type: ignore[arg-type]


def _token(database: Database) -> int:
    """The change token as of now, not of a moment ago."""
    persistently(lambda: database.read([Statement("SELECT 1")]))
    return database.change_token()

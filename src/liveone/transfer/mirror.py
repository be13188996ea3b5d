"""One table made equal to a snapshot of another database's, row by row, by its key.

Rule: every step may be repeated. Rows are compared by value; what differs, is missing or is too many on the
target is written there in short transactions, and read back.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from liveone.errors import LiveOneError
from liveone.store.database import BulkInsert, Database, Row, Statement, Value
from liveone.store.exact import json_rows
from liveone.store.patience import Pace, persistently

PARENTS = ("systems", "sources", "points")
"""The tables that others point at, these first: their rows are replaced in place, since a DELETE takes along
what points at them."""

Key = tuple[Value, ...]


class MoveFailed(LiveOneError):
    """The target does not hold what was written to it, or is not what it was taken for."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class MirroredTable:
    """A table whose primary key, none of it NULL, is the first ``key_size`` of its ``columns``."""

    name: str
    columns: tuple[str, ...]
    key_size: int = 1

    @property
    def key(self) -> str:
        return ", ".join(self.columns[: self.key_size])

    def key_of(self, row: Row) -> Key:
        return row[: self.key_size]

    def rows_sql(self) -> str:
        return f"SELECT {', '.join(self.columns)} FROM {self.name} ORDER BY {self.key}"


@dataclass(slots=True)
class MirrorCounts:
    """Rows of a table: ``compared`` on the source, ``written`` and ``removed`` on the target."""

    compared: int = 0
    written: int = 0
    removed: int = 0


def mirror(
    table: MirroredTable,
    pieces: Iterator[Sequence[Row]],
    target: Database,
    progress: Callable[[MirrorCounts], None],
) -> MirrorCounts:
    """Make ``table`` of ``target`` equal to the rows in ``pieces``, which come by their key.

    ``progress`` hears how far it is. Raises MoveFailed when what was written does not come back.
    """
    mirrored, last = _Mirror(table, target, _last_key(table, target)), None
    for rows in pieces:
        until = table.key_of(rows[-1])
        mirrored.equalise(rows, (last, until))
        last = until
        mirrored.counts.compared += len(rows)
        progress(mirrored.counts)
    mirrored.equalise([], (last, None))
    return mirrored.counts


@dataclass(frozen=True, slots=True)
class _Mirror:
    """One table on the target; beyond ``filled`` it had no rows when the work began, and where that is None
    none at all."""

    table: MirroredTable
    target: Database
    filled: Key | None
    counts: MirrorCounts = field(default_factory=MirrorCounts)
    pace: Pace = field(default_factory=Pace)

    def equalise(self, rows: Sequence[Row], span: tuple[Key | None, Key | None]) -> None:
        """Make the target's rows with keys in ``(span[0], span[1]]`` equal to ``rows``; None: without a
        bound."""
        key_of = self.table.key_of
        is_filled = self.filled is not None and (span[0] is None or span[0] < self.filled)
        there = _rows_in(self.table, span, self.target) if is_filled else []
        if there == list(rows):
            return
        known = {key_of(row): row for row in there}
        wanted = {key_of(row) for row in rows}
        gone = [key_of(row) for row in there if key_of(row) not in wanted]
        changed = [row for row in rows if known.get(key_of(row)) != row]
        is_parent = self.table.name in PARENTS
        replaced = [] if is_parent else [key_of(row) for row in changed if key_of(row) in known]
        if gone or replaced:
            persistently(lambda: self.target.write([_removal(self.table, [*gone, *replaced])]))
        self._write(changed)
        if _rows_in(self.table, span, self.target) != list(rows):
            raise MoveFailed(
                f"table {self.table.name} of {self.target.label} does not hold what was written to it",
                hint="Does another program write there? Leave the target to the move, and run it again.",
            )
        self.counts.written += len(changed)
        self.counts.removed += len(gone)

    def _write(self, rows: Sequence[Row]) -> None:
        done = 0
        while done < len(rows):
            done += persistently(partial(self._write_some, rows, done))

    def _write_some(self, rows: Sequence[Row], done: int) -> int:
        some = rows[done : done + self.pace.rows]
        self.pace.write(len(some), lambda: self.target.write([_insert(self.table, some)]))
        return len(some)


def _last_key(table: MirroredTable, target: Database) -> Key | None:
    """The highest key in use; None where there is none."""
    highest = ", ".join(f"{name} DESC" for name in table.columns[: table.key_size])
    sql = f"SELECT {table.key} FROM {table.name} ORDER BY {highest} LIMIT 1"
    rows = persistently(lambda: target.read([Statement(sql)])[0])
    return rows[0] if rows else None


def _rows_in(table: MirroredTable, span: tuple[Key | None, Key | None], target: Database) -> list[Row]:
    bounds = [(sign, key) for sign, key in zip((">", "<="), span, strict=True) if key is not None]
    places = ", ".join("?" * table.key_size)
    asked = " AND ".join(f"({table.key}) {sign} ({places})" for sign, _ in bounds)
    sql = f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE {asked or 'true'} ORDER BY {table.key}"
    params = [value for _, key in bounds for value in key]
    return persistently(lambda: target.read([Statement(sql, params)])[0])


def _removal(table: MirroredTable, keys: Sequence[Key]) -> Statement:
    values = ", ".join(f"value ->> {place}" for place in range(table.key_size))
    return Statement(
        f"DELETE FROM {table.name} WHERE ({table.key}) IN (SELECT {values} FROM json_each(?))",
        (json_rows(keys),),
    )


def _insert(table: MirroredTable, rows: Sequence[Row]) -> Statement | BulkInsert:
    if table.name not in PARENTS:
        return BulkInsert(table.name, table.columns, rows)
    values = ", ".join(f"value ->> {place}" for place in range(len(table.columns)))
    sets = ", ".join(f"{name} = excluded.{name}" for name in table.columns[1:])
    sql = (
        f"INSERT INTO {table.name} ({', '.join(table.columns)}) SELECT {values} FROM json_each(?)"
        f" WHERE true ON CONFLICT (id) DO UPDATE SET {sets}"
    )
    return Statement(sql, (json_rows(rows),))

"""One table made equal to a snapshot of another database's, row by row, by the column ``id``.

Rule: every step may be repeated. Rows are compared by value; what differs, is missing or is too many on the
target is written there in short transactions, and read back.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from liveone.errors import LiveOneError
from liveone.store.database import BulkInsert, Database, Row, Statement
from liveone.store.exact import json_rows
from liveone.store.patience import Pace, persistently

LAST_ID = 2**63 - 1
PARENT = "systems"
"""The table that others point at: its rows are replaced in place, since a DELETE takes its readings along."""


class MoveFailed(LiveOneError):
    """The target does not hold what was written to it, or is not what it was taken for."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class MirroredTable:
    """A table with an integer primary key ``id``, which stands first in ``columns``."""

    name: str
    columns: tuple[str, ...]

    def rows_sql(self) -> str:
        return f"SELECT {', '.join(self.columns)} FROM {self.name} ORDER BY id"


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
    """Make ``table`` of ``target`` equal to the rows in ``pieces``, which come by ``id``.

    ``progress`` hears how far it is. Raises MoveFailed when what was written does not come back.
    """
    mirrored, last_id = _Mirror(table, target, _last_id(table, target)), -LAST_ID
    for rows in pieces:
        until_id = int(rows[-1][0])  # type: ignore[arg-type]
        mirrored.equalise(rows, (last_id, until_id))
        last_id = until_id
        mirrored.counts.compared += len(rows)
        progress(mirrored.counts)
    mirrored.equalise([], (last_id, LAST_ID))
    return mirrored.counts


@dataclass(frozen=True, slots=True)
class _Mirror:
    """One table on the target; beyond ``filled_id`` it had no rows when the work began."""

    table: MirroredTable
    target: Database
    filled_id: int
    counts: MirrorCounts = field(default_factory=MirrorCounts)
    pace: Pace = field(default_factory=Pace)

    def equalise(self, rows: Sequence[Row], span: tuple[int, int]) -> None:
        """Make the target's rows with ids in ``(span[0], span[1]]`` equal to ``rows``."""
        there = _rows_in(self.table, span, self.target) if span[0] < self.filled_id else []
        if there == list(rows):
            return
        known = {row[0]: row for row in there}
        wanted = {row[0] for row in rows}
        gone = [row[0] for row in there if row[0] not in wanted]
        changed = [row for row in rows if known.get(row[0]) != row]
        replaced = [row[0] for row in changed if row[0] in known] if self.table.name != PARENT else []
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


def _last_id(table: MirroredTable, target: Database) -> int:
    """The highest id in use, below all others where there is none."""
    sql = f"SELECT coalesce(max(id), {-LAST_ID}) FROM {table.name}"
    return int(persistently(lambda: target.read([Statement(sql)]))[0][0][0])  # type: ignore[arg-type]


def _rows_in(table: MirroredTable, span: tuple[int, int], target: Database) -> list[Row]:
    columns = ", ".join(table.columns)
    sql = f"SELECT {columns} FROM {table.name} WHERE id > ? AND id <= ? ORDER BY id"
    return persistently(lambda: target.read([Statement(sql, span)])[0])


def _removal(table: MirroredTable, ids: Sequence[object]) -> Statement:
    listed = json_rows([[each] for each in ids])  # type: ignore[list-item]
    return Statement(
        f"DELETE FROM {table.name} WHERE id IN (SELECT value ->> 0 FROM json_each(?))", (listed,)
    )


def _insert(table: MirroredTable, rows: Sequence[Row]) -> Statement | BulkInsert:
    if table.name != PARENT:
        return BulkInsert(table.name, table.columns, rows)
    values = ", ".join(f"value ->> {place}" for place in range(len(table.columns)))
    sets = ", ".join(f"{name} = excluded.{name}" for name in table.columns[1:])
    sql = (
        f"INSERT INTO {table.name} ({', '.join(table.columns)}) SELECT {values} FROM json_each(?)"
        f" WHERE true ON CONFLICT (id) DO UPDATE SET {sets}"
    )
    return Statement(sql, (json_rows(rows),))

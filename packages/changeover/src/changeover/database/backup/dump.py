"""A server's database as a new SQLite file, read in one snapshot while writers go on.

Rule: what arrives is what is there: definitions word for word, hidden rowids, the marks of AUTOINCREMENT,
user_version; bytes, NULs in text and infinite numbers travel as text and are turned back. Rows and bytes of
every table are counted in the same snapshot and again in the file; what cannot be carried is refused.
A virtual table (FTS, R-tree) arrives as the shadow tables that hold its rows: nothing is indexed anew.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from changeover.database.change import sequences
from changeover.database.schema import catalogue
from changeover.database.schema.catalogue import Table
from changeover.errors import Busy, Damaged, Unsuitable
from changeover.sql.identifiers import listed, quoted
from hrana.wire import Row, Value, WireStatement

DEFINITIONS = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
NUMBERS = "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id"
MARKS = "SELECT name, seq FROM sqlite_sequence"
_ENTERED = "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('table', ?, ?, 0, ?)"
SNAPSHOTS = 3
"""How often the schema may change while we begin to read it."""
# JSON has no infinity (https://www.rfc-editor.org/rfc/rfc8259#section-6); 9e999 is SQLite's way to write it.
_CELL = """CASE typeof({0})
 WHEN 'text' THEN iif(instr({0}, char(0)), 'h' || hex(CAST({0} AS BLOB)), 't' || {0})
 WHEN 'blob' THEN 'x' || hex({0})
 WHEN 'real' THEN iif(abs({0}) > 1.7976931348623157e308, iif({0} > 0, 'r9e999', 'r-9e999'), {0})
 ELSE {0} END"""
# As bytes: length() of a text ends at its first NUL (https://sqlite.org/lang_corefunc.html#length).
_OCTETS = "iif(typeof({0}) IN ('text', 'blob'), length(CAST({0} AS BLOB)), 0)"

Stream = Callable[[Sequence[WireStatement]], Iterator[tuple[int, list[Row]]]]
"""Pieces of (place of the statement, some of its rows), all from one snapshot."""
RowProgress = Callable[[int, int], None]
"""Told (rows done, rows in all)."""


class _Moved(Exception):
    """The schema changed between the first look at it and the snapshot."""


def dump(
    stream: Stream, target: Path, *, label: str, row_progress: RowProgress = lambda done, total: None
) -> None:
    """Fill a file that is not there yet with everything that ``stream`` reads.

    Raises Unsuitable for what this machine's SQLite cannot hold (a virtual table of a module that it does not
    have, libSQL's own syntax), Damaged when what arrived is not what was sent, Busy when the schema changes
    again and again.
    """
    for _ in range(SNAPSHOTS):
        target.unlink(missing_ok=True)
        with closing(sqlite3.connect(target, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            try:
                _Filling(connection, _definitions(stream), label, row_progress).run(stream)
            except _Moved:
                continue
            return
    raise Busy(f"The schema of {label} changed {SNAPSHOTS} times while it was read.", hint="Try again later.")


@dataclass(frozen=True, slots=True)
class _Filling:
    """One try at it, from one snapshot."""

    connection: sqlite3.Connection
    definitions: list[Row]
    label: str
    row_progress: RowProgress

    def run(self, stream: Stream) -> None:
        self._make("table")
        self.connection.execute("BEGIN")
        tables = list(catalogue.read(self.connection, own=True).tables.values())
        expected = self._receive(stream, tables)
        self.connection.execute("COMMIT")
        self._register_virtual()
        # After the rows: an index is made faster at once than row
        # by row, and a trigger would act on every row that arrives.
        for kind in ("index", "view", "trigger"):
            self._make(kind)
        self._require_same(tables, expected)

    def _make(self, kind: str) -> None:
        for found, name, sql in (map(str, row) for row in self.definitions):
            if found != kind or name.startswith("sqlite_") or _is_virtual(sql):
                continue
            try:
                self.connection.execute(sql)
            except sqlite3.Error as error:
                raise self._unsuitable(kind, name, error) from error

    def _register_virtual(self) -> None:
        """Enter virtual tables in the schema as SQLite's own dump does: CREATE would make them empty."""
        virtual = [(str(name), str(sql)) for _, name, sql in self.definitions if _is_virtual(str(sql))]
        if not virtual:
            return
        self.connection.execute("PRAGMA writable_schema = ON")
        for name, sql in virtual:
            self.connection.execute(_ENTERED, (name, name, sql))
        self.connection.execute("PRAGMA writable_schema = RESET")
        for name, _ in virtual:
            try:
                self.connection.execute(f"SELECT * FROM {quoted(name)} LIMIT 1").fetchall()
            except sqlite3.Error as error:
                raise self._unsuitable("virtual table", name, error) from error

    def _unsuitable(self, kind: str, name: str, error: sqlite3.Error) -> Unsuitable:
        return Unsuitable(
            f"The {kind} {name} of {self.label} cannot be made in a file: {error}"
            f" (SQLite {sqlite3.sqlite_version}).",
            hint="It needs what only the server has; a plan for it cannot be run here.",
        )

    def _receive(self, stream: Stream, tables: Sequence[Table]) -> list[Row]:
        """Put everything in its place; the counts of the server, by table."""
        marks = sequences.are_there(self.connection)
        asked = [
            WireStatement(DEFINITIONS),
            WireStatement(NUMBERS),
            *(WireStatement(_count(table)) for table in tables),
        ]
        asked += [WireStatement(_rows(table)) for table in tables]
        asked += [WireStatement(MARKS)] if marks else []
        first = 2 + len(tables)
        heads: list[list[Row]] = [[] for _ in range(first)]
        done = 0
        for place, rows in stream(asked):
            if place < first:
                heads[place] += rows
                continue
            self._require_unmoved(heads[0])
            if place == first + len(tables):
                self._put_marks(rows)
                continue
            self._put(tables[place - first], rows)
            done += len(rows)
            self.row_progress(done, sum(int(head[0][0] or 0) for head in heads[2:]))
        self._require_unmoved(heads[0])
        for name, number in zip(("user_version", "application_id"), heads[1][0], strict=True):
            self.connection.execute(f"PRAGMA {name} = {int(number or 0)}")
        return [head[0] for head in heads[2:]]

    def _require_unmoved(self, seen: list[Row]) -> None:
        if seen != self.definitions:
            raise _Moved

    def _put(self, table: Table, rows: Sequence[Row]) -> None:
        columns = (*_hidden(table), *table.stored)
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {quoted(table.name)} ({listed(columns)}) VALUES ({marks})"
        self.connection.executemany(sql, ([_value(cell) for cell in row] for row in rows))

    def _put_marks(self, rows: Sequence[Row]) -> None:
        for name, seq in rows:
            # The rows that arrived have made a mark already, which may be lower than the one ever given out.
            self.connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
            self.connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, seq))

    def _require_same(self, tables: Sequence[Table], expected: Sequence[Row]) -> None:
        for table, counts in zip(tables, expected, strict=True):
            here = self.connection.execute(_count(table)).fetchone()
            if here != counts:
                raise Damaged(
                    f"{table.name} of {self.label} has (rows, bytes of text) = {counts!r}; {here!r} arrived.",
                    hint="Text that is not UTF-8 cannot be carried by a server's answers: mend it first.",
                )


def _definitions(stream: Stream) -> list[Row]:
    return [row for _, rows in stream([WireStatement(DEFINITIONS)]) for row in rows]


def _is_virtual(sql: str) -> bool:
    return sql.upper().split()[:2] == ["CREATE", "VIRTUAL"]


def _rows(table: Table) -> str:
    cells = ", ".join([*_hidden(table), *(_CELL.format(quoted(column)) for column in table.stored)])
    return f"SELECT {cells} FROM {quoted(table.name)}"


def _count(table: Table) -> str:
    octets = " + ".join(_OCTETS.format(quoted(column)) for column in table.stored)
    return f"SELECT count(*), coalesce(sum({octets}), 0) FROM {quoted(table.name)}"


def _hidden(table: Table) -> tuple[str, ...]:
    """The rowid that no column shows, so that it is kept too; nothing where there is none."""
    return (table.hidden_rowid,) if table.hidden_rowid else ()


def _value(cell: Value) -> Value:
    if not isinstance(cell, str):
        return cell
    kind, text = cell[0], cell[1:]
    match kind:
        case "t":
            return text
        case "x":
            return bytes.fromhex(text)
        case "h":
            return bytes.fromhex(text).decode()
    return float(text.replace("9e999", "inf"))

"""Keeps `sqlite_sequence` across a rebuild: an id that AUTOINCREMENT gave out is never given out again.

Rule: DROP TABLE forgets the highest id ever given, and the copy knows only the highest that is still there.
So the old number is put back after the script if it is higher; by the same statements on a file and on a
server.
"""

from collections.abc import Iterator

from changeover.database.connect import Connection
from changeover.database.schema.catalogue import Schema
from changeover.sql.identifiers import identifier_key
from hrana.wire import WireStatement

MARKS = "changeover_now_marks"


def are_there(connection: Connection) -> bool:
    """Whether the database has, or had, an AUTOINCREMENT table, and so a `sqlite_sequence`."""
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").fetchone()
    return found is not None


def highest(connection: Connection, table: str) -> int:
    """The highest id that AUTOINCREMENT gave out in a table; 0 if none."""
    if not are_there(connection):
        return 0
    sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ? COLLATE NOCASE"
    found: int = connection.execute(sql, (table,)).fetchone()[0]
    return found


def remembering(*, temporary: bool) -> WireStatement:
    """The statement that remembers the numbers; a server has no TEMP tables."""
    kind = "TEMP TABLE" if temporary else "TABLE"
    return WireStatement(f"CREATE {kind} {MARKS} AS SELECT name, seq FROM sqlite_sequence")


def putting_back(found: Schema) -> Iterator[WireStatement]:
    """The statements that raise numbers which are lower now, for tables that still are AUTOINCREMENT."""
    mark = f"(SELECT max(seq) FROM {MARKS} WHERE name = ? COLLATE NOCASE)"
    for table in found.tables.values():
        if "autoincrement" not in identifier_key(table.sql):
            continue
        yield WireStatement(
            # An ordinary table without a unique key
            # (https://sqlite.org/autoinc.html): ON CONFLICT has nothing to go by.
            f"DELETE FROM sqlite_sequence WHERE name = ? COLLATE NOCASE AND coalesce(seq, 0) < {mark}",
            (table.name, table.name),
        )
        yield WireStatement(
            f"INSERT INTO sqlite_sequence (name, seq) SELECT ?, {mark} WHERE {mark} IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ? COLLATE NOCASE)",
            (table.name, table.name, table.name, table.name),
        )

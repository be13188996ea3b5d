"""Row counts from before the write lock; they hold in the transaction unless somebody else committed.

Rule: `PRAGMA data_version` shows every commit of another connection. Counting early saves writers the first
count of a big table, which reads it from disk. If somebody did commit in between, tables are counted again
while writers wait, and only time is lost.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from changeover.database.change import rows

TRIES = 3


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Table -> rows, at one version of the database."""

    version: int = -1
    counts: Mapping[str, int] = field(default_factory=dict)

    def still_true(self, connection: sqlite3.Connection) -> Mapping[str, int]:
        """The counts, or an empty mapping if somebody committed since."""
        return self.counts if _version(connection) == self.version else {}


def count(connection: sqlite3.Connection, tables: Sequence[str]) -> RowCounts:
    """Count tables outside a transaction, and again, a few times, if others commit meanwhile."""
    for _ in range(TRIES):
        version = _version(connection)
        row_counts = RowCounts(version, {table: rows.count(connection, table) for table in tables})
        if _version(connection) == version:
            break
    return row_counts


def _version(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return found

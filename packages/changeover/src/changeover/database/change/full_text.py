"""Checks full-text indexes against the rows that they index, by their own integrity check.

Rule: an index with external content knows its rows by rowid. If a rebuild gives rows other rowids (no INTEGER
PRIMARY KEY), the index stays as it was and finds the wrong rows; only this check sees it.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from changeover.database.change.script import words_in_main
from changeover.database.schema.catalogue import Schema, Table
from changeover.database.schema.definition import words_of
from changeover.sql.identifiers import identifier_key, quoted

_CHECKS = {
    "fts5": "INSERT INTO {0} ({0}, rank) VALUES ('integrity-check', 1)",
    "fts4": "INSERT INTO {0} ({0}) VALUES ('integrity-check')",
    "fts3": "INSERT INTO {0} ({0}) VALUES ('integrity-check')",
}
"""They write nothing. With rank 1, FTS5 checks external content too."""


@dataclass(frozen=True, slots=True)
class FullTextCheck:
    """``sql`` writes nothing, and fails as on a damaged file if an index does not match its rows."""

    table: str
    sql: str

    @property
    def fault(self) -> str:
        """The sentence for an index that does not match."""
        return (
            f"{self.table}: the full-text index does not match the rows that it speaks of; rebuild it in the"
            f" script: INSERT INTO {self.table}({self.table}) VALUES ('rebuild')"
        )


def checks(found: Schema) -> Iterator[FullTextCheck]:
    """A check for every full-text index."""
    for table in found.tables.values():
        sql = _CHECKS.get(_module(table))
        if sql is not None:
            yield FullTextCheck(table.name, sql.format(quoted(table.name)))


def faults(connection: sqlite3.Connection, found: Schema) -> Iterator[str]:
    """A sentence for every full-text index that does not match its rows."""
    for check in checks(found):
        try:
            connection.execute(check.sql)
        except sqlite3.DatabaseError as error:
            if (getattr(error, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_CORRUPT:
                yield check.fault


def content_of(table: Table) -> str:
    """The table (lower case) that an index gets its rows from (``content=``); empty if there is none."""
    words = words_of(table.sql) if table.kind == "virtual" else ()
    places = (at + 2 for at, pair in enumerate(pairwise(words)) if pair == ("content", "="))
    return next((identifier_key(words[at].strip("'")) for at in places), "")


def _module(table: Table) -> str:
    words = words_in_main(table.sql)
    return words[words.index("using") + 1] if table.kind == "virtual" and "using" in words else ""

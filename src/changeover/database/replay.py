"""Synthetic writes of a rehearsal, done again on a server's fork in one transaction.

Rule: what was tried and accepted on a local copy of the very same rows is accepted there too; so the server
needs no savepoints, and what `writes.Written` recorded is true of both.
"""

from collections.abc import Iterator

from changeover.database.connect import opened
from changeover.database.names import listed, quoted
from changeover.database.where import Server
from changeover.database.writes import Deed, Write, Written
from hrana.wire import Statement

PER_BATCH = 500


def replay(server: Server, written: Written) -> None:
    """Do all the writes, in order. Raises DatabaseError."""
    statements = list(_statements(written))
    with opened(server) as connection:
        for start in range(0, len(statements), PER_BATCH):
            connection.apply(statements[start : start + PER_BATCH])


def _statements(written: Written) -> Iterator[Statement]:
    for write in written.writes:
        yield _statement(write)


def _statement(write: Write) -> Statement:
    table, values = quoted(write.table), list(write.values.values())
    where = " AND ".join(f"{quoted(column)} IS ?" for column in write.key)
    keys = list(write.key.values())
    match write.deed:
        case Deed.INSERTED:
            marks = ", ".join("?" * len(values))
            sql = f"INSERT INTO {table} ({listed(list(write.values))}) VALUES ({marks})"
            return Statement(sql, values)  # type: ignore[arg-type]
        case Deed.UPDATED:
            sql = f"UPDATE {table} SET {quoted(write.changed)} = ? WHERE {where}"
            return Statement(sql, [write.values[write.changed], *keys])  # type: ignore[list-item]
        case Deed.DELETED:
            return Statement(f"DELETE FROM {table} WHERE {where}", keys)  # type: ignore[arg-type]

"""Repeats the synthetic writes of a rehearsal on a server's fork, in one transaction.

Rule: a write that a local copy of the same rows accepted is accepted there too. So the server needs no
savepoints, and what was recorded locally holds for both.
"""

from changeover.database.connect import opened
from changeover.database.rehearse.written import Written
from changeover.database.where import Server
from hrana.wire import WireStatement

PER_BATCH = 500


def replay(server: Server, written: Written) -> None:
    """Make all the writes, in order. Raises DatabaseError."""
    statements = [WireStatement(one.sql, list(one.parameters)) for one in written.writes]  # type: ignore[arg-type]
    with opened(server) as connection:
        for start in range(0, len(statements), PER_BATCH):
            connection.apply(statements[start : start + PER_BATCH])

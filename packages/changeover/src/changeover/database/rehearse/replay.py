"""Synthetic writes of a rehearsal, done again on a server's fork in one transaction.

Rule: what was tried and accepted on a local copy of the very same rows is accepted there too; so the
server needs no savepoints, and the record of the local copy holds for both.
"""

from changeover.database.connect import opened
from changeover.database.rehearse.written import Written
from changeover.database.where import Server
from hrana.wire import WireStatement

PER_BATCH = 500


def replay(server: Server, written: Written) -> None:
    """Do all the writes, in order. Raises DatabaseError."""
    statements = [WireStatement(one.sql, list(one.parameters)) for one in written.writes]  # type: ignore[arg-type]
    with opened(server) as connection:
        for start in range(0, len(statements), PER_BATCH):
            connection.apply(statements[start : start + PER_BATCH])

"""A session holds the database's file open, so that its log (WAL) is moved into the file only once.

Rule: whatever connection is the last to close does that, with three fsyncs, and on a quiet database each of
ours would be the last (https://sqlite.org/wal.html#ckpt). Not where a command may put another file in the
place of the database's: an old log must not stay beside it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from changeover.database.connect import opened
from changeover.database.where import Database, Server
from changeover.plan.model import Plan, ShellAction


@contextmanager
def one_log(plan: Plan, database: Database) -> Iterator[None]:
    """Until its end no connection of ours is the last; on a server, or with commands, it does nothing."""
    if isinstance(database, Server) or any(isinstance(action, ShellAction) for action in plan.actions()):
        yield
        return
    with opened(database):
        yield

"""What an error says of others: whether nobody can write to the database just now, or only we cannot."""

from hrana.errors import Blocked
from liveone.store.database import Database, Held, StoreError
from liveone.store.sqlite import SqliteDatabase


def nobody_writes(database: Database, error: StoreError) -> bool:
    """Whether the error proves that no other process could write either at that moment.

    A file has one machine: what keeps us from it keeps everybody from it. A server that refuses the
    connection is not running, one that says BLOCKED takes no writes from anybody, and while a migration
    holds the writers all of them wait. Silence, a lost answer, a refused token and a busy server prove
    nothing: others may get through.
    """
    if isinstance(database, SqliteDatabase) or isinstance(error, Held):
        return True
    return any(isinstance(one, ConnectionRefusedError | Blocked) for one in _chain(error))


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error and all that led to it, also where the traceback leaves that out."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found

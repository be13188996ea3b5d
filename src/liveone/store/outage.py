"""Tells from an error whether no process can write to the database now, or only this one cannot."""

from hrana.errors import Blocked, NotSent, OutcomeUnknown, Silent, Untrusted
from liveone.store.database import Database, Held, StoreError
from liveone.store.sqlite import SqliteDatabase


def nobody_writes(database: Database, error: StoreError) -> bool:
    """Whether the error proves that no other process could write either at that moment.

    A file has one machine: what keeps us from it keeps everybody from it. A server that refuses the
    connection is not running, one that takes connections and reads nothing stands still, one that says
    BLOCKED takes no writes from anybody, and while a migration holds the writers all of them wait. A server
    out of reach, silence, a lost answer, a refused token, a busy server prove nothing: others may be served.
    """
    if isinstance(database, SqliteDatabase) or isinstance(error, Held):
        return True
    return any(isinstance(one, ConnectionRefusedError | Blocked | Silent) for one in _chain(error))


def is_away(error: StoreError) -> bool:
    """Whether the database could not be asked, and may be later: nothing is wrong with how it is asked."""
    chain = _chain(error)
    return any(isinstance(one, NotSent | OutcomeUnknown) for one in chain) and not any(
        isinstance(one, Untrusted) for one in chain
    )


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error and all that led to it, also where the traceback leaves that out."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found

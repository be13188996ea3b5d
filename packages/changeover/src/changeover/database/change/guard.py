"""The guard: SQLite refuses to compile a statement that would write outside the plan's scope.

Rule: the authorizer sees every table that a statement may write, by triggers and foreign keys too, before a
row is touched. It costs nothing per row, so it is on in production as well. It knows the tables that existed
when it was made; a table that the script creates is the script's own. The engine's tables are never in scope.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from changeover.database.schema.catalogue import Schema
from changeover.sql.identifiers import identifier_key, is_engine

Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]

WRITES = {
    sqlite3.SQLITE_INSERT: "insert into",
    sqlite3.SQLITE_UPDATE: "update",
    sqlite3.SQLITE_DELETE: "delete from",
    sqlite3.SQLITE_DROP_TABLE: "drop",
    sqlite3.SQLITE_DROP_VTABLE: "drop",
}
_DEFINES = {
    sqlite3.SQLITE_CREATE_INDEX: "create an index on",
    sqlite3.SQLITE_DROP_INDEX: "drop an index of",
    sqlite3.SQLITE_CREATE_TRIGGER: "create a trigger on",
    sqlite3.SQLITE_DROP_TRIGGER: "drop a trigger of",
    sqlite3.SQLITE_ALTER_TABLE: "alter",
}
_CREATES = (sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_VTABLE)
FORBIDDEN = {
    sqlite3.SQLITE_TRANSACTION: "begins or ends a transaction",
    sqlite3.SQLITE_SAVEPOINT: "uses a savepoint",
    sqlite3.SQLITE_ATTACH: "attaches a database",
    sqlite3.SQLITE_DETACH: "detaches a database",
}


@dataclass(slots=True)
class WriteGuard:
    """The tables that may not be written; ``offence`` is the first attempt that was refused, or None."""

    protected: frozenset[str]
    offence: str | None = None
    _made: set[str] = field(default_factory=set)

    def __call__(
        self, action: int, one: str | None, two: str | None, where: str | None, via: str | None
    ) -> int:
        """The authorizer's answer for one thing that the statement being compiled would do."""
        if action in FORBIDDEN:
            return self._refuse(f"{FORBIDDEN[action]}, which only changeover may do")
        if action in _CREATES and one:
            if is_engine(one):
                return self._refuse(f"creates {one}, which is changeover's own")
            self._made.add(identifier_key(one))
        target = written(action, one, two, where)
        if target is None:
            return sqlite3.SQLITE_OK
        verb, table = target
        if identifier_key(table) not in self._made and (
            identifier_key(table) in self.protected or is_engine(table)
        ):
            return self._refuse(f"would {verb} {table}{f' (by trigger {via})' if via else ''}")
        return sqlite3.SQLITE_OK

    def _refuse(self, offence: str) -> int:
        self.offence = offence
        return sqlite3.SQLITE_DENY


def written(action: int, one: str | None, two: str | None, where: str | None) -> tuple[str, str] | None:
    """(verb, table) if an authorizer event writes a table of the application, else None."""
    # CREATE, ALTER and DROP are told as writes of sqlite_master,
    # too; the table they mean comes by its own event.
    if action in WRITES and one and where == "main" and not one.startswith("sqlite_"):
        return WRITES[action], one
    if action in _DEFINES and two:
        return _DEFINES[action], two
    return None


def guard(schema: Schema, scope: Iterable[str]) -> WriteGuard:
    """A guard for every table of ``schema`` that ``scope`` does not name."""
    return WriteGuard(frozenset(schema.tables) - {identifier_key(table) for table in scope})


@contextmanager
def watching(connection: sqlite3.Connection, authorizer: Authorizer | None) -> Iterator[None]:
    """Every statement that is compiled inside is shown to the authorizer."""
    connection.set_authorizer(authorizer)
    try:
        yield
    finally:
        # None takes it away; an authorizer that stayed would be asked for the engine's own statements too.
        connection.set_authorizer(None)

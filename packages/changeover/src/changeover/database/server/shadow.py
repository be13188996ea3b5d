"""A server's schema as an empty database in memory: where a change is judged before anything is sent.

Rule: what a script reaches, costs and leaves behind follows from the schema alone, so it is found out here
with the same code as for a file. That the server still has this schema, and has the one worked out here
afterwards, is demanded inside the transaction.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

from changeover.database.change import blast, forecast
from changeover.database.change.forecast import Forecast
from changeover.database.change.model import PlannedChange
from changeover.database.connect import Connection
from changeover.database.schema import catalogue as schema
from changeover.database.schema.catalogue import Schema
from changeover.database.schema.empty import empty_copy
from changeover.database.server.remote import Remote
from changeover.errors import Unsuitable
from changeover.sql.identifiers import identifier_key, is_own, quoted
from hrana.wire import WireStatement

Object = tuple[str, str, str, str]
"""(type, name, table, sql) of something that has a definition."""


@dataclass(frozen=True, slots=True)
class Shadow:
    """``connection`` has the schema without rows; ``sizes`` says how many rows a table (folded) has."""

    connection: sqlite3.Connection
    schema: Schema
    objects: tuple[Object, ...]
    sizes: Mapping[str, int]

    def size(self, table: str) -> int | None:
        """How many rows a table has; None where there is none of that name."""
        return self.sizes.get(identifier_key(table))


@contextmanager
def open_shadow(remote: Remote) -> Iterator[Shadow]:
    """The shadow of a server's database, in three short requests.

    Raises Unsuitable for a schema that cannot be made again here.
    """
    with closing(empty_copy(remote)) as scratch:
        found, made = objects_of(remote), objects_of(scratch)
        # The server may know syntax that this SQLite does not, or
        # reads otherwise: then nothing judged here is true there.
        odd = sorted(set(found) ^ set(made))
        if odd:
            raise Unsuitable(
                f"The {odd[0][0]} {odd[0][1]} reads differently when it is made again from its definition.",
                hint="Drop it and create it again on the server, so that what is judged is what is there.",
            )
        tables = schema.read(scratch)
        yield Shadow(scratch, tables, found, _sizes(remote, tables))


def objects_of(connection: Connection) -> tuple[Object, ...]:
    """Everything of the application that has a definition."""
    return tuple(
        (kind, name, table, sql)
        for kind, name, table, sql in schema.objects(connection)
        if not is_own(name) and not is_own(table)
    )


def prepared(shadow: Shadow, change: PlannedChange) -> tuple[Forecast, frozenset[str]]:
    """What the change would cost, and the tables that it can write, all of them in scope.

    Raises InvariantBroken, StepFailed, Unsuitable.
    """
    effects = blast.require_scope(
        shadow.connection,
        change.statements,
        change.scope,
        foreign_keys=change.foreign_keys,
        rows=shadow.size,
    )
    return forecast.forecast(change.statements, shadow.size), blast.tables_of(effects)


def _sizes(remote: Remote, found: Schema) -> dict[str, int]:
    tables = {name: table for name, table in found.tables.items() if table.holds_rows}
    asked = [WireStatement(f"SELECT count(*) FROM {quoted(table.name)}") for table in tables.values()]
    answers = remote.snapshot(asked)
    return {name: int(rows[0][0] or 0) for name, rows in zip(tables, answers, strict=True)}

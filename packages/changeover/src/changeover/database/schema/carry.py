"""Keeps what a database has beyond a script that rebuilds a table: indexes, triggers, NOT NULL.

Databases of one application differ: tools and people add indexes and triggers, and an old definition may
refuse NULL where a new one takes it.

Rule: with ``carry`` these stay if they fit the new table. Those that go are named in the plan, indexes by
their columns, because their names differ between databases.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from changeover.database.change import script
from changeover.database.change.assigned import Assigned, source_of
from changeover.database.change.model import PlannedChange
from changeover.database.connect import Connection
from changeover.database.schema import catalogue, definition
from changeover.database.schema.catalogue import Index, Table
from changeover.database.schema.definition import ColumnDefinition
from changeover.database.schema.empty import afterwards
from changeover.database.server.shadow import objects_of
from changeover.plan.actions import IndexColumns
from changeover.plan.model import SqlStatement
from changeover.sql import rebuild
from changeover.sql.identifiers import identifier_key


@dataclass(frozen=True, slots=True)
class Carried:
    """A script with the statements that carry indexes and triggers over.

    ``left_out`` are the findings of `weaker` for indexes that the plan names by their columns, with the
    reason.
    """

    statements: tuple[SqlStatement, ...]
    left_out: Mapping[str, str]


def carried(connection: Connection, change: PlannedChange, without: Sequence[IndexColumns] = ()) -> Carried:
    """The script of a change, with NOT NULL, indexes and triggers of the tables that it rebuilds.

    Indexes and triggers are carried if they went with a table, fit the new one and are not dropped by name.
    Indexes that the new primary key makes superfluous, and those in ``without``, are left out.
    """
    statements = keeping_not_null(connection, change.statements)
    dropped = script.read(statements).dropped
    found, left_out = [], {}
    with afterwards(connection, statements, legacy_alter_table=not change.foreign_keys) as scratch:
        left = {(kind, identifier_key(name)) for kind, name, _, _ in objects_of(scratch)}
        for kind, name, on, sql in objects_of(connection):
            gone = kind in ("index", "trigger") and (kind, identifier_key(name)) not in left
            if not gone or identifier_key(name) in dropped:
                continue
            if kind == "index" and _is_among(catalogue.read_one(connection, on), name, without):
                left_out[f"{identifier_key(on)}.index.{identifier_key(name)}"] = "the plan leaves it out"
                continue
            with suppress(sqlite3.Error):
                scratch.execute(sql)
                if not (kind == "index" and _is_primary_key(catalogue.read_one(scratch, on), name)):
                    found.append(SqlStatement(sql, statements[-1].position))
    return Carried((*statements, *found), left_out)


def keeping_not_null(
    connection: Connection, statements: tuple[SqlStatement, ...]
) -> tuple[SqlStatement, ...]:
    """The script with NOT NULL kept on columns of rebuilt tables, so that every later row fits the old table.

    A column keeps it if it refuses NULL today, the script copies its value as it is, and the script alone
    would allow NULL. A column whose NOT NULL comes with a default that the new one does not have is left out:
    an INSERT that does not name it would be refused.
    """
    rebuilt = script.read(statements).rebuilt
    return tuple(
        replace(one, text=_with_not_null(one.text, table, copied))
        if (name := script.created(script.words_in_main(one.text))) in rebuilt
        and (table := catalogue.read_one(connection, rebuilt[name])) is not None
        and (copied := _copied(statements, name, rebuilt[name]))
        else one
        for one in statements
    )


def _with_not_null(sql: str, old: Table, copied: Mapping[str, str]) -> str:
    """A CREATE TABLE with NOT NULL as in the ``old`` table; ``copied`` maps new columns to old ones."""
    made = definition.parse(sql)
    strict = [
        now.name
        for now in made.columns
        if now.name in copied
        and not (now.not_null or made.is_rowid(now))
        and (was := old.definition.column(copied[now.name])) is not None
        and _refuses_null(was, now)
    ]
    return rebuild.with_not_null(sql, frozenset(strict)) if strict else sql


def _refuses_null(was: ColumnDefinition, now: ColumnDefinition) -> bool:
    return was.not_null and not was.conflict and not now.generated and bool(now.default or not was.default)


def _copied(statements: Sequence[SqlStatement], copy: str, table: str) -> dict[str, str]:
    """New column -> old column, for columns whose value is copied from the table unchanged."""
    fill: list[Assigned] = []
    others: set[str] = set()
    fills = 0
    for statement, (target, values) in zip(statements, script.given(statements), strict=True):
        if target not in (copy, table) or not values:
            continue
        if source_of(script.words_in_main(statement.text)) == table:
            fills, fill = fills + 1, values
        else:
            others |= {one.column for one in values}
    if fills != 1:
        return {}
    return {one.column: one.source for one in fill if one.source and one.column not in others}


def _is_among(table: Table | None, name: str, wanted: Sequence[IndexColumns]) -> bool:
    """Whether an index is plain, not unique, and over exactly the columns of one that is named."""
    found = _index(table, name)
    if table is None or found is None or found.unique or not found.is_plain:
        return False
    mine = IndexColumns(identifier_key(table.name), tuple(found.collated()))
    return mine in wanted


def _is_primary_key(table: Table | None, name: str) -> bool:
    """Whether the primary key does all that an index does: it finds the same rows and is as unique."""
    found = _index(table, name)
    if table is None or found is None or not found.is_plain:
        return False
    keys = [list(one.collated().items()) for one in table.indexes if one.origin == "pk"]
    mine = list(found.collated().items())
    return any(key == mine or (not found.unique and key[: len(mine)] == mine) for key in keys)


def _index(table: Table | None, name: str) -> Index | None:
    indexes: Iterator[Index] = iter(table.indexes if table else ())
    return next((one for one in indexes if identifier_key(one.name) == identifier_key(name)), None)

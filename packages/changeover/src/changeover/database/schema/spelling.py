"""Restores the text of definitions: after a rollback each table, index, trigger and view has its old text.

A rollback rebuilds tables in the words of its script, but the database may have spelled them otherwise: in
another order, with other quotes, or by ALTER. Definitions are compared by meaning and restored by text.

Rule: a change keeps the definitions that it replaces in its ledger row. Its rollback ends with the statements
of `restoring`, in the same transaction. A table is rebuilt only if its columns are the old ones; other
differences stay, and the comparison after the rollback finds them.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from changeover.database.change import blast
from changeover.database.change.model import PlannedChange
from changeover.database.change.undo import KEPT_ROWID
from changeover.database.connect import Connection
from changeover.database.schema import catalogue
from changeover.database.schema.catalogue import Schema, Table, shared_rowid
from changeover.database.schema.empty import afterwards, empty_copy_of
from changeover.database.server.shadow import Object, objects_of
from changeover.plan.model import SqlStatement
from changeover.sql.identifiers import identifier_key, listed, quoted

ASIDE = "changeover_respelled"
LIMIT_ROWS = 100_000
"""A larger table is not rebuilt only for the sake of its spelling."""


def replaced(before: Iterable[Object], after: Iterable[Object]) -> tuple[Object, ...]:
    """The definitions that ``after`` does not have, with all others of the same tables."""
    was, now = list(before), set(after)
    tables = {identifier_key(table) for kind, name, table, sql in was if (kind, name, table, sql) not in now}
    return tuple(one for one in was if identifier_key(one[2]) in tables)


def restoring(
    connection: Connection, change: PlannedChange, before: Sequence[Object]
) -> tuple[SqlStatement, ...]:
    """The statements after the script of a rollback by which definitions are as ``before``, word for word."""
    if not before:
        return ()
    with afterwards(connection, change.statements, legacy_alter_table=not change.foreign_keys) as scratch:
        left, found = objects_of(scratch), catalogue.read(scratch)
        again = [
            (table, was)
            for table in map(found.table, _names(before, "table"))
            if table is not None
            and _definition(before, table) not in left
            and (was := _as_it_was(_definition(before, table))) is not None
            and _can_be_made_again(connection, change, found, table, was)
        ]
    place = change.statements[-1].position
    texts = [text for table, was in again for text in _made_again(table, was, _definition(before, table))]
    poured = {identifier_key(table.name) for table, _ in again}
    now = set(objects_of(connection))
    texts += _added(before, set(left) - now, poured)
    texts += _others(before, left, poured)
    texts += _foreign(before, now.intersection(left), poured)
    return tuple(SqlStatement(text, place) for text in texts)


def _as_it_was(old: Object) -> Table | None:
    with closing(empty_copy_of([old])) as scratch:
        return catalogue.read(scratch).table(old[1])


def _can_be_made_again(
    connection: Connection, change: PlannedChange, found: Schema, table: Table, was: Table
) -> bool:
    """Whether a table can be rebuilt by its old definition.

    Its columns are the same, rows keep their rowids, and no foreign key would delete anything at the DROP. A
    large table is rebuilt only if the order of its columns differs.
    """
    # DROP TABLE deletes the rows first where foreign keys are on, and
    # their ON DELETE acts (https://sqlite.org/lang_droptable.html).
    if change.foreign_keys and found.children(table.name):
        return False
    if {identifier_key(c) for c in was.stored} != {identifier_key(c) for c in table.stored}:
        return False
    if _has_hidden_rowids(table, was) and not shared_rowid(table, was):
        return False
    same_order = list(map(identifier_key, was.stored)) == list(map(identifier_key, table.stored))
    return not same_order or (blast.rows_of(connection, table.name) or 0) <= LIMIT_ROWS


def _has_hidden_rowids(table: Table, was: Table) -> bool:
    """Whether both tables have rowids that no column shows: a copy by columns would lose them."""
    keys = [column for column in was.columns if column.key]
    shown = len(keys) == 1 and identifier_key(keys[0].type) == "integer"
    return not (table.without_rowid or was.without_rowid or shown)


def _made_again(table: Table, was: Table, old: Object) -> Iterator[str]:
    name, columns = quoted(table.name), listed(table.stored)
    rowid = shared_rowid(table, was) if _has_hidden_rowids(table, was) else ""
    here, aside = (f"{rowid}, ", f"{KEPT_ROWID}, ") if rowid else ("", "")
    kept = f"{rowid} AS {KEPT_ROWID}, " if rowid else ""
    # The copy goes aside and the original is made under its own name: RENAME would spell the definition anew.
    yield f"CREATE TABLE {ASIDE} AS SELECT {kept}{columns} FROM {name}"
    yield f"DROP TABLE {name}"
    yield old[3]
    yield f"INSERT INTO {name} ({here}{columns}) SELECT {aside}{columns} FROM {ASIDE}"
    yield f"DROP TABLE {ASIDE}"


def _added(before: Sequence[Object], made: Iterable[Object], again: set[str]) -> Iterator[str]:
    """DROPs of indexes and triggers that the script made on tables which never had them."""
    had = {(kind, identifier_key(name)) for kind, name, _, _ in before}
    tables = {identifier_key(name) for name in _names(before, "table")} - again
    for kind, name, table, _ in sorted(made):
        if (
            kind in ("index", "trigger")
            and identifier_key(table) in tables
            and (kind, identifier_key(name)) not in had
        ):
            yield f"DROP {kind.upper()} {quoted(name)}"


def _others(before: Sequence[Object], left: Sequence[Object], again: set[str]) -> Iterator[str]:
    """Indexes, triggers and views to make again.

    Those that went with a table, and those with another text.
    """
    names = {
        (kind, identifier_key(name)) for kind, name, table, _ in left if identifier_key(table) not in again
    }
    for kind, name, table, sql in before:
        if kind == "table" or ((kind, name, table, sql) in left and identifier_key(table) not in again):
            continue
        if (kind, identifier_key(name)) in names:
            yield f"DROP {kind.upper()} {quoted(name)}"
        yield sql


def _foreign(kept: Sequence[Object], stayed: Iterable[Object], again: set[str]) -> Iterator[str]:
    """Indexes and triggers that others made since, on tables that are rebuilt."""
    had = {(kind, identifier_key(name)) for kind, name, _, _ in kept}
    for kind, name, table, sql in sorted(stayed):
        is_theirs = kind in ("index", "trigger") and (kind, identifier_key(name)) not in had
        if is_theirs and identifier_key(table) in again:
            yield sql


def _names(objects: Iterable[Object], wanted: str) -> Iterator[str]:
    return (name for kind, name, _, _ in objects if kind == wanted)


def _definition(before: Iterable[Object], table: Table) -> Object:
    return next(
        one for one in before if one[0] == "table" and identifier_key(one[1]) == identifier_key(table.name)
    )

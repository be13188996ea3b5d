"""Finds views, triggers and foreign keys that refer to what is missing, and the statement that broke them.

Rule: SQLite does not say which trigger of a table fails to compile. So after a failure, and only then, each
trigger is tried alone in a copy without rows, and the statement that broke it is found by running the script
there.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from changeover.database.change import script
from changeover.database.connect import Connection
from changeover.database.schema import catalogue, empty
from changeover.database.schema.catalogue import Table
from changeover.plan.model import SqlStatement
from changeover.sql.identifiers import identifier_key, listed, quoted

Objects = Iterable[tuple[str, str, str, str]]


def broken(connection: Connection) -> list[str]:
    """A sentence for each view and trigger that does not compile, and each foreign key without its parent."""
    found = catalogue.read(connection)
    sentences = [
        f"{table.name} refers to {key.parent}, which does not exist"
        for table in found.tables.values()
        for key in table.foreign_keys
        if found.table(key.parent) is None
    ]
    sentences += [
        f"{table.name} refers to {parent.name} by {column}, a column that is not there"
        for table in found.tables.values()
        for key in table.foreign_keys
        if (parent := found.table(key.parent)) is not None
        for column in key.parent_columns
        if identifier_key(column) not in {identifier_key(one.name) for one in parent.columns}
    ]
    for view in found.views:
        error = _refusal(connection, f"SELECT * FROM {quoted(view)}")
        sentences += [f"view {view} no longer works: {error}"] if error else []
    firing = [table for table in found.tables.values() if table.triggers and table.kind == "table"]
    failing = [(table, error) for table in firing if (error := _write_refusal(connection, table))]
    if failing:
        objects = list(catalogue.objects(connection))
        alone = [one for table, _ in failing for one in _broken_triggers(objects, table)]
        sentences += alone or [
            f"a trigger of {table.name} ({', '.join(sorted(table.triggers))}) no longer works: {error}"
            for table, error in failing
        ]
    return list(dict.fromkeys(sentences))


def placed(before: Objects, statements: Sequence[SqlStatement], faults: Sequence[str]) -> list[str]:
    """The sentences of `broken`, each with the place of the statement that broke it, if one did."""
    if not faults:
        return []
    since: dict[str, str] = {}
    with closing(empty.blank(legacy_alter_table=bool(script.read(statements).rebuilt))) as scratch:
        empty.fill(scratch, ((f"{kind} {name}", sql) for kind, name, _, sql in before))
        for statement in statements:
            if script.changes_schema(statement):
                scratch.execute(statement.text, dict.fromkeys(statement.parameters))
                since = {one: since.get(one, str(statement.position)) for one in broken(scratch)}
    return [f"{since[one]}: {one}" if one in since else one for one in faults]


def _broken_triggers(objects: Sequence[tuple[str, str, str, str]], table: Table) -> Iterator[str]:
    """The triggers of a table that do not compile, each tried without the others."""
    for trigger in sorted(table.triggers):
        with closing(empty.blank()) as scratch:
            objects_left = (one for one in objects if one[0] != "trigger" or one[1] == trigger)
            empty.fill(scratch, ((name, sql) for _, name, _, sql in objects_left))
            error = _write_refusal(scratch, table)
        if error:
            yield f"trigger {trigger} of {table.name} no longer works: {error}"


def _write_refusal(connection: Connection, table: Table) -> str:
    """SQLite's message if a table cannot be written because of its triggers; empty if it can."""
    name, columns = quoted(table.name), table.stored
    # Compiled and never carried out, so that no value has to fit.
    values = ", ".join("NULL" for _ in columns)
    assignments = ", ".join(f"{quoted(column)} = {quoted(column)}" for column in columns)
    return (
        _refusal(connection, f"INSERT INTO {name} ({listed(columns)}) VALUES ({values})")
        or _refusal(connection, f"UPDATE {name} SET {assignments}")
        or _refusal(connection, f"DELETE FROM {name}")
    )


def _refusal(connection: Connection, sql: str) -> str:
    try:
        connection.execute(f"EXPLAIN {sql}").fetchall()
    except sqlite3.Error as error:
        return str(error)
    return ""

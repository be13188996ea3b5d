"""The columns that identify the rows of a table before and after a change.

Rule: its key, else a primary key that could hold NULL but does not. Else the rowid, which identifies rows
only within one table, and not in a table that was rebuilt.
"""

from collections.abc import Mapping, Sequence

from changeover.database.connect import Connection
from changeover.database.schema.catalogue import Schema, Table
from changeover.sql.identifiers import identifier_key, quoted


def key_of(connection: Connection, table: Table, schema: str = "main") -> tuple[str, ...]:
    """The columns that identify a row for good; empty if there are none."""
    if table.key or table.kind != "table":
        return table.key
    primary = sorted((c for c in table.columns if c.key), key=lambda column: column.key)
    names = tuple(column.name for column in primary)
    if not names:
        return ()
    holds_null = " OR ".join(f"{quoted(name)} IS NULL" for name in names)
    found = connection.execute(
        f"SELECT 1 FROM {quoted(schema)}.{quoted(table.name)} WHERE {holds_null} LIMIT 1"
    ).fetchone()
    return () if found else names


def address_of(connection: Connection, table: Table) -> tuple[str, ...]:
    """The columns that find a row now: its key, else its rowid; empty if it has neither."""
    return key_of(connection, table) or ((table.rowid,) if table.rowid else ())


def is_rowid(table: Table, address: Sequence[str]) -> bool:
    """Whether the address is the rowid, under a name that no column has."""
    return bool(table.rowid) and tuple(address) == (table.rowid,)


def where(key: Mapping[str, object]) -> tuple[str, tuple[object, ...]]:
    """(SQL condition, parameters) that find one row."""
    return " AND ".join(f"{quoted(column)} IS ?" for column in key), tuple(key.values())


def same_key(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two keys have the same columns, in any order and letter case."""
    return bool(one) and {identifier_key(c) for c in one} == {identifier_key(c) for c in other}


def neighbours(found: Schema, scope: "frozenset[str] | set[str]") -> tuple[str, ...]:
    """The tables of the scope that exist, with their parents and children, in lower case, parents first."""
    chosen = {identifier_key(table) for table in scope if found.table(table)}
    for name in tuple(chosen):
        chosen |= {
            identifier_key(key.parent) for key in found.tables[name].foreign_keys if found.table(key.parent)
        }
        chosen |= {identifier_key(child.name) for child, _ in found.children(name)}
    return tuple(sorted(chosen, key=lambda name: (_depth(found, name, frozenset()), name)))


def _depth(found: Schema, name: str, seen: frozenset[str]) -> int:
    table = found.table(name)
    if table is None or name in seen:
        return 0
    parents = {identifier_key(key.parent) for key in table.foreign_keys} - {name}
    return 1 + max((_depth(found, parent, seen | {name}) for parent in parents), default=0)


def same_value(table: Table, column: str) -> str:
    """SQL: a column of ``a`` equals that of ``b`` in value and type.

    Only a column without affinity can hold both 1 and 1.0.
    """
    name = quoted(column)
    found = table.column(column)
    plain = found is not None and found.type != "" and identifier_key(found.type) not in ("any", "blob")
    same = f"a.{name} IS b.{name} COLLATE BINARY"
    return same if plain else f"({same} AND typeof(a.{name}) = typeof(b.{name}))"

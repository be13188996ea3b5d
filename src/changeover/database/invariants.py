"""What must be true before COMMIT; each check answers with sentences, and with none when all is well.

Rule: two depths. THOROUGH reads everything (rehearsal, where nobody waits). SWIFT holds writers for
milliseconds whatever the size: keys by skipping through an index, whole pages only of the tables that were
written. What SWIFT leaves out the guard has made impossible (`guard`) and the rehearsal has shown.
"""

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from changeover.database import meaning, schema
from changeover.database.connect import Connection
from changeover.database.meaning import Meanings
from changeover.database.names import counted, folded, listed, quoted
from changeover.database.schema import ForeignKey, Schema, Table

SKIP_LIMIT = 10_000
"""Distinct key values up to which skipping through an index beats walking the table."""


_BROKEN_RULE = re.compile(
    r"NULL value in |CHECK constraint failed in |non-unique entry in index "
    r"|(?:non-)?(?:NULL|INT|INTEGER|REAL|NUMERIC|TEXT|BLOB|numeric) value in "
)
"""Sentences of SQLite's integrity_check about values; all others are about pages and indexes."""


class Depth(StrEnum):
    SWIFT = "swift"
    THOROUGH = "thorough"


def foreign_keys(connection: Connection, tables: Iterable[str] | None = None) -> list[str]:
    """Rows whose parent is not there.

    ``tables`` (None: all) are the tables written: their keys and those to them.
    """
    found = schema.read(connection)
    if tables is None:
        return _orphans(connection.execute("PRAGMA foreign_key_check"))
    written = {folded(table) for table in tables}
    sentences: list[str] = []
    for name, table in found.tables.items():
        for key in table.foreign_keys:
            if name in written or folded(key.parent) in written:
                sentences += _key_orphans(connection, found, table, key)
    return sentences


def integrity(connection: Connection, tables: Iterable[str] | None = None) -> list[str]:
    """Damage, rows missing from an index, broken NOT NULL, CHECK and UNIQUE; of all tables, or of some.

    Measured: 90 MB a second, so a whole check is for backups and rehearsals.
    """
    targets = [None] if tables is None else list(tables)
    sentences: list[str] = []
    for table in targets:
        pragma = (
            "PRAGMA main.integrity_check" if table is None else f"PRAGMA integrity_check({quoted(table)})"
        )
        sentences += [text for (text,) in connection.execute(pragma) if text != "ok"]
    return sentences


def is_broken_rule(fault: str) -> bool:
    """Whether what an integrity check says is a row that breaks a rule of its table, and no damage."""
    return _BROKEN_RULE.match(fault) is not None


def structure(connection: Connection) -> list[str]:
    """Damage to any page, broken NOT NULL and CHECK, of all tables; not whether indexes hold the right rows.

    Four times as fast as `integrity`: enough for tables whose rows are proven to be what they were.
    """
    return [text for (text,) in connection.execute("PRAGMA main.quick_check") if text != "ok"]


def duplicates(connection: Connection, table: str, columns: Sequence[str], *, limit: int = 10) -> list[str]:
    """Values that stand more than once under columns that are, or are to be, unique.

    NULLs are never equal.
    """
    names = listed(list(columns))
    present = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in columns)
    rows = connection.execute(
        f"SELECT {names}, count(*) FROM {quoted(table)} WHERE {present} GROUP BY {names} HAVING count(*) >"
        " 1 LIMIT ?",
        (limit,),
    )
    label = ", ".join(columns)
    return [f"{table}: {counted(row[-1], 'row')} have ({label}) = ({_shown(row[:-1])})" for row in rows]


def unique_keys(connection: Connection, tables: Iterable[str]) -> list[str]:
    """Duplicates under any unique key of the tables, counted from rows and not believed from the index."""
    found = schema.read(connection)
    sentences: list[str] = []
    for name in tables:
        table = found.table(name)
        for index in table.indexes if table else ():
            columns = [column for column in index.columns if column is not None]
            if table and index.unique and not index.partial and len(columns) == len(index.columns):
                sentences += duplicates(connection, table.name, columns)
    return sentences


def expected_schema(connection: Connection, expected: Meanings) -> list[str]:
    """How the schema differs from the one expected, by meaning."""
    return list(meaning.difference(expected, meaning.meanings(connection)))


def contract(connection: Connection, needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Tables and columns that the application needs and that are not there. A view may stand for a table."""
    found = schema.read(connection)
    sentences: list[str] = []
    for name, columns in needs.items():
        if found.table(name) is None and folded(name) not in found.views:
            sentences.append(f"table {name} is missing")
            continue
        rows = connection.execute("SELECT name FROM pragma_table_xinfo(?)", (name,))
        present = {folded(column) for (column,) in rows}
        sentences += [f"table {name} has no column {c}" for c in columns if folded(c) not in present]
    return sentences


def broken_references(connection: Connection) -> list[str]:
    """Views and triggers that no longer compile, and foreign keys to tables that are not there."""
    found = schema.read(connection)
    sentences = [
        f"{table.name} refers to {key.parent}, which does not exist"
        for table in found.tables.values()
        for key in table.foreign_keys
        if found.table(key.parent) is None
    ]
    for view in found.views:
        sentences += _does_not_compile(connection, f"view {view}", f"SELECT * FROM {quoted(view)}")
    for table in found.tables.values():
        if table.triggers and table.kind == "table":
            label = f"a trigger of {table.name} ({', '.join(sorted(table.triggers))})"
            sentences += _triggers_broken(connection, label, table)
    return list(dict.fromkeys(sentences))


def _orphans(rows: Iterable[tuple[str, int | None, str, int]]) -> list[str]:
    tally: dict[tuple[str, str], int] = {}
    for child, _, parent, _ in rows:
        tally[child, parent] = tally.get((child, parent), 0) + 1
    return [orphan(child, parent, count) for (child, parent), count in tally.items()]


def orphan(child: str, parent: str, count: int) -> str:
    """The sentence for rows whose parent is not there."""
    return f"{child}: {counted(count, 'row')} would refer to rows of {parent} that are not there"


def _key_orphans(connection: Connection, found: Schema, table: Table, key: ForeignKey) -> list[str]:
    """Orphans under one key: by its distinct values where an index leads with it, else row by row."""
    if found.table(key.parent) is None:
        return [f"{table.name} refers to {key.parent}, which does not exist"]
    leads = any(i.columns[:1] == key.columns[:1] and not i.partial for i in table.indexes)
    if len(key.columns) == 1 and leads:
        values = _distinct(connection, table.name, key.columns[0])
        if values is not None:
            return _missing_parents(connection, table, key, values)
    rows = connection.execute(f"PRAGMA foreign_key_check({quoted(table.name)})")
    return _orphans(row for row in rows if folded(row[2]) == folded(key.parent))


def _distinct(connection: Connection, table: str, column: str) -> list[object] | None:
    """The distinct values of an indexed column, one seek each; None when there are more than SKIP_LIMIT."""
    name, source = quoted(column), quoted(table)
    rows = connection.execute(
        f"WITH RECURSIVE seen(v) AS (SELECT min({name}) FROM {source} UNION ALL"
        f" SELECT (SELECT min({name}) FROM {source} WHERE {name} > v) FROM seen WHERE v IS NOT NULL LIMIT ?)"
        " SELECT v FROM seen WHERE v IS NOT NULL",
        (SKIP_LIMIT + 1,),
    ).fetchall()
    return None if len(rows) > SKIP_LIMIT else [value for (value,) in rows]


def _missing_parents(
    connection: Connection, table: Table, key: ForeignKey, values: Sequence[object]
) -> list[str]:
    parent, column = quoted(key.parent), quoted(key.parent_columns[0])
    gone = [
        value
        for value in values
        if not connection.execute(f"SELECT 1 FROM {parent} WHERE {column} = ?", (value,)).fetchone()
    ]
    total = sum(
        connection.execute(
            f"SELECT count(*) FROM {quoted(table.name)} WHERE {quoted(key.columns[0])} = ?", (value,)
        ).fetchone()[0]
        for value in gone
    )
    return [orphan(table.name, key.parent, total)] if total else []


def _triggers_broken(connection: Connection, label: str, table: Table) -> list[str]:
    name, columns = quoted(table.name), table.stored
    values = ", ".join("NULL" for _ in columns)
    assignments = ", ".join(f"{quoted(column)} = {quoted(column)}" for column in columns)
    return [
        *_does_not_compile(connection, label, f"INSERT INTO {name} ({listed(columns)}) VALUES ({values})"),
        *_does_not_compile(connection, label, f"UPDATE {name} SET {assignments}"),
        *_does_not_compile(connection, label, f"DELETE FROM {name}"),
    ]


def _does_not_compile(connection: Connection, label: str, sql: str) -> list[str]:
    try:
        connection.execute(f"EXPLAIN {sql}").fetchall()
    except sqlite3.Error as error:
        return [f"{label} no longer works: {error}"]
    return []


def _shown(values: Sequence[object]) -> str:
    return ", ".join("NULL" if value is None else str(value) for value in values)

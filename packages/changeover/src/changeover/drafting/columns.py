"""What two definitions have in common: of tables their meaning, of columns their affinity."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager

from changeover.database.schema.catalogue import Column, Table
from changeover.drafting import texts
from changeover.sql.identifiers import identifier_key


def means(table: Table) -> Sequence[str]:
    """What a table says, in whatever words."""
    return table.definition.parts() or (table.sql,)


def is_addable(column: Column) -> bool:
    """Whether ADD COLUMN takes it when there are rows: no key, and a constant for every row."""
    constant = texts.is_constant(column.default or "NULL")
    return not column.key and constant and (not column.not_null or column.default is not None)


def affinity_of(kind: str) -> str:
    """The affinity of a declared type; source: sqlite.org/datatype3.html, section 3.1."""
    upper = kind.upper()
    for words, affinity in (
        (("INT",), "INTEGER"), (("CHAR", "CLOB", "TEXT"), "TEXT"), (("BLOB",), "BLOB"),
        (("REAL", "FLOA", "DOUB"), "REAL"),
    ):  # fmt: skip
        if any(word in upper for word in words):
            return affinity
    return "NUMERIC" if upper else "BLOB"


def are_alike(one: Table, other: Table) -> bool:
    """Whether two tables have most of their columns in common."""
    names = {identifier_key(column.name) for column in one.columns}
    same = names & {identifier_key(column.name) for column in other.columns}
    return 2 * len(same) > max(len(names), len(other.columns))


def computed(table: Table, column: Column) -> str:
    """The expression of a generated column, in parentheses."""
    found = table.definition.column(column.name)
    return found.expression if found else "NULL"


@contextmanager
def scratch_of(schema: Iterable[str]) -> Iterator[sqlite3.Connection]:
    """A database in memory that those statements made. Raises sqlite3.Error where one of them fails."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as scratch:
        for sql in schema:
            scratch.execute(sql)
        yield scratch


def can_be_asked(query: str, schema: Iterable[str]) -> bool:
    """Whether SQLite takes a query on that schema, without an application's own functions."""
    try:
        with scratch_of(schema) as scratch:
            scratch.execute(query)
    except sqlite3.Error:
        return False
    return True

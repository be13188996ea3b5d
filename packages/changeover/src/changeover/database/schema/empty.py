"""Makes the schema of a database without its rows, in memory; changes are judged there first.

Rule: only definitions are copied, never a row. The copy has the application's functions and extensions, and
the settings of a change: foreign keys off, ``legacy_alter_table`` as the script needs it (`transaction`).
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

from changeover.database import application
from changeover.database.change import script
from changeover.database.connect import Connection
from changeover.database.schema.catalogue import objects
from changeover.errors import Unsuitable
from changeover.plan.model import SqlStatement

VECTORS = (
    "Only a libSQL server knows vector indexes. Drop it on the server before the run, and make it again"
    " afterwards from the same definition: its contents follow from the column.\n  {sql};"
)
HINT = (
    "It needs what the application adds to SQLite: name in the front matter what registers it"
    " (`functions: [module.py]` with register(connection), or `extensions: [library]`)."
)


def blank(*, legacy_alter_table: bool = False) -> sqlite3.Connection:
    """An empty database in memory with the settings and functions of one that changeover opens."""
    scratch = sqlite3.connect(":memory:", isolation_level=None, cached_statements=0)
    scratch.execute("PRAGMA foreign_keys = OFF")
    scratch.execute(f"PRAGMA legacy_alter_table = {int(legacy_alter_table)}")
    return application.equip(scratch)


def fill(scratch: sqlite3.Connection, definitions: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Run each CREATE statement of (name, statement); gives name -> SQLite's message for those that fail."""
    refused: dict[str, str] = {}
    for label, sql in definitions:
        try:
            scratch.execute(sql)
        except sqlite3.Error as error:
            refused[label] = str(error)
    return refused


def way_past(error: str, sql: str) -> str:
    """A hint what to do about a definition that SQLite refuses with ``error``."""
    return VECTORS.format(sql=sql) if "libsql_vector_idx" in error else HINT


def empty_copy(source: Connection, *, legacy_alter_table: bool = False) -> sqlite3.Connection:
    """The schema of ``source`` in memory. Raises Unsuitable if a definition cannot be made again."""
    return empty_copy_of(objects(source), legacy_alter_table=legacy_alter_table)


def empty_copy_of(
    definitions: Iterable[tuple[str, str, str, str]], *, legacy_alter_table: bool = False
) -> sqlite3.Connection:
    """The schema of (type, name, table, sql), tables first, in memory. Raises Unsuitable as `empty_copy`."""
    scratch = blank(legacy_alter_table=legacy_alter_table)
    sql_of = {f"{kind} {name}": sql for kind, name, _, sql in definitions}
    refused = fill(scratch, sql_of.items())
    for label, error in refused.items():
        scratch.close()
        raise Unsuitable(
            f"The {label} cannot be made again from its own definition: {error}.",
            hint=way_past(error, sql_of[label]),
        )
    return scratch


@contextmanager
def afterwards(
    source: Connection, statements: Iterable[SqlStatement], *, legacy_alter_table: bool = False
) -> Iterator[sqlite3.Connection]:
    """The schema after a script: its CREATE, ALTER and DROP are run on an empty copy."""
    with closing(empty_copy(source, legacy_alter_table=legacy_alter_table)) as scratch:
        for statement in statements:
            if script.changes_schema(statement):
                scratch.execute(statement.text, dict.fromkeys(statement.parameters))
        yield scratch

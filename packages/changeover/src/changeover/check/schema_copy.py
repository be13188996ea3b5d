"""An empty copy of a schema in memory, to try scripts on and to ask for keys, references and columns.

Rule: only definitions are copied, never a row; the copy is private and thrown away.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from changeover.check.consequence import LivingSchema
from changeover.database.change.script import read as read_script
from changeover.database.connect import Connection
from changeover.database.schema import empty
from changeover.database.schema.catalogue import objects
from changeover.database.where import Database
from changeover.plan.model import SqlStatement
from changeover.sql.identifiers import folded


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: ``child`` refers to ``parent``; ``on_delete`` such as CASCADE."""

    child: str
    parent: str
    on_delete: str


def read_schema(connection: Connection, database: Database | None = None) -> dict[str, str]:
    """Name -> CREATE statement of everything in a database, tables first, in the order of creation.

    With the ``database`` it is a `LivingSchema`, so that a fault can be told with the rows it would reach.
    """
    found = {str(name): str(sql) for _, name, _, sql in objects(connection)}
    return LivingSchema(found, database) if database is not None else found


def schema_of_script(script: str) -> dict[str, str]:
    """The schema that a script of CREATE statements makes. Raises sqlite3.Error where it is wrong."""
    connection = empty.blank()
    try:
        connection.executescript(script)
        return read_schema(connection)
    finally:
        connection.close()


class EmptyCopy:
    """A database in memory with a schema and no rows, foreign keys off, everything in one connection."""

    def __init__(self, schema: Mapping[str, str] | None) -> None:
        self.known = schema is not None
        self.living = schema if isinstance(schema, LivingSchema) else None
        self.connection = empty.blank()
        self.unmade = empty.fill(self.connection, (schema or {}).items())
        self.known = self.known and not self.unmade

    def prepare(self, statements: Iterable[SqlStatement]) -> None:
        """Have the settings under which changeover would run a script."""
        legacy = bool(read_script(statements).rebuilt)
        self.connection.execute(f"PRAGMA legacy_alter_table = {int(legacy)}")

    def close(self) -> None:
        """Throw the copy away."""
        self.connection.close()

    def attempt(self, statement: str, parameters: Iterable[str]) -> str:
        """Run a statement; nothing if it could run, else SQLite's words. Rows never matter: there are none.

        Where the schema is not known, only faults that no schema could mend are told.
        """
        try:
            self.connection.execute(statement, dict.fromkeys(parameters, "{}"))
        except sqlite3.IntegrityError:
            return ""
        except sqlite3.Error as error:
            return str(error) if self.known or _is_syntax(str(error)) else ""
        except sqlite3.Warning as error:
            return str(error)
        return ""

    def has(self, table: str) -> bool:
        """Whether a table or view of that name exists."""
        sql = "SELECT 1 FROM sqlite_master WHERE lower(name) = lower(?) AND type IN ('table', 'view')"
        return self.connection.execute(sql, (table,)).fetchone() is not None

    def columns(self, table: str) -> frozenset[str]:
        """The columns of a table or view in lower case; none where there is no such table."""
        rows = self.connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        return frozenset(folded(str(name)) for (name,) in rows)

    def column_order(self, table: str) -> list[str]:
        """As `columns`, in the order of the table: what ``SELECT *`` and ``IN table`` give."""
        rows = self.connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        return [folded(str(name)) for (name,) in rows]

    def keys(self, table: str) -> list[frozenset[str]]:
        """Every unique key of a table, the primary key included; column names in lower case."""
        columns = self.connection.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
        primary = frozenset(folded(str(name)) for name, pk in columns if pk)
        found = [primary] if primary else []
        sql = "SELECT name FROM pragma_index_list(?) WHERE [unique] AND NOT partial"
        for (index,) in self.connection.execute(sql, (table,)).fetchall():
            names = self.connection.execute("SELECT name FROM pragma_index_info(?)", (index,)).fetchall()
            if all(name is not None for (name,) in names):
                found.append(frozenset(folded(str(name)) for (name,) in names))
        return found

    def referring_to(self, table: str) -> list[Reference]:
        """The foreign keys of other tables that refer to ``table``."""
        sql = """SELECT m.name, f."table", f.on_delete FROM sqlite_master m, pragma_foreign_key_list(m.name) f
                 WHERE m.type = 'table' AND lower(f."table") = lower(?) AND lower(m.name) <> lower(?)"""
        rows = self.connection.execute(sql, (table, table)).fetchall()
        return list(
            dict.fromkeys(Reference(str(child), str(parent), str(rule)) for child, parent, rule in rows)
        )


def _is_syntax(message: str) -> bool:
    always = (
        "syntax error",
        "incomplete input",
        "unrecognized token",
        "RAISE() may only",
        "cannot use variables",
    )
    return any(words in message for words in always)

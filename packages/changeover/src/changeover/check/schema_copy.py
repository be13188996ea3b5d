"""An empty copy of a schema in memory: scripts are tried on it, and keys and columns are read from it.

Rule: only definitions are copied, never a row.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress

from changeover.check.consequence import LivingSchema
from changeover.database.change.script import read as read_script
from changeover.database.connect import Connection
from changeover.database.schema import catalogue as schema
from changeover.database.schema import empty
from changeover.database.schema.catalogue import ForeignKey, Table, objects
from changeover.database.schema.definition import words_of
from changeover.database.where import Database
from changeover.plan.model import SqlStatement
from changeover.sql.identifiers import identifier_key


def read_schema(connection: Connection, database: Database | None = None) -> dict[str, str]:
    """Name -> CREATE statement of everything in a database, tables first, in the order of creation.

    With ``database`` the result is a `LivingSchema`, so that a problem can say how many rows it would reach.
    """
    found = {str(name): str(sql) for _, name, _, sql in objects(connection)}
    return LivingSchema(found, database) if database is not None else found


def schema_of_script(script: str) -> dict[str, str]:
    """The schema that a script of CREATE statements makes, as `read_schema` gives it.

    Raises sqlite3.Error.
    """
    connection = empty.blank()
    try:
        connection.executescript(script)
        return read_schema(connection)
    finally:
        connection.close()


class EmptyCopy:
    """A database in memory with a schema and no rows; foreign keys are off.

    ``known``: there is a schema, and all of it could be made. ``unmade`` maps what could not be made to the
    error, ``given`` has the definitions as tokens, and ``living`` is the schema if its rows can be counted.
    """

    def __init__(self, schema: Mapping[str, str] | None) -> None:
        self.known = schema is not None
        self.living = schema if isinstance(schema, LivingSchema) else None
        self.given = frozenset(words_of(sql) for sql in (schema or {}).values())
        self.connection = empty.blank()
        self.unmade = empty.fill(self.connection, (schema or {}).items())
        self.known = self.known and not self.unmade

    def prepare(self, statements: Iterable[SqlStatement]) -> None:
        """Set the pragmas under which the engine would run a script."""
        legacy = bool(read_script(statements).rebuilt)
        self.connection.execute(f"PRAGMA legacy_alter_table = {int(legacy)}")

    def close(self) -> None:
        """Throw the copy away."""
        self.connection.close()

    def attempt(self, statement: str, parameters: Iterable[str]) -> str:
        """Run a statement; gives SQLite's message if it cannot run, else an empty text.

        A broken constraint is no fault here, as there are no rows. If the schema is not known, only faults
        that every schema would have are given.
        """
        try:
            # `{}` and not NULL: a parameter may be a map, which a script reads with json_each(:name).
            self.connection.execute(statement, dict.fromkeys(parameters, "{}"))
        except sqlite3.IntegrityError:
            return ""
        except sqlite3.Error as error:
            return str(error) if self.known or _is_syntax(str(error)) else ""
        except sqlite3.Warning as error:
            return str(error)
        return ""

    def clone(self) -> "EmptyCopy":
        """A second copy with the same schema."""
        other = EmptyCopy({})
        self.connection.backup(other.connection)
        other.known, other.living, other.given = self.known, self.living, self.given
        return other

    def had(self, definition: str) -> bool:
        """Whether the schema had this definition, word for word, before any script ran."""
        return words_of(definition) in self.given

    def has(self, table: str) -> bool:
        """Whether a table or view of that name exists."""
        return self._table(table) is not None

    def view(self, name: str) -> str:
        """The CREATE VIEW of that name; empty where there is none."""
        sql = "SELECT sql FROM sqlite_master WHERE lower(name) = lower(?) AND type = 'view'"
        found = self.connection.execute(sql, (name,)).fetchone()
        return str(found[0]) if found else ""

    def columns(self, table: str) -> frozenset[str]:
        """The columns of a table or view in lower case; none where there is no such table."""
        return frozenset(self.column_order(table))

    def column_order(self, table: str) -> list[str]:
        """As `columns`, in the order of ``SELECT *``."""
        found = self._table(table)
        if found is not None:
            return list(map(identifier_key, found.stored))
        # A temporary table is not in the catalogue, and a view may select from a table that is not known.
        with suppress(sqlite3.Error):
            rows = self.connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
            return [identifier_key(name) for (name,) in rows]
        return []

    def may_be_null(self, table: str, column: str) -> bool:
        """Whether a column takes NULL; False if it is not known."""
        found = self._table(table)
        one = found.column(column) if found is not None else None
        return found is not None and one is not None and not (one.not_null or one.name in found.key)

    def keys(self, table: str) -> list[frozenset[str]]:
        """Every unique key of a table, the primary key included; column names in lower case."""
        found = self._table(table)
        return [frozenset(columns) for _, columns in found.unique_keys()] if found else []

    def referring_to(self, table: str) -> list[tuple[Table, ForeignKey]]:
        """The other tables with a foreign key to ``table``, each with that key."""
        children = schema.read(self.connection).children(table)
        return [
            (child, key) for child, key in children if identifier_key(child.name) != identifier_key(table)
        ]

    def _table(self, name: str) -> Table | None:
        try:
            return schema.read_one(self.connection, name)
        except sqlite3.Error:  # A view that selects from a table that is not known here.
            return None


def _is_syntax(message: str) -> bool:
    always = (
        "syntax error",
        "incomplete input",
        "unrecognized token",
        "RAISE() may only",
        "cannot use variables",
    )
    return any(words in message for words in always)

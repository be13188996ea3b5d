"""The sentence after a problem that says how many rows of the database it would reach.

Rule: the database is only read, on a connection of its own that cannot write, for at most `ASK_S` seconds.
A number that cannot be known (a parameter has no value yet) is bounded by the size of the table.
"""

import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from sqlglot import exp

from changeover.database.connect import opened
from changeover.database.where import Database, Server
from changeover.errors import ChangeoverError
from changeover.sql.identifiers import quoted
from changeover.sql.tree import Effect
from changeover.words import counted
from hrana.wire import WireStatement

ASK_S = 2.0
"""A check answers a person who waits: a count that takes longer is left out."""
OPCODES_BETWEEN_LOOKS = 10_000


class LivingSchema(dict[str, str]):
    """Name -> CREATE statement, as `schema_copy.read_schema` gives it, and the database to count rows in."""

    def __init__(self, definitions: Mapping[str, str], database: Database) -> None:
        super().__init__(definitions)
        self.database = database

    def count(self, query: str) -> int | None:
        """The number of rows that a query gives; None if it fails or takes longer than `ASK_S`."""
        sql = f"SELECT count(*) FROM ({query})"
        try:
            if isinstance(self.database, Server):
                return _asked_of_server(self.database, sql)
            return _asked_of_file(self.database, sql)
        except (sqlite3.Error, ChangeoverError):
            return None

    def size(self, table: str) -> int | None:
        """The number of rows of a table; None if there is no such table, or as for `count`."""
        return self.count(f"SELECT 1 FROM {quoted(table)}")


def _asked_of_server(server: Server, sql: str) -> int:
    with opened(server) as connection:
        found: int = connection.snapshot([WireStatement(sql)], within_s=ASK_S)[0][0][0]  # type: ignore[assignment]
        return found


def _asked_of_file(file: Path, sql: str) -> int:
    ends_s = time.monotonic() + ASK_S
    with closing(
        sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=ASK_S)
    ) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.set_progress_handler(lambda: int(time.monotonic() > ends_s), OPCODES_BETWEEN_LOOKS)
        found: int = connection.execute(sql).fetchone()[0]
        return found


def if_run(effect: Effect, schema: LivingSchema) -> str:
    """What a statement would do: ``it would update 213,942 rows of readings``; empty if that is not known."""
    if effect.drops:
        return "; ".join(filter(None, (_dropped(table, schema) for table in effect.drops)))
    if not effect.writes or effect.tree is None:
        return ""
    table, verb = effect.writes[0], effect.verb.lower()
    query = _touched(effect.tree)
    found = schema.count(query) if query else None
    if found is not None:
        found_rows = f"up to {counted(found, 'row')}" if _leaves_out(effect.tree) else counted(found, "row")
        return f"it would {verb} {found_rows} {'into' if verb in _ADDS else 'of'} {table}"
    size = schema.size(table)
    return f"it would {verb} up to {counted(size, 'row')} of {table}" if size and verb not in _ADDS else ""


def if_copied_and_dropped(copied: Effect, source: str, schema: LivingSchema) -> str:
    """The rows of ``source`` that a copy leaves out and a DROP then loses; empty if there are none today."""
    had, query = schema.size(source), _touched(copied.tree) if copied.tree is not None else ""
    if had is None or _leaves_out(copied.tree):
        return ""
    arrived = schema.count(query) if query else None
    if arrived == had:
        return ""
    if arrived is None or arrived > had:
        return f"up to {counted(had, 'row')} of {source} would be lost"
    lost = counted(had - arrived, "row")
    return f"{source} has {counted(had, 'row')} and the copy would have {arrived:,}: {lost} would be lost"


def if_others_run(effects: Iterable[Effect], schema: LivingSchema) -> str:
    """The tables, with rows, of the later statements, which a shell runs although an earlier one failed."""
    names = dict.fromkeys(table for effect in effects for table in (*effect.writes, *effect.drops))
    sizes = [(table, schema.size(table)) for table in names]
    words = [f"{table} ({counted(size, 'row')})" for table, size in sizes if size is not None]
    return f"a shell would go on to change {', '.join(words)}" if words else ""


def if_parent_dropped(table: str, children: Iterable[str], schema: LivingSchema) -> str:
    """The rows of ``children`` that a cascade deletes when ``table`` is dropped; empty if none is known."""
    sizes = [(child, schema.size(child)) for child in dict.fromkeys(children)]
    words = [f"{counted(size, 'row')} of {child}" for child, size in sizes if size is not None]
    return f"{', '.join(words)} would go with {table}" if words else ""


def _leaves_out(tree: exp.Expr | None) -> bool:
    """Whether a conflict clause may leave out rows of an INSERT; only running it would tell how many."""
    if not isinstance(tree, exp.Insert):
        return False
    alternative = str(tree.args.get("alternative") or "").upper()
    return alternative in ("IGNORE", "REPLACE") or tree.args.get("conflict") is not None


_ADDS = ("insert", "replace", "with")


def _dropped(table: str, schema: LivingSchema) -> str:
    size = schema.size(table)
    return f"it would drop {table} with {counted(size, 'row')}" if size is not None else ""


def _touched(tree: exp.Expr) -> str:
    """A query with one row for each row that a statement would write; empty if it cannot be made."""
    if isinstance(tree, exp.Insert):
        return tree.expression.sql(dialect="sqlite") if isinstance(tree.expression, exp.Query) else ""
    where = tree.args.get("where")
    if isinstance(tree, exp.Update | exp.Delete) and not tree.args.get("from_") and not tree.args.get("from"):
        condition = f" {where.sql(dialect='sqlite')}" if where is not None else ""
        return f"SELECT 1 FROM {tree.this.sql(dialect='sqlite')}{condition}"
    return ""

"""Blast radius: finds every table and column that a script may write, on an empty copy of the schema.

Rule: statements that change the schema are executed there, the others only compiled (EXPLAIN). SQLite's
authorizer lists what the compiled program may write, by triggers and foreign keys too. A definition that a
RENAME rewrites is listed as well. Rows are counted in the real database, for the message.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

from changeover.database.change import script
from changeover.database.change.guard import FORBIDDEN, WRITES, watching, written
from changeover.database.connect import Connection
from changeover.database.schema.catalogue import objects
from changeover.database.schema.empty import empty_copy
from changeover.database.schema.fingerprint import Definitions, definitions
from changeover.errors import InvariantBroken, StepFailed
from changeover.plan.model import SqlStatement
from changeover.sql.identifiers import identifier_key, is_engine, is_own, quoted
from changeover.words import counted


@dataclass(frozen=True, slots=True)
class WriteEffect:
    """One thing that a statement may do: it may ``verb`` the ``columns`` (empty.

    All) of ``table``, via ``via``.
    """

    statement: SqlStatement
    table: str
    verb: str
    columns: tuple[str, ...] = ()
    via: str = ""

    def __str__(self) -> str:
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        return f"{self.verb} {self.table}{columns}{f' {self.via}' if self.via else ''}"


def effects_of(
    source: Connection,
    statements: Sequence[SqlStatement],
    *,
    foreign_keys: bool = False,
    legacy_alter_table: bool = False,
) -> tuple[WriteEffect, ...]:
    """What the statements may write, in order. Only the schema of ``source`` is read.

    Raises StepFailed, with the place in the plan, for a statement that does not fit the schema (a missing
    table, a syntax error), and Unsuitable if the schema cannot be copied.
    """
    found: list[WriteEffect] = []
    with closing(empty_copy(source, legacy_alter_table=legacy_alter_table)) as scratch:
        # Cascades are compiled into a statement only where foreign keys are on: the authorizer sees what
        # would happen.
        scratch.execute(f"PRAGMA foreign_keys = {int(foreign_keys)}")
        for statement in statements:
            found += _effects_of_one(scratch, statement)
    return tuple(found)


def outside(
    found: Iterable[WriteEffect], scope: Iterable[str], existing: Iterable[str]
) -> tuple[WriteEffect, ...]:
    """The effects on tables of ``existing`` (before or after the script) that ``scope`` does not name."""
    allowed = {identifier_key(table) for table in scope}
    known = {identifier_key(table) for table in existing}
    return tuple(
        r
        for r in found
        if identifier_key(r.table) not in allowed and (identifier_key(r.table) in known or is_engine(r.table))
    )


def require_scope(
    source: Connection,
    statements: Sequence[SqlStatement],
    scope: Sequence[str],
    *,
    foreign_keys: bool = False,
    legacy_alter_table: bool = False,
    rows: Callable[[str], int | None] | None = None,
) -> tuple[WriteEffect, ...]:
    """The effects of the statements. Raises InvariantBroken, with rows, if one is out of scope.

    ``rows`` counts the rows of a table, if ``source`` is only a copy without rows.
    """
    found = effects_of(source, statements, foreign_keys=foreign_keys, legacy_alter_table=legacy_alter_table)
    existing = [name for kind, name, _, _ in objects(source) if kind == "table"]
    wrong = outside(found, scope, (name for name in (*existing, *_lasting(found)) if not is_own(name)))
    if wrong:
        size = rows or (lambda table: rows_of(source, table))
        lines = [f"{r.statement.position}: {describe(r, size)}" for r in wrong]
        tables = " ".join(dict.fromkeys(identifier_key(r.table) for r in wrong))
        raise InvariantBroken(
            "The script reaches beyond its scope:\n" + "\n".join(dict.fromkeys(lines)),
            hint=f"Declared scope: {' '.join(scope) or '(none)'}. Mend the script, or, if that is meant,"
            " add to the"
            f" scope: {tables}.",
        )
    return found


def tables_of(found: Iterable[WriteEffect]) -> frozenset[str]:
    """The tables (lower case) whose rows or names the effects may change."""
    verbs = {*WRITES.values(), "alter"}
    return frozenset(identifier_key(one.table) for one in found if one.verb in verbs)


def describe(found: WriteEffect, rows: Callable[[str], int | None]) -> str:
    """``would delete from readings, by the foreign key from readings to systems: up to 213,942 rows``."""
    count = rows(found.table)
    size = f": up to {counted(count, 'row')}" if count else ""
    return f"`{_short(found.statement.text)}` would {found}{size}"


def rows_of(source: Connection, table: str) -> int | None:
    """The number of rows of a table; None if there is no such table."""
    try:
        count: int = source.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0]
    except sqlite3.OperationalError:
        return None
    return count


def _effects_of_one(scratch: sqlite3.Connection, statement: SqlStatement) -> list[WriteEffect]:
    changes_schema = script.changes_schema(statement)
    before = definitions(scratch) if changes_schema else {}
    behind = _shadow_tables(scratch)
    events: list[tuple[int, str | None, str | None, str | None, str | None]] = []

    def note(action: int, one: str | None, two: str | None, where: str | None, via: str | None) -> int:
        events.append((action, one, two, where, via))
        return sqlite3.SQLITE_DENY if action in FORBIDDEN else sqlite3.SQLITE_OK

    # CREATE and DROP must have happened, or the statements
    # after them do not compile; all others only compile.
    sql = statement.text if changes_schema else f"EXPLAIN {statement.text}"
    try:
        with watching(scratch, note):
            scratch.execute(sql, dict.fromkeys(statement.parameters)).fetchall()
    except sqlite3.Error as error:
        raise _does_not_fit(statement, error, events) from error
    behind |= _shadow_tables(scratch)
    found = [one for one in _from_events(statement, events) if identifier_key(one.table) not in behind]
    if changes_schema:
        found += _redefined(statement, before, definitions(scratch), {identifier_key(r.table) for r in found})
    return found


def _shadow_tables(scratch: sqlite3.Connection) -> set[str]:
    """The shadow tables of virtual tables: a script that may write the latter may write these."""
    rows = scratch.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'")
    return {identifier_key(name) for (name,) in rows}


def _from_events(
    statement: SqlStatement, events: Sequence[tuple[int, str | None, str | None, str | None, str | None]]
) -> list[WriteEffect]:
    merged: dict[tuple[str, str, str], list[str]] = {}
    target = ""
    for action, one, two, where, trigger in events:
        if action == sqlite3.SQLITE_CREATE_TABLE and one:
            target = target or one
            merged.setdefault((one, "create", ""), [])
        writes = written(action, one, two, where)
        if writes is None:
            continue
        verb, table = writes
        target = target or table
        by_key = action in WRITES and not trigger and identifier_key(table) != identifier_key(target)
        via = f"by trigger {trigger}" if trigger else f"by its foreign key to {target}" if by_key else ""
        columns = merged.setdefault((table, verb, via), [])
        if action == sqlite3.SQLITE_UPDATE and two and two not in columns:
            columns.append(two)
    return [
        WriteEffect(statement, table, verb, tuple(cols), via) for (table, verb, via), cols in merged.items()
    ]


def _redefined(
    statement: SqlStatement, before: Definitions, after: Definitions, known: set[str]
) -> list[WriteEffect]:
    """The tables, views and triggers whose definition a RENAME rewrites in passing."""
    return [
        WriteEffect(
            statement,
            name,
            f"rewrite the definition of {kind}" if kind != "table" else "rewrite the definition of",
        )
        for kind, name in before
        if (kind, name) in after
        and after[kind, name] != before[kind, name]
        and kind in ("table", "view")
        and name not in known
    ]


def _lasting(found: Iterable[WriteEffect]) -> list[str]:
    """The tables that the script creates and neither drops nor renames."""
    lasting: dict[str, None] = {}
    for one in found:
        if one.verb == "create":
            lasting[identifier_key(one.table)] = None
        elif one.verb in ("drop", "alter"):
            lasting.pop(identifier_key(one.table), None)
    return list(lasting)


def _does_not_fit(
    statement: SqlStatement,
    error: sqlite3.Error,
    events: Sequence[tuple[int, str | None, str | None, str | None, str | None]],
) -> StepFailed:
    for action, *_ in events:
        if action in FORBIDDEN:
            return StepFailed(
                f"`{_short(statement.text)}` {FORBIDDEN[action]}, which only changeover may do.",
                hint="Take it out of the script: the whole script runs in one transaction.",
                position=statement.position,
            )
    return StepFailed(
        f"`{_short(statement.text)}` does not fit the schema of the target: {error}.",
        hint="The target is not what the script was written for, or the script has a mistake. Nothing was"
        " run.",
        position=statement.position,
    )


def _short(sql: str, limit: int = 80) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= limit else text[: limit - 3] + "..."

"""Why a statement failed: the trigger that did it, and the rows, by trying again without the rules.

Rule: only after a failure, in the transaction that is rolled back anyway; what cannot be found out this way
is left unsaid. At most ten rows are named, by key.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping

from changeover.database.change import rule, standing
from changeover.database.change.guard import watching, written
from changeover.database.schema import catalogue
from changeover.database.schema.catalogue import Table
from changeover.sql import text as sqltext
from changeover.sql.identifiers import folded, listed, quoted

ROWS_MAX = 10
COPIED_ROWS_MAX = 100_000
TRIED = "changeover_now_tried"
_MESSAGE = re.compile(r"(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: (.*))?", re.DOTALL)

Values = Mapping[str, object]


def named(connection: sqlite3.Connection, text: str, values: Values, error: sqlite3.Error) -> str:
    """Lines with the trigger and the rows because of which there is ``error``; empty if neither is found."""
    found = _MESSAGE.fullmatch(str(error))
    kind, about = (found[1], found[2] or "") if found else ("", "")
    try:
        triggers = list(_triggers(connection, text, values, error, about))
        rows = list(_of_keys(connection, text, values) if kind == "FOREIGN KEY" else [])
        if found and not triggers:
            rows = rows or list(_of_rule(connection, text, values, (kind, about)))
    except sqlite3.Error:
        return ""
    more = "\n- ... and more" if len(rows) > ROWS_MAX else ""
    return "".join(f"\n- {line}" for line in (*triggers, *rows[:ROWS_MAX])) + more


def _triggers(
    connection: sqlite3.Connection, text: str, values: Values, error: sqlite3.Error, about: str
) -> Iterator[str]:
    """The trigger that refuses the statement, or that alone writes the table of which the error speaks."""
    writes: dict[str, set[str]] = {}

    def note(action: int, one: str | None, two: str | None, where: str | None, via: str | None) -> int:
        target = written(action, one, two, where)
        writes.setdefault(via or "", set()).update([folded(target[1])] if target else [])
        return sqlite3.SQLITE_OK

    with watching(connection, note):
        connection.execute(f"EXPLAIN {text}", values).fetchall()
    table = folded(about.partition(".")[0])
    direct = writes.pop("", set())
    refused = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CONSTRAINT_TRIGGER
    for trigger, tables in writes.items():
        if refused and _raises(connection, trigger, str(error)):
            yield f"trigger {trigger} refuses it"
        elif table in tables - direct:
            yield f"it is trigger {trigger} that writes {table}"


def _raises(connection: sqlite3.Connection, trigger: str, message: str) -> bool:
    sql = "SELECT instr(sql, ?) > 0 FROM sqlite_schema WHERE type = 'trigger' AND name = ?"
    found = connection.execute(sql, (message.replace("'", "''"), trigger)).fetchone()
    return bool(found and found[0])


def _of_keys(connection: sqlite3.Connection, text: str, values: Values) -> Iterator[str]:
    """Orphans that the statement would leave, seen with SQLite's own refusal put off."""
    connection.execute("PRAGMA defer_foreign_keys = ON")
    connection.execute(text, values)
    yield from rule.faults(connection, standing.orphans(catalogue.read(connection), None, ()))


def _of_rule(
    connection: sqlite3.Connection, text: str, values: Values, broken: tuple[str, str]
) -> Iterator[str]:
    verb, name, start, end = _target(text)
    table = catalogue.read(connection, own=True).table(name)
    if table is None:
        return
    source = quoted(table.name)
    if verb != "CREATE":
        limit = f"LIMIT {COPIED_ROWS_MAX}" if verb == "UPDATE" else "LIMIT 0"
        connection.execute(f"CREATE TEMP TABLE {TRIED} AS SELECT * FROM {source} {limit}")
        connection.execute(f"{text[:start]}{TRIED}{text[end:]}", values)
        source = TRIED
    condition = _condition(table, source, *broken, adds=verb in ("INSERT", "REPLACE"))
    if condition:
        shown = list(dict.fromkeys([*table.key, *_columns(table, broken[1])])) or list(table.stored[:3])
        sql = f"SELECT {listed(shown)} FROM {source} AS t WHERE {condition} LIMIT {ROWS_MAX + 1}"
        for row in connection.execute(sql):
            yield ", ".join(f"{column} {_shown(value)}" for column, value in zip(shown, row, strict=True))


def _target(text: str) -> tuple[str, str, int, int]:
    """(verb, table, where its name begins and ends in the text) of INSERT, UPDATE and CREATE UNIQUE INDEX."""
    pieces = list(sqltext.tokens(text))
    words = [piece.word for piece in pieces]
    before = {"INSERT": "INTO", "REPLACE": "INTO", "UPDATE": "UPDATE", "CREATE": "ON"}.get(words[0], "")
    if before not in words:
        return "", "", 0, 0
    place = words.index(before) + 1
    if words[place] == "OR":
        place += 2
    last = place + 2 if words[place + 1 : place + 2] == ["."] else place
    piece = pieces[last]
    return words[0], sqltext.unquoted(piece.text), pieces[place].at, piece.at + len(piece.text)


def _columns(table: Table, about: str) -> list[str]:
    """The columns that the message names, as ``table.column, table.column``."""
    given = (folded(one.strip().rpartition(".")[2]) for one in about.split(","))
    return [column.name for one in given if (column := table.column(one)) is not None]


def _condition(table: Table, source: str, kind: str, about: str, *, adds: bool) -> str:
    """SQL: a row ``t`` breaks the rule; empty where that cannot be said."""
    columns = _columns(table, about)
    match kind:
        case "NOT NULL" if columns:
            return f"t.{quoted(columns[0])} IS NULL"
        case "UNIQUE" if columns:
            same = " AND ".join(f"o.{quoted(c)} = t.{quoted(c)}" for c in columns)
            twice = f"(SELECT count(*) FROM {source} AS o WHERE {same}) > 1"
            if adds:
                return f"{twice} OR EXISTS (SELECT 1 FROM {quoted(table.name)} AS o WHERE {same})"
            return twice
        case "CHECK":
            named_so = [check.expression for check in table.definition.checks if check.name == folded(about)]
            return f"NOT ({named_so[0] if named_so else about})"
    return ""


def _shown(value: object) -> str:
    return "NULL" if value is None else repr(value)

"""Finds out why a statement failed: the trigger and the rows, by running it again without the rules.

Rule: it runs only after a failure, in a transaction that is rolled back anyway. At most ten rows are named,
by key. How a statement is run again is written once, as a `Diagnosis`: a file runs it in the transaction that
failed, a server in a batch of its own.
"""

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from changeover.database.change import standing
from changeover.database.change.guard import watching, written
from changeover.database.change.rule import Fault, FaultRule
from changeover.database.schema import catalogue
from changeover.database.schema.catalogue import Schema, Table
from changeover.database.schema.definition import words_of
from changeover.sql import text as sqltext
from changeover.sql.identifiers import identifier_key, quoted
from hrana.wire import WireStatement

ROWS_MAX = 10
COPIED_ROWS_MAX = 100_000
TRIED = "changeover_now_tried"
RAISED = "changeover_now_raised"
_MESSAGE = re.compile(r"(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: (.*))?", re.DOTALL)
_TYPE = re.compile(r"cannot store \w+ value in \w+ column (.*)|datatype mismatch", re.DOTALL)
_STORED = {
    "int": ("integer",),
    "integer": ("integer",),
    "real": ("real", "integer"),
    "text": ("text",),
    "blob": ("blob",),
}

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Failed:
    """A statement that broke a rule, and SQLite's message."""

    text: str
    values: Values
    said: str

    @property
    def rule(self) -> tuple[str, str]:
        """(UNIQUE, NOT NULL, CHECK, FOREIGN KEY or TYPE, what the message names).

        Empty texts for another failure.
        """
        of_type = _TYPE.fullmatch(self.said)
        if of_type:
            return "TYPE", of_type[1] or ""
        found = _MESSAGE.fullmatch(self.said)
        return (found[1], found[2] or "") if found else ("", "")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """``statements`` to run again; the faults of ``rules`` afterwards are the rows that were refused."""

    statements: tuple[WireStatement, ...]
    rules: Callable[[Schema], Sequence[FaultRule]]


Tried = Callable[[Diagnosis], Sequence[str]]


def named(connection: sqlite3.Connection, failed: Failed) -> str:
    """Lines that name the trigger and rows because of which a statement failed; empty if not found.

    The transaction in which it failed is still open.
    """

    def tried(trial: Diagnosis) -> list[str]:
        for one in trial.statements:
            connection.execute(one.sql, one.params)
        found = []
        for rule in trial.rules(catalogue.read(connection, own=True)):
            rows = connection.execute(rule.sql, rule.params).fetchmany(ROWS_MAX + 1)
            found += [rule.say(row) for row in rows]
        return found

    if (
        not connection.in_transaction
    ):  # RAISE(ROLLBACK) has ended it, and nothing may be tried outside of one.
        return ""
    try:
        return described(connection, failed, tried, temporary=True)
    except sqlite3.Error:
        return ""


def described(connection: sqlite3.Connection, failed: Failed, tried: Tried, *, temporary: bool) -> str:
    """The same lines; ``connection`` has the schema that the statement met, and ``tried`` runs a diagnosis.

    ``temporary``: TEMP tables can be made where it is run.
    """
    kind, _ = failed.rule
    raising = _raising(connection, failed) if not kind else ""
    certain, possible = _triggers(connection, failed) if kind else ([], [])
    rows: Sequence[str] = []
    if raising:
        certain = [f"trigger {raising} refuses it"]
        trial = _of_raise(connection, failed, raising)
        rows = tried(trial) if trial else []
    elif kind == "FOREIGN KEY":
        rows = tried(_of_keys(failed))
    elif kind and not certain:
        trial = _of_rule(connection, failed, temporary=temporary)
        rows = tried(trial) if trial else []
    triggers = certain or ([] if rows else possible)
    more = "\n- ... and more" if len(rows) > ROWS_MAX else ""
    return "".join(f"\n- {line}" for line in (*triggers, *rows[:ROWS_MAX])) + more


def _triggers(connection: sqlite3.Connection, failed: Failed) -> tuple[list[str], list[str]]:
    """The triggers that certainly caused it, and those that may have, because the statement fires them."""
    writes = _writes(connection, failed)
    direct, ruled = writes.pop("", set()), _tables_of(connection, *failed.rule)
    certain, possible = list[str](), list[str]()
    for trigger, tables in writes.items():
        for table in sorted(tables & ruled):
            where = possible if ruled & direct else certain
            where.append(f"it is trigger {trigger} that writes {table}")
    return certain, possible


def _raising(connection: sqlite3.Connection, failed: Failed) -> str:
    """The trigger whose RAISE has the message; empty if there is none."""
    return next((one for one in _writes(connection, failed) if _raises(connection, one, failed.said)), "")


def _writes(connection: sqlite3.Connection, failed: Failed) -> dict[str, set[str]]:
    """Trigger -> tables (lower case) that it writes when the statement runs.

    '' -> those of the statement itself.
    """
    writes: dict[str, set[str]] = {}

    def note(action: int, one: str | None, two: str | None, where: str | None, via: str | None) -> int:
        target = written(action, one, two, where)
        writes.setdefault(via or "", set()).update([identifier_key(target[1])] if target else [])
        return sqlite3.SQLITE_OK

    with watching(connection, note):
        # The authorizer is asked while a statement is compiled; EXPLAIN compiles it and carries nothing out.
        connection.execute(f"EXPLAIN {failed.text}", failed.values).fetchall()
    return writes


def _tables_of(connection: sqlite3.Connection, kind: str, about: str) -> set[str]:
    """The tables (lower case) with that rule; SQLite names a CHECK only by its name or text."""
    if kind != "CHECK":
        return {identifier_key(about.partition(".")[0])}
    words = words_of(about)
    return {
        name
        for name, table in catalogue.read(connection, own=True).tables.items()
        for check in table.definition.checks
        if check.name == identifier_key(about) or check.words == words
    }


def _raises(connection: sqlite3.Connection, trigger: str, message: str) -> bool:
    sql = "SELECT instr(sql, ?) > 0 FROM sqlite_schema WHERE type = 'trigger' AND name = ?"
    found = connection.execute(sql, (message.replace("'", "''"), trigger)).fetchone()
    return bool(found and found[0])


def _of_raise(connection: sqlite3.Connection, failed: Failed, trigger: str) -> Diagnosis | None:
    """The rows for which a trigger raises, noted by that trigger itself in place of its RAISE."""
    found = connection.execute(
        "SELECT tbl_name, sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?", (trigger,)
    ).fetchone()
    table = catalogue.read(connection, own=True).table(found[0]) if found else None
    if table is None:
        return None
    words = [piece.word for piece in sqltext.tokens(found[1])]
    row = "OLD" if "DELETE" in words[: words.index("ON")] else "NEW"
    shown = " || ', ' || ".join(_shown(column, row) for column in table.key or table.stored[:3])
    noting = _noting(found[1], f"INSERT INTO {RAISED} SELECT {shown}")
    statements = (f"DROP TRIGGER {quoted(trigger)}", f"CREATE TABLE {RAISED} (a)", noting)
    again = WireStatement(failed.text, dict(failed.values))  # type: ignore[arg-type]
    sql = f"SELECT DISTINCT a, NULL AS b, NULL AS c FROM {RAISED} LIMIT {ROWS_MAX + 1}"
    rule = FaultRule(sql, _row)
    return Diagnosis((*map(WireStatement, statements), again), lambda after: [rule])


def _noting(trigger: str, note: str) -> str:
    """The trigger with a row noted in place of RAISE.

    ``SELECT RAISE(...) WHERE ...`` gives a word instead.
    """
    text = trigger
    for start, end in reversed(sqltext.body_of_trigger(trigger)):
        statement = trigger[start:end]
        pieces = list(sqltext.tokens(statement))
        calls = [place for place, piece in enumerate(pieces) if piece.word == "RAISE"]
        if not calls or pieces[0].word != "SELECT":
            continue
        for place in reversed(calls):
            closing = next(piece for piece in pieces[place:] if piece.text == ")")
            statement = f"{statement[: pieces[place].at]}'{RAISED}'{statement[closing.at + 1 :]}"
        text = f"{text[:start]}{note} WHERE '{RAISED}' IN ({statement}){text[end:]}"
    return text


def _of_keys(failed: Failed) -> Diagnosis:
    """The orphans that the statement would leave, with foreign keys deferred."""
    again = WireStatement(failed.text, dict(failed.values))  # type: ignore[arg-type]
    return Diagnosis(
        # ROLLBACK switches it off again by itself (https://sqlite.org/pragma.html#pragma_defer_foreign_keys).
        (WireStatement("PRAGMA defer_foreign_keys = ON"), again),
        lambda after: list(standing.orphans(after, None, ())),
    )


def _of_rule(connection: sqlite3.Connection, failed: Failed, *, temporary: bool) -> Diagnosis | None:
    verb, name, start, end = _target(failed.text)
    table = catalogue.read(connection, own=True).table(name)
    if table is None:
        return None
    source, statements = quoted(table.name), list[WireStatement]()
    if verb != "CREATE":
        limit = f"LIMIT {COPIED_ROWS_MAX}" if verb == "UPDATE" else "LIMIT 0"
        kind = "TEMP TABLE" if temporary else "TABLE"
        again = f"{failed.text[:start]}{TRIED}{failed.text[end:]}"
        statements = [
            # CREATE TABLE AS takes no constraint over (https://sqlite.org/lang_createtable.html),
            # which is what is wanted: the rows that were refused find room here.
            WireStatement(f"CREATE {kind} {TRIED} AS SELECT * FROM {source} {limit}"),
            WireStatement(again, dict(failed.values)),  # type: ignore[arg-type]
        ]
        source = TRIED
    broken = failed.rule
    condition = _condition(table, source, *broken, adds=verb in ("INSERT", "REPLACE"))
    if not condition:
        return None
    shown = list(dict.fromkeys([*table.key, *_columns(table, broken[1])])) or list(table.stored[:3])
    text = " || ', ' || ".join(map(_shown, shown))
    sql = (
        f"SELECT {text} AS a, NULL AS b, NULL AS c FROM {source} AS t WHERE {condition} LIMIT {ROWS_MAX + 1}"
    )
    rule = FaultRule(sql, _row)
    return Diagnosis(tuple(statements), lambda after: [rule])


def _shown(column: str, row: str = "t") -> str:
    """SQL: the name of a column of a row, and its value as an SQL literal."""
    label = column.replace("'", "''")
    return f"'{label} ' || quote({row}.{quoted(column)})"


def _row(fault: Fault) -> str:
    return str(fault[0])


def _target(text: str) -> tuple[str, str, int, int]:
    """(verb, table, start and end of its name in the text) of INSERT, UPDATE and CREATE UNIQUE INDEX."""
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
    given = (identifier_key(one.strip().rpartition(".")[2]) for one in about.split(","))
    return [column.name for one in given if (column := table.column(one)) is not None]


def _condition(table: Table, source: str, kind: str, about: str, *, adds: bool) -> str:
    """SQL: a row ``t`` breaks the rule; empty if no SQL can say that."""
    columns = _columns(table, about)
    match kind:
        case "TYPE":
            keys = [column.name for column in table.columns if column.key]
            name = (columns or keys or [""])[0]
            column = table.column(name)
            if column is None or identifier_key(column.type) not in _STORED:
                return ""
            kinds = ", ".join(f"'{one}'" for one in ("null", *_STORED[identifier_key(column.type)]))
            return f"typeof(t.{quoted(name)}) NOT IN ({kinds})"
        case "NOT NULL" if columns:
            return f"t.{quoted(columns[0])} IS NULL"
        case "UNIQUE" if columns:
            same = " AND ".join(f"o.{quoted(c)} = t.{quoted(c)}" for c in columns)
            twice = f"(SELECT count(*) FROM {source} AS o WHERE {same}) > 1"
            if adds:
                return f"{twice} OR EXISTS (SELECT 1 FROM {quoted(table.name)} AS o WHERE {same})"
            return twice
        case "CHECK":
            named_so = [
                check.expression for check in table.definition.checks if check.name == identifier_key(about)
            ]
            return f"NOT ({named_so[0] if named_so else about})"
    return ""

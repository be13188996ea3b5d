"""Values for the rows that a rehearsal writes: new ones for unique columns, other ones for updates.

Rule: a value is derived from existing rows if there are any, because an application writes similar ones.
Whether the schema allows it is found out by trying.
"""

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from string import ascii_lowercase, ascii_uppercase, digits

from changeover.database.change import sequences
from changeover.database.connect import Connection
from changeover.database.schema.catalogue import Column, Table
from changeover.database.schema.definition import words_of
from changeover.sql.identifiers import identifier_key, quoted
from changeover.sql.text import tokens as sql_tokens

MARK = "changeover"
LITERALS_TRIED = 10
_NUMBER = re.compile(r"[0-9]+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:$|[T ]\d\d:\d\d)")
INTEGER_MAX, INTEGER_MIN = 2**63 - 1, -(2**63)


def unique_columns(table: Table) -> list[str]:
    """The columns of the key and of every unique index, and those in an indexed expression."""
    columns = [c.name for c in table.columns if c.key] + list(table.key)
    for index in table.indexes:
        if index.unique:
            columns += [c for c in index.columns if c is not None]
            if None in index.columns:
                mentioned = set(words_of(index.sql or ""))
                columns += [c for c in table.stored if identifier_key(c) in mentioned]
    return [c for c in dict.fromkeys(columns) if c in table.stored]


def optional_columns(table: Table) -> list[str]:
    """The columns that an application may leave NULL; an old schema with NOT NULL could not hold that."""
    needed = {*unique_columns(table), *(c for key in table.foreign_keys for c in key.columns)}
    return [c.name for c in table.columns if not (c.not_null or c.generated or c.name in needed)]


def fresh_values(
    connection: Connection,
    table: Table,
    column: str,
    model: object,
    number: int,
    *,
    made_of: Sequence[str] | None = None,
) -> tuple[object, ...]:
    """Values that no row has in a column yet, most natural first; never empty.

    ``made_of`` are the texts in the expression by which the change computes the column, None if it does not.
    If it puts texts around numbers (``'u-' || id``), the next number comes first, as an application would go
    on; if there is no row to derive it from, the first number.
    """
    if isinstance(model, int | float):
        return _fresh_numbers(connection, table, column)
    if isinstance(model, bytes):
        return (model + f"-{MARK}-{number}".encode(), _same_length(model.hex(), number).encode())
    text = "" if model is None else str(model)
    return (
        *_fresh_days(connection, table, column, text, number),
        *_fresh_numbered(connection, table, column, (text, number), made_of),
        f"{text}-{MARK}-{number}",
        _same_length(text or MARK, number),
        f"{MARK}-{number}",
        _same_kind(text, number),
        *texts(table.sql)[:LITERALS_TRIED],
    )


def other_values(
    connection: Connection, table: Table, column: Column, old: object, *, free: bool
) -> Iterator[object]:
    """Values that an update may put in place of ``old``, most natural first.

    ``free``: the application may write anything there, so new values are among them. In a column that the
    change computed, the rollback may rightly know only values that exist.
    """
    name = quoted(column.name)
    living = connection.execute(
        f"SELECT {name} FROM {quoted(table.name)} WHERE {name} IS NOT NULL AND {name} IS NOT ? LIMIT 1",
        (old,),
    ).fetchone()
    if free and isinstance(old, int):
        yield from (n for n in (old + 1, old - 1, old + 2) if INTEGER_MIN <= n <= INTEGER_MAX)
    elif free and isinstance(old, float):
        yield from (n for n in (old + 1, old - 1, 0.0) if n != old and math.isfinite(n))
    if living:
        yield living[0]
    if free and isinstance(old, bytes):
        yield old + MARK.encode()
    elif free and isinstance(old, str) and is_day(old):
        yield f"{old[:8]}{int(old[8:10]) % 28 + 1:02}{old[10:]}"
    elif (free or not living) and (old is None or (free and isinstance(old, str))):
        yield 1 if is_number(column) else f"{old}-{MARK}" if old else MARK


def is_day(text: str) -> bool:
    """Whether a text begins with a date, so that an application would read it as a date."""
    with suppress(ValueError):
        date.fromisoformat(text[:10])
        return _DAY.match(text) is not None
    return False


def is_number(column: Column) -> bool:
    """Whether a column is declared for numbers."""
    return any(
        word in identifier_key(column.type) for word in ("int", "real", "num", "floa", "doub", "dec", "bool")
    )


def _fresh_numbers(connection: Connection, table: Table, column: str) -> tuple[object, ...]:
    name, source = quoted(column), quoted(table.name)
    highest, lowest = connection.execute(  # One aggregate a query: each is a step in the index then.
        f"SELECT (SELECT max({name}) FROM {source}), (SELECT min({name}) FROM {source})"
    ).fetchone()
    numbers: list[int | float] = []
    if isinstance(highest, int | float):
        # An id that AUTOINCREMENT gave out once is not used again by an application.
        given = sequences.highest(connection, table.name)
        numbers.append(max(highest, given if table.key == (column,) else highest) + 1)
    if isinstance(lowest, int | float):
        numbers.append(lowest - 1)
    fitting = tuple(n for n in numbers if isinstance(n, float) or INTEGER_MIN <= n <= INTEGER_MAX)
    return fitting or (_gap(connection, table, column),)


def _fresh_days(connection: Connection, table: Table, column: str, model: str, number: int) -> Iterator[str]:
    """A day after the last one that is there, if the model is a day."""
    name = quoted(column)
    (last,) = connection.execute(f"SELECT max({name}) FROM {quoted(table.name)}").fetchone()
    if is_day(model) and isinstance(last, str) and is_day(last):
        with suppress(OverflowError):
            yield f"{date.fromisoformat(last[:10]) + timedelta(days=number)}{model[10:]}"


def _fresh_numbered(
    connection: Connection,
    table: Table,
    column: str,
    after: tuple[str, int],
    made_of: Sequence[str] | None,
) -> Iterator[str]:
    """``after[1]`` numbers after the highest one, with the texts around the number that every row has.

    Rows without a number (``root`` among ``u-1``, ``u-2``) are ignored if the change has a text for the
    column.
    """
    if made_of is None:
        return
    name, (model, number) = quoted(column), after
    counted = f"substr({name}, ?1 + 1, length({name}) - ?1 - ?2)"
    for found in reversed([*_NUMBER.finditer(model)]):
        before, behind = model[: found.start()], model[found.end() :]
        if not (before or behind or _is_key(table, column)):
            # A number alone, in a key of several columns, is likely to name a row of another table.
            return
        rows, fitting, last = connection.execute(
            f"SELECT count({name}), count(n), max(CAST(n AS INTEGER)) FROM (SELECT {name}, CASE WHEN"
            f" {name} = ?3 || {counted} || ?4 AND {counted} GLOB '[0-9]*' AND {counted} NOT GLOB '*[^0-9]*'"
            f" THEN {counted} END AS n FROM {quoted(table.name)})",
            (len(before), len(behind), before, behind),
        ).fetchone()
        if fitting and (fitting == rows or {before, behind} & {*made_of} - {""}):
            yield f"{before}{str(last + number).zfill(len(found[0]))}{behind}"
            return
    if model == MARK:
        yield f"{next(iter(made_of), '')}{number}"


def _is_key(table: Table, column: str) -> bool:
    """Whether this column alone is unique."""
    return any(list(columns) == [identifier_key(column)] for _, columns in table.unique_keys())


def _gap(connection: Connection, table: Table, column: str) -> int:
    """A positive number that is not used yet; an id can be at the very end of the range."""
    name, source = quoted(column), quoted(table.name)
    found = connection.execute(
        f"SELECT a.{name} + 1 FROM {source} AS a"
        f" WHERE typeof(a.{name}) = 'integer' AND a.{name} BETWEEN 0 AND ?"
        f" AND NOT EXISTS (SELECT 1 FROM {source} AS b WHERE b.{name} = a.{name} + 1) LIMIT 1",
        (INTEGER_MAX - 1,),
    ).fetchone()
    return int(found[0]) if found else 1


def _same_length(model: str, number: int) -> str:
    """A text as long as the model: codes, hashes and UUIDs are often checked for length."""
    tail = str(number + 1)
    return (model[: -len(tail)] + tail)[-max(len(model), 1) :]


def _same_kind(model: str, number: int) -> str:
    """The model with another last letter or digit: ``EUR`` becomes ``EUS``."""
    last = model[-1:]
    for kind in (ascii_uppercase, ascii_lowercase, digits):
        if last and last in kind:
            return model[:-1] + kind[(kind.index(last) + number) % len(kind)]
    return model


def invented(connection: Connection, table: Table) -> dict[str, object]:
    """A row for an empty table: first keys of parents, numbers, texts, NULL where allowed."""
    values: dict[str, object] = {}
    for column in table.columns:
        if not column.generated:
            needed = column.not_null or column.key
            values[column.name] = _first_value(table, column) if needed else None
    for key in table.foreign_keys:
        columns = ", ".join(quoted(c) for c in key.parent_columns)
        row = connection.execute(f"SELECT {columns} FROM {quoted(key.parent)} LIMIT 1").fetchone()
        values.update(zip(key.columns, row or (None,) * len(key.columns), strict=True))
    return {name: values[name] for name in table.stored}


def _first_value(table: Table, column: Column) -> object:
    if table.strict and identifier_key(column.type) == "blob":
        return MARK.encode()
    return 1 if is_number(column) else MARK


def texts(sql: str) -> list[str]:
    """The text literals of a definition, in order."""
    return [t.text[1:-1].replace("''", "'") for t in sql_tokens(sql) if t.kind == "string"]

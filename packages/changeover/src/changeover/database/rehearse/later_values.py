"""Tries what a change and its rollback make of values that no row has yet: ``'00123'``, two spaces, 2^53 + 1.

Rule: the scripts run in memory on an existing row, with such a value in each column that they compute. If the
row with its own value does not come back, nothing is said. A loss is only reported and refuses nothing: a
change may rightly have no place for a value that nobody writes.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from changeover.database.change.transaction import Parameters, bound
from changeover.database.findings import Finding
from changeover.database.rehearse import invent, script_values
from changeover.database.schema import catalogue
from changeover.database.schema.catalogue import Column, Table
from changeover.database.schema.empty import blank, empty_copy
from changeover.errors import ChangeoverError
from changeover.plan.model import SqlStatement
from changeover.sql.identifiers import identifier_key, listed, quoted

TEXTS = ("00123", "1e3", "a  b", " a", "a ", "a b c", "a", "", "\u00c4")
NUMBERS = (2**53 + 1, -1, 0.1, 1e300)
"""-0.0 is left out: numeric columns store it as 0.0, and ``=``, ``quote()`` and ``||`` see no difference."""
KINDS = {
    "text": TEXTS,
    "char": TEXTS,
    "clob": TEXTS,
    "int": (2**53 + 1, -1),
    "real": (0.1, 1e300),
    "floa": (0.1, 1e300),
    "doub": (0.1, 1e300),
}
COLUMNS_MAX = 20
TIME_S = 3.0
SHOWN_MAX = 3

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """The scripts of a change and of its rollback, with the values that they bind."""

    forward: Sequence[SqlStatement]
    back: Sequence[SqlStatement]
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class _Place:
    """A column that the scripts compute; ``base`` is an existing row of its table."""

    table: Table
    column: Column
    base: Row


def lost_later(original: sqlite3.Connection, tables: Iterable[str], trip: RoundTrip) -> list[Finding]:
    """A finding for each column in which a value does not come back; ``original`` is the database before."""
    computed = script_values.computed_columns(trip.forward) | script_values.computed_columns(trip.back)
    ends_s = time.monotonic() + TIME_S
    found: list[Finding] = []
    with (
        suppress(sqlite3.Error, ChangeoverError),
        closing(empty_copy(original, legacy_alter_table=True)) as empty,
    ):
        for place in list(_tried(original, tables, computed))[:COLUMNS_MAX]:
            if time.monotonic() > ends_s:
                break
            sentences = _lost(empty, place, trip)
            if sentences:
                label = f"{place.table.name}.{place.column.name}"
                shown = "; ".join(sentences[:SHOWN_MAX])
                found.append(Finding(f"{identifier_key(label)}.later", f"{label}: {shown}"))
    return found


def _tried(original: sqlite3.Connection, tables: Iterable[str], computed: frozenset[str]) -> Iterator[_Place]:
    """The columns that the scripts compute and that are in no key."""
    schema = catalogue.read(original)
    for name in tables:
        table = schema.table(name)
        if table is None or table.kind != "table" or not table.key:
            continue
        row = original.execute(f"SELECT {listed(table.stored)} FROM {quoted(table.name)} LIMIT 1").fetchone()
        if row is None:
            continue
        base = dict(zip(table.stored, row, strict=True))
        fixed = {*invent.unique_columns(table), *(c for key in table.foreign_keys for c in key.columns)}
        for column in table.columns:
            is_computed = script_values.EVERY_COLUMN in computed or identifier_key(column.name) in computed
            if is_computed and column.name not in fixed and not column.generated:
                yield _Place(table, column, base)


def _lost(empty: sqlite3.Connection, place: _Place, trip: RoundTrip) -> list[str]:
    """What becomes of values that do not come back; empty if the existing one does not come back either."""
    own = place.base[place.column.name]
    values = [value for value in _values(place.column) if value != own]
    together = _come_back(empty, place, [own, *values], trip)
    if together is not None:
        return together
    alone = (_come_back(empty, place, [own, value], trip) for value in values)
    return [sentence for found in alone for sentence in found or ()]


def _values(column: Column) -> tuple[object, ...]:
    kind = identifier_key(column.type)
    return next((values for word, values in KINDS.items() if word in kind), (*TEXTS, *NUMBERS))


def _come_back(
    empty: sqlite3.Connection, place: _Place, values: Sequence[object], trip: RoundTrip
) -> list[str] | None:
    """What becomes of each value but the first, which must come back; None if a script fails."""
    with closing(blank(legacy_alter_table=True)) as copy:
        empty.backup(copy)
        before = dict(_written(copy, place, values))
        try:
            for one in (*trip.forward, *trip.back):
                copy.execute(one.text, bound(trip.parameters, one.parameters)).fetchall()
            after = {number: _read(copy, place, number) for number in before}
        except sqlite3.Error:
            return None
    if 0 not in before or after[0] != before[0]:
        return []
    return [
        f"{before[number][1]} would come back as {after[number][1]}"
        if after[number][0]
        else f"a row with {before[number][1]} would be gone"
        for number in before
        if after[number] != before[number]
    ]


def _written(
    copy: sqlite3.Connection, place: _Place, values: Sequence[object]
) -> Iterator[tuple[int, tuple[str, str]]]:
    """(number, (type, value as SQL)) of every row that the table takes."""
    table, base = place.table, place.base
    marks = ", ".join("?" * len(table.stored))
    sql = f"INSERT INTO {quoted(table.name)} ({listed(table.stored)}) VALUES ({marks})"
    for number, value in enumerate(values):
        row = {**base, **_fresh(table, base, number), place.column.name: value}
        with suppress(sqlite3.Error):
            copy.execute(sql, [row[name] for name in table.stored])
            yield number, _read(copy, place, number)


def _read(copy: sqlite3.Connection, place: _Place, number: int) -> tuple[str, str]:
    """(type, value as SQL) of a row; both empty if it is gone."""
    table, name = place.table, quoted(place.column.name)
    fresh = _fresh(table, place.base, number)
    asked = " AND ".join(f"{quoted(key)} = ?" for key in table.key)
    found = copy.execute(
        f"SELECT typeof({name}), quote({name}) FROM {quoted(table.name)} WHERE {asked}",
        [fresh[key] for key in table.key],
    ).fetchone()
    return (str(found[0]), str(found[1])) if found else ("", "")


def _fresh(table: Table, base: Row, number: int) -> dict[str, object]:
    """Values for the key columns, different for each number."""
    return {name: _other(base[name], number) for name in invent.unique_columns(table)}


def _other(value: object, number: int) -> object:
    if number and isinstance(value, int):
        return value + number if value < 2**62 else value - number
    return f"{value}-{number}" if number and isinstance(value, str) else value

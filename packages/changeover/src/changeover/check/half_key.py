"""Statements that pick rows by a part of a composite key, and so change rows of everybody else.

Asked of every table that a statement looks into: do the columns compared name one of its rows? If they do, it
is that row which is meant (``(system_id, point_id) IN (SELECT system_id, id FROM points)``). If not, and they
are a part of a key, the rest of the key is what keeps one owner's rows from another's.

Rule: without the schema nothing is found, for then no key is known.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from sqlglot import exp

from changeover.check.reading import RowPick
from changeover.check.schema_copy import EmptyCopy
from changeover.check.ways import read
from changeover.sql.identifiers import identifier_key


@dataclass(frozen=True, slots=True)
class HalfKey:
    """Rows of ``table`` are picked ``by`` these columns; ``key`` names one, and ``missing`` is what lacks."""

    table: str
    by: tuple[str, ...]
    key: tuple[str, ...]
    missing: tuple[str, ...]


def half_key(tree: exp.Update | exp.Delete | exp.Insert, copy: EmptyCopy) -> HalfKey | None:
    """The half key by which a statement picks rows, or values for SET; None where it names them whole."""
    return next((found for reading in read(tree, copy) if (found := _of(reading, copy))), None)


def _of(reading: RowPick, copy: EmptyCopy) -> HalfKey | None:
    keys, bound = copy.keys(reading.target), reading.bound()
    if not reading.for_values and any(key <= bound for key in keys):
        return None
    shared = {number: reading.shared_with(number) for number in reading.sources}
    known = {number: _known(reading, number, columns) for number, columns in shared.items()}
    identified = {
        column
        for number, columns in known.items()
        if any(key <= columns.keys() for key in copy.keys(reading.sources[number]))
        for column in columns.values()
    }
    for number, columns in known.items():
        table, by = reading.sources[number], set(columns.values())
        if not by or by <= identified or (reading.for_values and _is_target(reading, number)):
            continue
        equal = set(shared[number].values())
        found = None if reading.for_values else _own(reading.target, keys, bound, equal, copy.columns(table))
        found = found or _other(table, columns, bound, copy.keys(table), copy.columns(reading.target))
        if found is not None:
            return found
    return None


def _known(reading: RowPick, source: int, shared: Mapping[str, str]) -> Mapping[str, str]:
    """The columns that pick a row of a source. A range of the written table's own values is just that."""
    return shared if _is_target(reading, source) else {**reading.between(source), **shared}


def _is_target(reading: RowPick, source: int) -> bool:
    return identifier_key(reading.sources[source]) == identifier_key(reading.target)


def _own(
    table: str, keys: Sequence[frozenset[str]], bound: Set[str], by: Set[str], other: Set[str]
) -> HalfKey | None:
    """Rows are picked by a part of a key of the table that is written; NOT EXISTS may name all of it."""
    for key in keys:
        if by & key and not (key <= bound or key <= by):
            return _half(table, by & key, key, ((key - bound) & other) or (key - bound))
    return None


def _other(
    table: str, columns: Mapping[str, str], bound: Set[str], keys: Sequence[frozenset[str]], own: Set[str]
) -> HalfKey | None:
    """A row of another table is picked by a part of its key, and the rest is a column here as well."""
    for key in keys:
        missing = (key - columns.keys()) & own - bound
        if key & columns.keys() and missing:
            return _half(table, key & columns.keys(), key, missing)
    return None


def _half(table: str, by: Set[str], key: Set[str], missing: Set[str]) -> HalfKey:
    return HalfKey(table, tuple(sorted(by)), tuple(sorted(key)), tuple(sorted(missing)))

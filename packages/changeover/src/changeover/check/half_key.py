"""Statements that pick rows by only a part of a composite key, and so change rows of other owners too.

``UPDATE readings SET ... WHERE point_id IN (SELECT id FROM points WHERE ...)`` is wrong if the key of
``points`` is (system_id, id): every system has a point 1, and the rows of all of them change.

For each table that a statement reads: do the compared columns contain a whole key of it? Then they name one
row, and that row is meant. Do they contain only a part of a key? Then the rest of the key is missing.

Rule: keys come from the schema; without a schema nothing is found.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from sqlglot import exp

from changeover.check.reading import RowPick
from changeover.check.schema_copy import EmptyCopy
from changeover.check.ways import row_picks
from changeover.sql.identifiers import identifier_key


@dataclass(frozen=True, slots=True)
class HalfKey:
    """Rows of ``table`` are picked ``by`` columns, and the columns ``missing`` belong to its ``key`` too."""

    table: str
    by: tuple[str, ...]
    key: tuple[str, ...]
    missing: tuple[str, ...]


def half_key(tree: exp.Update | exp.Delete | exp.Insert, copy: EmptyCopy) -> HalfKey | None:
    """The first half key by which a statement picks rows, or values for SET; None if there is none."""
    return next((found for pick in row_picks(tree, copy) if (found := _half_key_in(pick, copy))), None)


def _half_key_in(pick: RowPick, copy: EmptyCopy) -> HalfKey | None:
    keys, bound = copy.keys(pick.target), pick.bound()
    if not pick.for_values and any(key <= bound for key in keys):
        return None
    shared = {number: pick.shared_with(number) for number in pick.sources}
    picked_by = {number: _picking_columns(pick, number, columns) for number, columns in shared.items()}
    # Columns of the written table that a whole key of some source determines: they need no further proof.
    identified = {
        column
        for number, columns in picked_by.items()
        if any(key <= columns.keys() for key in copy.keys(pick.sources[number]))
        for column in columns.values()
    }
    for number, columns in picked_by.items():
        table, by = pick.sources[number], set(columns.values())
        if not by or by <= identified or (pick.for_values and _is_target(pick, number)):
            continue
        equal = set(shared[number].values())
        found = (
            None if pick.for_values else _half_of_target(pick.target, keys, bound, equal, copy.columns(table))
        )
        found = found or _half_of_source(table, columns, bound, copy.keys(table), copy.columns(pick.target))
        if found is not None:
            return found
    return None


def _picking_columns(pick: RowPick, source: int, shared: Mapping[str, str]) -> Mapping[str, str]:
    """The columns that pick a row of a source: its name -> the name in the written table.

    A range counts as well (``ts BETWEEN s.start AND s.end``), but not one of the written table's own values.
    """
    return shared if _is_target(pick, source) else {**pick.between(source), **shared}


def _is_target(pick: RowPick, source: int) -> bool:
    return identifier_key(pick.sources[source]) == identifier_key(pick.target)


def _half_of_target(
    table: str, keys: Sequence[frozenset[str]], bound: Set[str], by: Set[str], other: Set[str]
) -> HalfKey | None:
    """A part of a key of the written table picks its rows.

    ``bound`` are its columns that are compared at all, ``by`` those that equal a column of the source (below
    NOT EXISTS too), ``other`` the columns that the source has.
    """
    for key in keys:
        if by & key and not (key <= bound or key <= by):
            return _half(table, by & key, key, ((key - bound) & other) or (key - bound))
    return None


def _half_of_source(
    table: str, columns: Mapping[str, str], bound: Set[str], keys: Sequence[frozenset[str]], own: Set[str]
) -> HalfKey | None:
    """A part of a key of a source picks its row, and the written table has the rest of that key as a column.

    ``columns`` are those that pick the row; ``bound`` and ``own`` are the compared and all columns of the
    written table.
    """
    for key in keys:
        missing = (key - columns.keys()) & own - bound
        if key & columns.keys() and missing:
            return _half(table, key & columns.keys(), key, missing)
    return None


def _half(table: str, by: Set[str], key: Set[str], missing: Set[str]) -> HalfKey:
    return HalfKey(table, tuple(sorted(by)), tuple(sorted(key)), tuple(sorted(missing)))

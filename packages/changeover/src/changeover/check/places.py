"""Columns that are matched by their place and not by their name, where the places differ."""

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from changeover.check.schema_copy import EmptyCopy
from changeover.sql.identifiers import folded


def misplaced(tree: exp.Insert, copy: EmptyCopy) -> tuple[str, str] | None:
    """The first column of ``INSERT ... SELECT`` whose values go by its place into another one.

    Found where one side names no columns, and the target has a column of that name as well.
    """
    query, target = tree.expression, tree.this
    if not isinstance(query, exp.Select) or target is None:
        return None
    named = isinstance(target, exp.Schema)
    starred = any(item.is_star for item in query.expressions)
    if named and not starred:
        return None
    table = target.this if named else target
    into = [folded(one.name) for one in target.expressions] if named else copy.column_order(table.name)
    for source, place in zip(_sources(query, copy), into, strict=False):
        if source and source != place and source in into:
            return source, place
    return None


def _sources(query: exp.Select, copy: EmptyCopy) -> Iterator[str]:
    """The name of the column that gives each value; empty for an expression. Ends where it is not known."""
    tables = [table.name for table in query.find_all(exp.Table)]
    for item in query.expressions:
        if item.is_star:
            if len(tables) != 1:
                return
            yield from copy.column_order(tables[0])
        else:
            yield folded(item.name) if isinstance(item, exp.Column) else ""


def orders(tables: Sequence[str], copy: EmptyCopy) -> dict[str, list[str]]:
    """The columns of each table, in order; a table that there is not has none."""
    return {table: copy.column_order(table) for table in tables}


def moved(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Tables whose columns stand in another order than before, with that order."""
    for table, old in before.items():
        new = after[table]
        if [column for column in old if column in new] != [column for column in new if column in old]:
            yield table, ", ".join(new)

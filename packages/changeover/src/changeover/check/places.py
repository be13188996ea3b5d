"""The columns of INSERT ... SELECT: matched by position although names differ, or left out by a REPLACE."""

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from changeover.check.schema_copy import EmptyCopy
from changeover.sql.identifiers import identifier_key


def misplaced(tree: exp.Insert, copy: EmptyCopy) -> tuple[str, str] | None:
    """The first value that INSERT ... SELECT puts into the wrong column, as (column read, column written).

    This happens if one side names no columns, so that they are matched by position. A column is wrong if the
    target has one with the name of the column that is read.
    """
    target = tree.this
    named = isinstance(target, exp.Schema)
    table = target.this if named else target
    into = (
        [identifier_key(one.name) for one in target.expressions] if named else copy.column_order(table.name)
    )
    for query in _selects(tree.expression):
        if named and not any(item.is_star for item in query.expressions):
            continue
        for source, place in zip(_sources(query, copy), into, strict=False):
            if source and source != place and source in into:
                return source, place
    return None


def _selects(query: exp.Expr | None) -> Iterator[exp.Select]:
    """The queries whose rows are inserted: one, or all parts of a UNION."""
    if isinstance(query, exp.SetOperation):
        yield from _selects(query.this)
        yield from _selects(query.expression)
    elif isinstance(query, exp.Select):
        yield query


def _sources(query: exp.Select, copy: EmptyCopy) -> Iterator[str]:
    """The name of the column behind each value (empty for an expression), up to the first that is unknown."""
    tables = {identifier_key(table.alias_or_name): table.name for table in query.find_all(exp.Table)}
    for item in query.expressions:
        if not item.is_star:
            yield identifier_key(item.name) if isinstance(item, exp.Column) else ""
            continue
        of = identifier_key(item.table) if isinstance(item, exp.Column) else next(iter(tables), "")
        if of not in tables or (isinstance(item, exp.Star) and len(tables) != 1):
            return
        yield from copy.column_order(tables[of])


def left_out(tree: exp.Insert, copy: EmptyCopy) -> list[str]:
    """The columns of t, in order, that ``REPLACE INTO t (...) SELECT ... FROM t`` does not name.

    REPLACE deletes the row and inserts a new one, so a column without a name gets its default
    (https://sqlite.org/lang_conflict.html).
    """
    target = tree.this
    is_replace = str(tree.args.get("alternative") or "").upper() == "REPLACE"
    if not is_replace or not isinstance(target, exp.Schema):
        return []
    table = identifier_key(target.this.name)
    read = {
        identifier_key(one.name) for query in _selects(tree.expression) for one in query.find_all(exp.Table)
    }
    named = {identifier_key(one.name) for one in target.expressions}
    return [one for one in copy.column_order(table) if one not in named] if table in read else []


def orders(tables: Sequence[str], copy: EmptyCopy) -> dict[str, list[str]]:
    """Table -> its columns, in order; a table that does not exist has none."""
    return {table: copy.column_order(table) for table in tables}


def moved(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """(table, its columns as ``a, b``) for each table whose columns that stayed are in another order now."""
    for table, old in before.items():
        new = after[table]
        if [column for column in old if column in new] != [column for column in new if column in old]:
            yield table, ", ".join(new)

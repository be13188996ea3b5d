"""All ways in which a statement picks the rows that it changes, and values for them: one `RowPick` each."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sqlglot import exp

from changeover.check.clauses import MAX_BRANCHES, branches, choices, clause, condition_of, subqueries
from changeover.check.reading import RowPick
from changeover.check.row_sources import PickReader
from changeover.check.schema_copy import EmptyCopy


def row_picks(tree: exp.Update | exp.Delete | exp.Insert, copy: EmptyCopy) -> Iterator[RowPick]:
    """A `RowPick` for each branch of the ORs in WHERE, and for each choice and subquery in SET."""
    if isinstance(tree, exp.Insert):
        yield from _read_insert(tree, copy)
        return
    target = _target(tree)
    ways = list(branches(condition_of(tree, "where")))
    for branch in ways:
        yield from _each_way(copy, target, partial(PickReader.read, tree=tree, conditions=branch))
    always = ways[0] if len(ways) == 1 else []
    values = tree.expressions if isinstance(tree, exp.Update) else ()
    yield from _read_values(tree, copy, values, always)


def _read_values(
    tree: exp.Expr, copy: EmptyCopy, values: Sequence[exp.Expr], always: Sequence[exp.Expr]
) -> Iterator[RowPick]:
    """The picks by the choices and subqueries of SET; ``always`` are the conjuncts of WHERE."""
    target = _target(tree)
    for choice in choices(values):
        for branch in branches(choice):
            yield from _each_way(
                copy, target, partial(PickReader.read, tree=tree, conditions=[*always, *branch])
            )
    for select in subqueries(values):
        yield from _each_way(
            copy, target, partial(PickReader.read, tree=tree, conditions=always, values=select)
        )


def _read_insert(tree: exp.Insert, copy: EmptyCopy) -> Iterator[RowPick]:
    """The picks of INSERT ... SELECT.

    The rows that it replaces, and the values for the rows that it copies.
    """
    conflict = tree.args.get("conflict")
    updates = conflict.expressions if conflict is not None else []
    replaces = str(tree.args.get("alternative") or "").upper() == "REPLACE" or bool(updates)
    target, select = _target(tree), tree.expression
    if replaces and isinstance(select, exp.Query):
        where = condition_of(conflict, "where") if conflict is not None else None
        for branch in branches(where):
            begin = partial(PickReader.read_replacing, tree=tree, conditions=branch)
            yield from _each_way(copy, target, begin)
    if updates:
        yield from _read_values(tree, copy, updates, [])
    first = clause(select, "from") if isinstance(select, exp.Select) else None
    if first is not None and isinstance(first.this, exp.Table) and copy.columns(first.this.name):
        yield from _each_way(copy, first.this, partial(PickReader.read_copied, tree=tree))


def _each_way(
    copy: EmptyCopy, target: exp.Table, begin: Callable[[PickReader], RowPick]
) -> Iterator[RowPick]:
    """One pick for each branch of the ORs inside subqueries, `MAX_BRANCHES` at most."""
    for choice in range(MAX_BRANCHES):
        walk = PickReader(copy, target, choice)
        yield begin(walk)
        if walk.alternatives <= choice + 1:
            return


def _target(tree: exp.Expr) -> exp.Table:
    found = tree.this if isinstance(tree.this, exp.Table) else tree.this.find(exp.Table)
    assert isinstance(found, exp.Table)
    return found

"""Conditions that hold for no row, and checks that no database can fail.

Rule: in SQL a comparison with NULL is neither true nor false, so ``x = NULL`` finds nothing, and ``x NOT IN
(SELECT y ...)`` finds nothing as soon as one y is NULL. ``SELECT count(*)`` always gives one row.
"""

from collections.abc import Iterator

from sqlglot import exp

from changeover.check.schema_copy import EmptyCopy
from changeover.sql.identifiers import OWN_PREFIX, identifier_key

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def compared_with_null(tree: exp.Expr) -> Iterator[str]:
    """The SQL text of each comparison with the literal NULL."""
    for one in tree.find_all(*_COMPARISONS):
        is_assignment = one.arg_key == "expressions" and isinstance(one.parent, exp.Update | exp.OnConflict)
        if not is_assignment and (_is_null(one.this) or _is_null(one.expression)):
            yield one.sql("sqlite")
    for case in tree.find_all(exp.Case):
        yield from ("CASE ... WHEN NULL" for one in case.args["ifs"] if case.this and _is_null(one.this))
    for within in tree.find_all(exp.In):
        if isinstance(within.parent, exp.Not) and any(map(_is_null, within.expressions)):
            yield within.parent.sql("sqlite")


def not_in_nullable(tree: exp.Expr, copy: EmptyCopy) -> Iterator[str]:
    """The column, as ``table.column``, of each ``NOT IN (SELECT column FROM table)`` that may be NULL.

    A column with a condition of its own is left out, and so are tables that the plan keeps
    (``changeover_...``): they have no constraints.
    """
    for one in tree.find_all(exp.In):
        query = one.args.get("query")
        select = query.this if isinstance(query, exp.Subquery) else query
        if not isinstance(one.parent, exp.Not) or not isinstance(select, exp.Select):
            continue
        tables = list(select.find_all(exp.Table))
        column = select.expressions[0] if len(select.expressions) == 1 else None
        if isinstance(column, exp.Column) and len(tables) == 1 and not select.args.get("joins"):
            asked = select.args.get("where")
            is_asked = asked is not None and any(
                isinstance(it.this, exp.Column) and it.this.name == column.name
                for it in asked.find_all(*_COMPARISONS, exp.Is, exp.In)
            )
            is_own = identifier_key(tables[0].name).startswith(OWN_PREFIX)
            if not is_asked and not is_own and copy.may_be_null(tables[0].name, column.name):
                yield f"{tables[0].name}.{column.name}"


def always_one_row(tree: exp.Expr) -> bool:
    """Whether a query gives one row whatever the database holds: an aggregate without GROUP BY."""
    if not isinstance(tree, exp.Select) or any(map(tree.args.get, ("group", "having", "limit"))):
        return False
    return any(one.find(exp.AggFunc) and not one.find(exp.Window) for one in tree.expressions)


def _is_null(one: exp.Expr | None) -> bool:
    return isinstance(one, exp.Null)

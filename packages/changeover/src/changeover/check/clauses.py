"""Pieces of a statement's syntax tree: clauses, conditions that hold together, and subqueries in them."""

from collections.abc import Iterator, Sequence
from itertools import product

from sqlglot import exp

BRANCHES = 16
"""So many ways of ORs are taken one by one."""


def clause(tree: exp.Expr, name: str) -> exp.Expr | None:
    """A clause by its name; sqlglot writes names that are Python's with an underscore."""
    found = tree.args.get(name) or tree.args.get(f"{name}_")
    return found if isinstance(found, exp.Expr) else None


def branches(condition: exp.Expr | None) -> Iterator[list[exp.Expr]]:
    """The conditions that hold together, for each branch of the ORs; all of them where there are too many."""
    if condition is None:
        yield []
        return
    ways = [alternatives(part) for part in together(condition)]
    count = 1
    for way in ways:
        count *= len(way)
    if count > BRANCHES:
        yield list(together(condition))
        return
    yield from ([part for chosen in choice for part in together(chosen)] for choice in product(*ways))


def together(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.And):
        yield from together(condition.left)
        yield from together(condition.right)
    elif isinstance(condition, exp.Paren):
        yield from together(condition.this)
    else:
        yield condition


def alternatives(condition: exp.Expr) -> list[exp.Expr]:
    if isinstance(condition, exp.Paren):
        return alternatives(condition.this)
    if isinstance(condition, exp.Or):
        return [*alternatives(condition.left), *alternatives(condition.right)]
    return [condition]


def subqueries(expressions: Sequence[exp.Expr]) -> Iterator[exp.Query]:
    """The outermost subqueries in expressions."""
    for expression in expressions:
        if isinstance(expression, exp.Select | exp.SetOperation):
            yield expression
        else:
            yield from subqueries(list(expression.iter_expressions()))


def choices(expressions: Sequence[exp.Expr]) -> Iterator[exp.Expr]:
    """What chooses between values outside subqueries: a CASE, an IIF, an IN picks as a WHERE picks rows."""
    for expression in expressions:
        if isinstance(expression, exp.If):
            yield expression.this
        if isinstance(expression, exp.In) and looks_up(expression):
            yield expression
        elif not isinstance(expression, exp.Query | exp.Subquery):
            yield from choices(list(expression.iter_expressions()))


def predicates(expressions: Sequence[exp.Expr]) -> Iterator[exp.Expr]:
    """The outermost subqueries in expressions, with what compares them."""
    for expression in expressions:
        inner = list(expression.iter_expressions())
        compares = isinstance(
            expression, exp.EQ | exp.Is | exp.NEQ | exp.NullSafeEQ | exp.NullSafeNEQ
        ) and any(map(is_query, inner))
        compares |= isinstance(expression, exp.In) and looks_up(expression)
        if compares or isinstance(expression, exp.Exists | exp.Select | exp.SetOperation):
            yield expression
        else:
            yield from predicates(inner)


def value_columns(expression: exp.Expr) -> Iterator[exp.Column]:
    """The columns outside subqueries that a value is made of; not those that only choose or order it."""
    if isinstance(expression, exp.Column):
        yield expression
    elif isinstance(expression, exp.Window | exp.Filter):
        yield from value_columns(expression.this)
    elif isinstance(expression, exp.If):
        for name in ("true", "false"):
            yield from value_columns(expression.args[name]) if expression.args.get(name) else ()
    elif not isinstance(expression, exp.Query | exp.Subquery):
        for part in expression.iter_expressions():
            yield from value_columns(part)


def looks_up(condition: exp.In) -> bool:
    """Whether an IN looks into a table, and not into a list of values."""
    return condition.args.get("query") is not None or condition.args.get("field") is not None


def is_query(expression: exp.Expr) -> bool:
    return isinstance(expression.unnest(), exp.Query)


def condition_of(tree: exp.Expr, name: str) -> exp.Expr | None:
    found = clause(tree, name)
    return found.this if found is not None else None

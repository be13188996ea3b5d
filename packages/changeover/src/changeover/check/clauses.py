"""Pieces of a statement's syntax tree: clauses, conjuncts and disjuncts of conditions, subqueries."""

from collections.abc import Iterator, Sequence
from itertools import product

from sqlglot import exp

MAX_BRANCHES = 16
"""A condition with more combinations of OR branches than this is not split up: they grow exponentially."""


def clause(tree: exp.Expr, name: str) -> exp.Expr | None:
    """The clause ``name`` of a statement, or None. sqlglot writes ``from_`` where ``from`` is Python's."""
    found = tree.args.get(name) or tree.args.get(f"{name}_")
    return found if isinstance(found, exp.Expr) else None


def branches(condition: exp.Expr | None) -> Iterator[list[exp.Expr]]:
    """The disjunctive normal form of a condition: for each combination of OR branches, its conjuncts.

    No condition gives one empty branch. With more than `MAX_BRANCHES` combinations there is one branch, in
    which the ORs are left as they are.
    """
    if condition is None:
        yield []
        return
    ways = [disjuncts(part) for part in conjuncts(condition)]
    count = 1
    for way in ways:
        count *= len(way)
    if count > MAX_BRANCHES:
        yield list(conjuncts(condition))
        return
    yield from ([part for chosen in choice for part in conjuncts(chosen)] for choice in product(*ways))


def conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of a condition that AND connects, parentheses taken away."""
    if isinstance(condition, exp.And):
        yield from conjuncts(condition.left)
        yield from conjuncts(condition.right)
    elif isinstance(condition, exp.Paren):
        yield from conjuncts(condition.this)
    else:
        yield condition


def disjuncts(condition: exp.Expr) -> list[exp.Expr]:
    """The parts of a condition that OR connects, parentheses taken away."""
    if isinstance(condition, exp.Paren):
        return disjuncts(condition.this)
    if isinstance(condition, exp.Or):
        return [*disjuncts(condition.left), *disjuncts(condition.right)]
    return [condition]


def subqueries(expressions: Sequence[exp.Expr]) -> Iterator[exp.Query]:
    """The outermost subqueries in expressions."""
    for expression in expressions:
        if isinstance(expression, exp.Select | exp.SetOperation):
            yield expression
        else:
            yield from subqueries(list(expression.iter_expressions()))


def choices(expressions: Sequence[exp.Expr]) -> Iterator[exp.Expr]:
    """The conditions outside subqueries that choose between values, as in CASE, IIF and IN (SELECT ...).

    They matter like a WHERE: ``SET a = CASE WHEN b IN (SELECT ...)`` picks rows by ``b``.
    """
    for expression in expressions:
        if isinstance(expression, exp.If):
            yield expression.this
        if isinstance(expression, exp.In) and looks_up(expression):
            yield expression
        elif not isinstance(expression, exp.Query | exp.Subquery):
            yield from choices(list(expression.iter_expressions()))


def predicates(expressions: Sequence[exp.Expr]) -> Iterator[exp.Expr]:
    """The outermost subqueries in expressions, each with the comparison that it stands in, if it does."""
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
    """The columns outside subqueries that a value is computed from.

    Columns that only choose or order values (the condition of a CASE, OVER, FILTER) do not count.
    """
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
    """Whether an expression is a query, in parentheses or not."""
    return isinstance(expression.unnest(), exp.Query)


def condition_of(tree: exp.Expr, name: str) -> exp.Expr | None:
    """The condition in the clause ``name`` (``where``, ``having``) of a statement, or None."""
    found = clause(tree, name)
    return found.this if found is not None else None

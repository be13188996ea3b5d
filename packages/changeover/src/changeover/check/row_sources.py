"""Reads the conditions of a statement into a `RowPick`, and follows aliases, CTEs, views and subqueries.

Rule: only conditions that must hold count, so one branch of an OR is read at a time, and a comparison below
NOT is noted as denied. An unqualified column belongs to the innermost table that has it, as in SQLite.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from changeover.check.clauses import (
    clause,
    condition_of,
    conjuncts,
    disjuncts,
    is_query,
    predicates,
    value_columns,
)
from changeover.check.reading import CONSTANT, ROWIDS, TARGET, Node, RowPick
from changeover.check.schema_copy import EmptyCopy
from changeover.sql.identifiers import identifier_key

_BELOW = (exp.LT, exp.LTE)
_RANGES = (exp.GT, exp.GTE, *_BELOW, exp.Between)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)


@dataclass(frozen=True, slots=True)
class _Source:
    """A table; or, with ``projected``, a subquery.

    The name of each of its columns -> the column behind it.
    """

    number: int
    table: str
    projected: Mapping[str, Node | None] | None = None


_Scope = dict[str, _Source]


class PickReader:
    """Walks the tree of one statement and notes its comparisons, for one branch of the ORs in subqueries.

    ``choice`` is the number of that branch; ``alternatives`` says afterwards how many there are. ``ctes`` are
    common table expressions by name, ``open`` those being read (a recursive one names itself). ``last`` is
    the number of the newest source, and ``denied`` counts the NOTs around the current condition.
    """

    def __init__(self, copy: EmptyCopy, table: exp.Table, choice: int) -> None:
        self.copy, self.choice, self.alternatives = copy, choice, 1
        self.reading = RowPick(table.name)
        self.table = table
        self.scope: _Scope = {identifier_key(table.alias_or_name): _Source(TARGET, table.name)}
        self.ctes: dict[str, exp.Expr] = {}
        self.open: set[str] = set()
        self.last = TARGET
        self.denied = 0

    def read(
        self, tree: exp.Expr, conditions: Sequence[exp.Expr], values: exp.Query | None = None
    ) -> RowPick:
        """The pick of an UPDATE or DELETE by ``conditions``; or by ``values``, a subquery of its SET."""
        self._know(tree)
        source = clause(tree, "from")
        if source is not None:
            self._from(source.this, self.scope, [self.scope])
        for condition in conditions:
            self._holds(condition, [self.scope])
        if values is not None:
            self.reading.for_values = True
            self.reading.sources.clear()
            self._select(values, [self.scope])
        return self.reading.without_twins(self.copy)

    def read_replacing(self, tree: exp.Insert, conditions: Sequence[exp.Expr]) -> RowPick:
        """The pick of the rows that REPLACE or ON CONFLICT UPDATE overwrites, by the selected values."""
        self._know(tree)
        named = (
            [identifier_key(one.name) for one in tree.this.expressions]
            if isinstance(tree.this, exp.Schema)
            else []
        )
        columns = named or self.copy.column_order(self.table.name)
        selected = self._select(tree.expression, [])
        for column, node in zip(columns, selected.values(), strict=False):
            self._join((TARGET, column), node)
        given = dict(zip(columns, selected.values(), strict=False))
        self.scope["excluded"] = _Source(CONSTANT, "", given)
        for condition in conditions:
            self._holds(condition, [self.scope])
        return self.reading.without_twins(self.copy)

    def read_copied(self, tree: exp.Insert) -> RowPick:
        """The pick of values for copied rows; the table is the one that is copied from."""
        self._know(tree)
        self.reading.for_values = True
        self._select(tree.expression, [], first=self.scope)
        return self.reading.without_twins(self.copy)

    def _know(self, tree: exp.Expr) -> None:
        found = clause(tree, "with")
        for cte in found.expressions if found is not None else ():
            self.ctes[identifier_key(cte.alias)] = cte

    def _select(
        self, select: exp.Expr | None, outer: list[_Scope], first: _Scope | None = None
    ) -> dict[str, Node | None]:
        """Note the comparisons of a query; gives (name or ``#place``) -> column behind it, in order.

        ``first`` is a scope that holds the first table of its FROM already.
        """
        while isinstance(select, exp.Subquery | exp.Paren):
            select = select.this
        if isinstance(select, exp.SetOperation):
            self._know(select)
            left, right = self._select(select.left, outer), self._select(select.right, outer)
            for one, other in zip(left.values(), right.values(), strict=False):
                self._join(one, other)
            return left
        if not isinstance(select, exp.Select):
            return {}
        self._know(select)
        scope: _Scope = first or {}
        scopes = [*outer, scope]
        source = clause(select, "from")
        if source is not None:
            self._from(source.this, scope, scopes, known=first is not None)
        for join in select.args.get("joins") or ():
            self._joined(join, scope, scopes)
        for name in ("where", "having"):
            condition = condition_of(select, name)
            for part in conjuncts(condition) if condition is not None else ():
                self._holds(part, scopes)
        return self._columns(select, scope, scopes)

    def _columns(self, select: exp.Select, scope: _Scope, scopes: list[_Scope]) -> dict[str, Node | None]:
        found: dict[str, Node | None] = {}
        for place, expression in enumerate(select.expressions):
            if isinstance(expression, exp.Star):
                for source in scope.values():
                    found |= {name: self._node(source, name) for name in self._names(source)}
            else:
                found[identifier_key(expression.alias_or_name) or f"#{place}"] = self._of(expression, scopes)
        return found

    def _from(self, source: exp.Expr, scope: _Scope, scopes: list[_Scope], *, known: bool = False) -> None:
        """Add a table or subquery to a scope, unless the scope has it (``known``), and then its joins."""
        if not known:
            self._add(source, scope, scopes)
        for join in source.args.get("joins") or ():
            self._joined(join, scope, scopes)

    def _joined(self, join: exp.Join, scope: _Scope, scopes: list[_Scope]) -> None:
        before = list(scope.values())
        self._add(join.this, scope, scopes)
        added = list(scope.values())[-1]
        names = [identifier_key(column.name) for column in join.args.get("using") or ()]
        if str(join.args.get("method") or "").upper() == "NATURAL":
            names = list(self._names(added))
        for name in names:
            for source in before:
                if name in self._names(source):
                    self._join(self._node(source, name), self._node(added, name))
        on = join.args.get("on")
        for condition in conjuncts(on) if on is not None else ():
            self._holds(condition, scopes)

    def _add(self, source: exp.Expr, scope: _Scope, scopes: list[_Scope]) -> None:
        name = identifier_key(source.alias_or_name)
        view = self.copy.view(source.name) if isinstance(source, exp.Table) else ""
        if view and identifier_key(source.name) not in self.ctes:
            self._know_view(source.name, view)
        if isinstance(source, exp.Table) and identifier_key(source.name) not in self.ctes:
            self.last += 1
            self.reading.sources[self.last] = source.name
            scope[name] = _Source(self.last, source.name)
            return
        columns = (
            self._cte(source.name) if isinstance(source, exp.Table) else self._select(source, scopes[:-1])
        )
        scope[name] = _Source(CONSTANT, "", columns)

    def _know_view(self, name: str, sql: str) -> None:
        """Take a view for a CTE of the same name."""
        with suppress(SqlglotError, RecursionError):
            made = sqlglot.parse_one(sql, dialect="sqlite")
            if isinstance(made, exp.Create) and isinstance(made.expression, exp.Query):
                listed = made.this.expressions if isinstance(made.this, exp.Schema) else []
                alias = exp.TableAlias(this=exp.to_identifier(name), columns=[one.copy() for one in listed])
                self.ctes[identifier_key(name)] = exp.CTE(this=made.expression, alias=alias)

    def _cte(self, name: str) -> dict[str, Node | None]:
        if identifier_key(name) in self.open:  # A recursive CTE names itself.
            return {}
        self.open.add(identifier_key(name))
        cte = self.ctes[identifier_key(name)]
        columns = self._select(cte.this, [])
        self.open.discard(identifier_key(name))
        alias = cte.args.get("alias")
        names = [identifier_key(column.name) for column in alias.args.get("columns") or ()] if alias else []
        return dict(zip(names, columns.values(), strict=False)) if names else columns

    def _names(self, source: _Source) -> Sequence[str]:
        return (
            list(source.projected)
            if source.projected is not None
            else sorted(self.copy.columns(source.table))
        )

    def _node(self, source: _Source, name: str) -> Node | None:
        return source.projected.get(name) if source.projected is not None else (source.number, name)

    def _resolved(self, column: exp.Column, scopes: list[_Scope]) -> Node | None:
        name, table = identifier_key(column.name), identifier_key(column.table)
        for scope in reversed(scopes):
            if table in scope:
                return self._node(scope[table], name)
            for source in scope.values() if not table else ():
                if name in self._names(source) or (name in ROWIDS and source.projected is None):
                    return self._node(source, name)
        return None

    def _of(self, expression: exp.Expr, scopes: list[_Scope]) -> Node | None:
        """The one column, or constant, that an expression is computed from; None if there are several."""
        nodes = self._nodes(expression, scopes)
        return nodes[0] if len(nodes) == 1 else None

    def _nodes(self, expression: exp.Expr, scopes: list[_Scope]) -> list[Node | None]:
        """The columns that a value is computed from, those of its subqueries included; or one constant."""
        if isinstance(expression, exp.Query | exp.Subquery):
            return [next(iter(self._select(expression, scopes).values()), None)]
        found = dict.fromkeys(self._resolved(column, scopes) for column in value_columns(expression))
        for part in predicates([expression]):
            if isinstance(part, exp.Select | exp.SetOperation):
                found[next(iter(self._select(part, scopes).values()), None)] = None
            else:
                self._compared(part, scopes)
        return list(found) or [(CONSTANT, expression.sql(dialect="sqlite"))]

    def _inside(self, expression: exp.Expr, scopes: list[_Scope]) -> None:
        for part in predicates([expression]):
            if isinstance(part, exp.Select | exp.SetOperation):
                self._select(part, scopes)
            else:
                self._compared(part, scopes)

    def _join(self, one: Node | None, other: Node | None) -> None:
        if one is not None and other is not None and one != other:
            (self.reading.denied if self.denied else self.reading.pairs).append((one, other))

    def _holds(self, condition: exp.Expr, scopes: list[_Scope]) -> None:
        if isinstance(condition, exp.Or):
            ways = disjuncts(condition)
            self.alternatives = max(self.alternatives, len(ways))
            for part in conjuncts(ways[min(self.choice, len(ways) - 1)]):
                self._holds(part, scopes)
        elif isinstance(condition, exp.Not):
            self._holds_not(condition.this.unnest(), scopes)
        elif isinstance(condition, _RANGES):
            self._range(condition, scopes)
        elif isinstance(condition, exp.Like | exp.Glob):
            self._related([*self._nodes(condition.this, scopes), *self._nodes(condition.expression, scopes)])
        elif isinstance(condition, exp.Func) and condition.find(exp.Predicate) is None:
            self._related(self._nodes(condition, scopes))
        elif not self._compared(condition, scopes):
            self._inside(condition, scopes)

    def _holds_not(self, condition: exp.Expr, scopes: list[_Scope]) -> None:
        """Read NOT (a <> b) as a = b, and NOT (a OR b) as NOT a AND NOT b; note the rest as denied."""
        if isinstance(condition, exp.NEQ | exp.NullSafeNEQ):
            self._equal(condition.this, condition.expression, scopes)
        elif isinstance(condition, exp.Not):
            for part in conjuncts(condition.this):
                self._holds(part, scopes)
        elif isinstance(condition, exp.Or):
            for part in disjuncts(condition):
                self._holds_not(part, scopes)
        else:
            self.denied += 1
            self._inside(condition, scopes)
            self.denied -= 1

    def _related(self, nodes: Sequence[Node | None]) -> bool:
        """Take two columns that one condition relates (LIKE, a function of both) for equal."""
        own, other = _two(nodes)
        if own is not None:
            self._join(own, other)
        return own is not None

    def _compared(self, condition: exp.Expr, scopes: list[_Scope]) -> bool:
        """Note a comparison; False if the condition is none.

        ``a <> (SELECT ...)`` counts too: the columns of the subquery pick the rows that are left over.
        """
        other = isinstance(condition, exp.NEQ | exp.NullSafeNEQ) and any(
            map(is_query, condition.iter_expressions())
        )
        if other or isinstance(condition, exp.EQ | exp.Is | exp.NullSafeEQ):
            self._equal(condition.this, condition.expression, scopes)
        elif isinstance(condition, exp.In):
            self._in(condition, scopes)
        elif isinstance(condition, exp.Exists):
            self._select(condition.this, scopes)
        else:
            return False
        return True

    def _equal(self, one: exp.Expr, other: exp.Expr, scopes: list[_Scope]) -> None:
        if isinstance(other, exp.Tuple) and not isinstance(one, exp.Tuple):
            one, other = other, one
        if not isinstance(one, exp.Tuple):
            left, given = self._nodes(one, scopes), self._nodes(other, scopes)
            if len(left) == len(given) == 1:
                self._join(left[0], given[0])
            elif _constant(left) or _constant(given):
                self._related(given if _constant(left) else left)
            return
        right: Sequence[Node | None]
        if isinstance(other, exp.Tuple):
            right = [self._of(part, scopes) for part in other.expressions]
        else:
            right = list(self._select(other, scopes).values())
        for part, node in zip(one.expressions, right, strict=False):
            self._join(self._of(part, scopes), node)

    def _in(self, condition: exp.In, scopes: list[_Scope]) -> None:
        query, named = condition.args.get("query"), condition.args.get("field")
        left = condition.this
        parts = left.expressions if isinstance(left, exp.Tuple) else [left]
        if query is not None:
            right = list(self._select(query, scopes).values())
        elif named is not None:
            scope: _Scope = {}
            self._add(exp.to_table(named.name), scope, [scope])
            (source,) = scope.values()
            right = [self._node(source, name) for name in self._table_order(source)]
        else:
            right = [(CONSTANT, condition.sql(dialect="sqlite"))] * len(parts)
        for part, node in zip(parts, right, strict=False):
            self._join(self._of(part, scopes), node)

    def _table_order(self, source: _Source) -> Sequence[str]:
        return (
            list(source.projected) if source.projected is not None else self.copy.column_order(source.table)
        )

    def _range(self, condition: exp.Expr, scopes: list[_Scope]) -> None:
        """Note a range; one between rows of values, (a, b) > (c, d), is taken for equality of each pair."""
        this, *bounds = condition.iter_expressions()
        if any(isinstance(side, exp.Tuple) for side in (this, *bounds)):
            for bound in bounds:
                self._equal(this, bound, scopes)
        elif isinstance(condition, exp.Between):
            self._bounded(condition.this, condition.args["low"], scopes, above=True)
            self._bounded(condition.this, condition.args["high"], scopes, above=False)
        elif isinstance(condition, exp.Binary):
            above = not isinstance(condition, _BELOW)
            self._bounded(condition.this, condition.expression, scopes, above=above)

    def _bounded(self, one: exp.Expr, bound: exp.Expr, scopes: list[_Scope], *, above: bool) -> None:
        """Note that ``one`` is ``above`` the bound, or below it; ``abs(a - b) < 5`` is a range as well."""
        left, right = self._nodes(one, scopes), self._nodes(bound, scopes)
        own, other = _two([*left, *right])
        if own is None or other is None:
            return
        if not (_constant(left) or _constant(right)):
            self.reading.limit(own[1], other, above=above == (own in left))
        elif one.find(exp.Abs) or bound.find(exp.Abs):
            self.reading.limit(own[1], other, above=True)
            self.reading.limit(own[1], other, above=False)
        elif one.find(*_ARITHMETIC) or bound.find(*_ARITHMETIC):
            self.reading.limit(own[1], other, above=above)
        else:
            self._join(own, other)


def _two(nodes: Sequence[Node | None]) -> tuple[Node | None, Node | None]:
    """(column of the target, column of a source) if nodes hold only these and constants; else None twice."""
    own = {node for node in nodes if node is not None and node[0] == TARGET}
    other = {node for node in nodes if node is not None and node[0] > TARGET}
    return (own.pop(), other.pop()) if len(own) == len(other) == 1 and None not in nodes else (None, None)


def _constant(nodes: Sequence[Node | None]) -> bool:
    return all(node is not None and node[0] == CONSTANT for node in nodes)

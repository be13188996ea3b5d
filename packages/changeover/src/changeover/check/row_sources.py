"""Which columns a statement holds to be equal, and of which table each is: aliases, CTEs, subqueries.

Rule: only what must hold counts: one branch of an OR at a time, nothing below NOT. An unqualified column is
of the innermost table that has it, as in SQLite.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from sqlglot import exp

from changeover.check.schema_copy import EmptyCopy
from changeover.sql.identifiers import folded

Node = tuple[int, str]
"""(number of a source, column); see `TARGET` and `CONSTANT`."""
TARGET, CONSTANT = 0, -1
"""The table that is written, and the source of all constants and parameters, whose column is their text."""
_BRANCHES = 16
_RANGES = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_ROWID = ("rowid", "oid", "_rowid_")


@dataclass(frozen=True, slots=True)
class _Source:
    """A table (``projected`` None), or a subquery whose columns are those of other sources."""

    number: int
    table: str
    projected: Mapping[str, Node | None] | None = None


_Scope = dict[str, _Source]


@dataclass(slots=True)
class Reading:
    """One way in which a statement picks rows: pairs of equal columns, and the tables it looks into.

    ``ranged`` are columns of the written table compared with another table's by ``<`` or BETWEEN.
    ``for_values``: a subquery of SET, which picks values and not rows.
    """

    target: str
    for_values: bool = False
    sources: dict[int, str] = field(default_factory=dict)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    ranged: set[str] = field(default_factory=set)

    def bound(self) -> set[str]:
        """The columns of the written table that are compared with something else."""
        found = set(self.ranged)
        for members in self._classes():
            if any(number != TARGET for number, _ in members):
                found |= {column for number, column in members if number == TARGET}
        return found

    def shared_with(self, source: int) -> dict[str, str]:
        """The columns of a source that are equal to a column of the written table: its name -> that one's."""
        found: dict[str, str] = {}
        for members in self._classes():
            own = sorted(column for number, column in members if number == TARGET)
            found |= {column: own[0] for number, column in members if number == source and own}
        return found

    def without_twins(self, copy: EmptyCopy) -> "Reading":
        """``WHERE id IN (SELECT a.id FROM t a JOIN ...)``: a row of ``a`` is the row that is written."""
        keys = [*copy.keys(self.target), *(frozenset([name]) for name in _ROWID)]
        twins = {
            number
            for number, table in self.sources.items()
            if folded(table) == folded(self.target) and any(self._names_itself(number, key) for key in keys)
        }
        if not twins:
            return self
        pairs = [tuple((TARGET if n in twins else n, column) for n, column in pair) for pair in self.pairs]
        others = {number: table for number, table in self.sources.items() if number not in twins}
        return replace(self, sources=others, pairs=pairs)  # type: ignore[arg-type]

    def _names_itself(self, source: int, key: frozenset[str]) -> bool:
        shared = self.shared_with(source)
        return all(shared.get(column) == column for column in key)

    def _classes(self) -> list[set[Node]]:
        classes: list[set[Node]] = []
        for pair in self.pairs:
            touched = [members for members in classes if not members.isdisjoint(pair)]
            classes = [members for members in classes if members not in touched]
            classes.append(set(pair).union(*touched))
        return classes


def read(tree: exp.Update | exp.Delete, copy: EmptyCopy) -> Iterator[Reading]:
    """A reading for each way in which the WHERE can hold, then one for each choice and subquery of SET."""
    branches = list(_branches(_clause(tree, "where")))
    for branch in branches:
        yield _Walk(tree, copy).read(branch)
    always = branches[0] if len(branches) == 1 else []
    values = tree.expressions if isinstance(tree, exp.Update) else ()
    for choice in _choices(values):
        for branch in _branches(choice):
            yield _Walk(tree, copy).read([*always, *branch])
    for select in _subqueries(values):
        yield _Walk(tree, copy).read(always, select)


def _clause(tree: exp.Expr, name: str) -> exp.Expr | None:
    """A clause by its name; sqlglot writes names that are Python's with an underscore."""
    found = tree.args.get(name) or tree.args.get(f"{name}_")
    return found if isinstance(found, exp.Expr) else None


def _branches(where: exp.Expr | None) -> Iterator[list[exp.Expr]]:
    """The conditions that hold together, for each branch of the ORs; without any where there are too many."""
    if where is None:
        yield []
        return
    ways = [_alternatives(condition) for condition in _together(where.this)]
    count = 1
    for way in ways:
        count *= len(way)
    if count > _BRANCHES:
        ways = [way for way in ways if len(way) == 1]
    yield from ([part for chosen in choice for part in _together(chosen)] for choice in product(*ways))


def _together(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.And):
        yield from _together(condition.left)
        yield from _together(condition.right)
    elif isinstance(condition, exp.Paren):
        yield from _together(condition.this)
    else:
        yield condition


def _alternatives(condition: exp.Expr) -> list[exp.Expr]:
    if isinstance(condition, exp.Paren):
        return _alternatives(condition.this)
    if isinstance(condition, exp.Or):
        return [*_alternatives(condition.left), *_alternatives(condition.right)]
    return [condition]


def _subqueries(expressions: Sequence[exp.Expr]) -> Iterator[exp.Query]:
    """The outermost subqueries in expressions."""
    for expression in expressions:
        if isinstance(expression, exp.Select | exp.SetOperation):
            yield expression
        else:
            yield from _subqueries(list(expression.iter_expressions()))


def _choices(expressions: Sequence[exp.Expr]) -> Iterator[exp.If]:
    """The WHENs of CASE and the IIFs outside subqueries: what they choose is picked as a WHERE picks rows."""
    for expression in expressions:
        if isinstance(expression, exp.If):
            yield expression
        if not isinstance(expression, exp.Query | exp.Subquery):
            yield from _choices(list(expression.iter_expressions()))


class _Walk:
    """Goes through one statement and notes what it compares."""

    def __init__(self, tree: exp.Update | exp.Delete, copy: EmptyCopy) -> None:
        self.tree, self.copy = tree, copy
        table = tree.this if isinstance(tree.this, exp.Table) else tree.this.find(exp.Table)
        self.reading = Reading(table.name)
        self.scope: _Scope = {folded(table.alias_or_name): _Source(TARGET, table.name)}
        self.ctes: dict[str, exp.Expr] = {}
        self.open: set[str] = set()
        self.last = TARGET

    def read(self, conditions: Sequence[exp.Expr], values: exp.Query | None = None) -> Reading:
        """The reading of the conditions, and of a subquery that picks values."""
        self._know(self.tree)
        source = _clause(self.tree, "from")
        if source is not None:
            self._from(source.this, self.scope, [self.scope])
        for condition in conditions:
            self._holds(condition, [self.scope])
        if values is not None:
            self.reading.for_values = True
            self.reading.sources.clear()
            self._select(values, [self.scope])
        return self.reading.without_twins(self.copy)

    def _know(self, tree: exp.Expr) -> None:
        clause = _clause(tree, "with")
        for cte in clause.expressions if clause is not None else ():
            self.ctes[folded(cte.alias)] = cte

    def _select(self, select: exp.Expr | None, outer: list[_Scope]) -> dict[str, Node | None]:
        """Note what a query compares; its columns, by their names or places, in order."""
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
        scope: _Scope = {}
        scopes = [*outer, scope]
        source = _clause(select, "from")
        if source is not None:
            self._from(source.this, scope, scopes)
        for join in select.args.get("joins") or ():
            self._joined(join, scope, scopes)
        where = _clause(select, "where")
        for condition in _together(where.this) if where is not None else ():
            self._holds(condition, scopes)
        return self._columns(select, scope, scopes)

    def _columns(self, select: exp.Select, scope: _Scope, scopes: list[_Scope]) -> dict[str, Node | None]:
        found: dict[str, Node | None] = {}
        for place, expression in enumerate(select.expressions):
            if isinstance(expression, exp.Star):
                for source in scope.values():
                    found |= {name: self._node(source, name) for name in self._names(source)}
            else:
                found[folded(expression.alias_or_name) or f"#{place}"] = self._of(expression, scopes)
        return found

    def _from(self, source: exp.Expr, scope: _Scope, scopes: list[_Scope]) -> None:
        """Add a source of rows to a scope, with its joins."""
        self._add(source, scope, scopes)
        for join in source.args.get("joins") or ():
            self._joined(join, scope, scopes)

    def _joined(self, join: exp.Join, scope: _Scope, scopes: list[_Scope]) -> None:
        before = list(scope.values())
        self._add(join.this, scope, scopes)
        added = list(scope.values())[-1]
        for name in (folded(column.name) for column in join.args.get("using") or ()):
            for source in before:
                if name in self._names(source):
                    self._join(self._node(source, name), self._node(added, name))
        on = join.args.get("on")
        for condition in _together(on) if on is not None else ():
            self._holds(condition, scopes)

    def _add(self, source: exp.Expr, scope: _Scope, scopes: list[_Scope]) -> None:
        name = folded(source.alias_or_name)
        if isinstance(source, exp.Table) and folded(source.name) not in self.ctes:
            self.last += 1
            self.reading.sources[self.last] = source.name
            scope[name] = _Source(self.last, source.name)
            return
        columns = (
            self._cte(source.name) if isinstance(source, exp.Table) else self._select(source, scopes[:-1])
        )
        scope[name] = _Source(CONSTANT, "", columns)

    def _cte(self, name: str) -> dict[str, Node | None]:
        if folded(name) in self.open:  # a recursive one refers to itself
            return {}
        self.open.add(folded(name))
        cte = self.ctes[folded(name)]
        columns = self._select(cte.this, [])
        self.open.discard(folded(name))
        alias = cte.args.get("alias")
        names = [folded(column.name) for column in alias.args.get("columns") or ()] if alias else []
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
        name, table = folded(column.name), folded(column.table)
        for scope in reversed(scopes):
            if table in scope:
                return self._node(scope[table], name)
            for source in scope.values() if not table else ():
                if name in self._names(source) or (name in _ROWID and source.projected is None):
                    return self._node(source, name)
        return None

    def _of(self, expression: exp.Expr, scopes: list[_Scope]) -> Node | None:
        """The one column that an expression is made of (a cast, a function of it), or a constant."""
        if isinstance(expression, exp.Query | exp.Subquery):
            return next(iter(self._select(expression, scopes).values()), None)
        if expression.find(exp.Query) is not None:
            self._inside(expression, scopes)
            return None
        columns = {self._resolved(column, scopes) for column in expression.find_all(exp.Column)}
        if not columns:
            return (CONSTANT, expression.sql(dialect="sqlite"))
        return columns.pop() if len(columns) == 1 else None

    def _inside(self, expression: exp.Expr, scopes: list[_Scope]) -> None:
        for query in _subqueries([expression]):
            self._select(query, scopes)

    def _join(self, one: Node | None, other: Node | None) -> None:
        if one is not None and other is not None and one != other:
            self.reading.pairs.append((one, other))

    def _holds(self, condition: exp.Expr, scopes: list[_Scope]) -> None:
        if isinstance(condition, exp.EQ | exp.Is | exp.NullSafeEQ):
            self._equal(condition.this, condition.expression, scopes)
        elif isinstance(condition, exp.In):
            self._in(condition, scopes)
        elif isinstance(condition, exp.Exists):
            self._select(condition.this, scopes)
        elif isinstance(condition, _RANGES):
            self._range(condition, scopes)
        elif not isinstance(condition, exp.Not | exp.Or):
            self._inside(condition, scopes)

    def _equal(self, one: exp.Expr, other: exp.Expr, scopes: list[_Scope]) -> None:
        if isinstance(other, exp.Tuple) and not isinstance(one, exp.Tuple):
            one, other = other, one
        if not isinstance(one, exp.Tuple):
            self._join(self._of(one, scopes), self._of(other, scopes))
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
        self._inside(condition, scopes)
        nodes = [self._resolved(column, scopes) for column in _own_columns(condition)]
        if any(node is not None and node[0] > TARGET for node in nodes):
            self.reading.ranged |= {node[1] for node in nodes if node is not None and node[0] == TARGET}


def _own_columns(expression: exp.Expr) -> Iterator[exp.Column]:
    """The columns of an expression that are not inside a subquery."""
    if isinstance(expression, exp.Column):
        yield expression
    elif not isinstance(expression, exp.Query | exp.Subquery):
        for part in expression.iter_expressions():
            yield from _own_columns(part)

"""`RowPick`: which columns must be equal for a row to be picked, and to which table each column belongs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from changeover.check.schema_copy import EmptyCopy
from changeover.sql.identifiers import identifier_key

Node = tuple[int, str]
"""(number of a source, column in lower case); a source is one mention of a table in the statement."""
TARGET, CONSTANT = 0, -1
"""The source numbers of the written table, and of constants and parameters, whose "column" is their text."""
ROWIDS = ("rowid", "oid", "_rowid_")


@dataclass(slots=True)
class RowPick:
    """One branch of a statement's conditions, as pairs of columns; a statement with OR has several.

    ``target`` is the table that is written, and ``sources`` are the tables that the statement reads (number
    -> name). ``pairs`` are columns that must be equal. ``denied`` are pairs below NOT: they show which row of
    a source is meant, but restrict nothing. ``floors`` and ``ceilings`` are (column of the target, other
    column): the first is above, or below, the second. ``for_values``: a subquery of SET, which picks values
    and not rows.
    """

    target: str
    for_values: bool = False
    sources: dict[int, str] = field(default_factory=dict)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    denied: list[tuple[Node, Node]] = field(default_factory=list)
    floors: list[tuple[str, Node]] = field(default_factory=list)
    ceilings: list[tuple[str, Node]] = field(default_factory=list)

    def limit(self, column: str, other: Node, *, above: bool) -> None:
        """Note that a column of the target is above (or below) ``other``; above and below make them equal."""
        here, there = (self.floors, self.ceilings) if above else (self.ceilings, self.floors)
        here.append((column, other))
        if (column, other) in there:
            self.pairs.append(((TARGET, column), other))

    def bound(self) -> set[str]:
        """The columns of the target that are compared with something of another table, or with a constant."""
        found = {column for column, _ in (*self.floors, *self.ceilings)}
        for members in _classes(self.pairs):
            if any(number != TARGET for number, _ in members):
                found |= {column for number, column in members if number == TARGET}
        return found

    def shared_with(self, source: int) -> dict[str, str]:
        """The columns of a source that equal a column of the target: name there -> name in the target."""
        found: dict[str, str] = {}
        for members in _classes([*self.pairs, *self.denied]):
            own = sorted(column for number, column in members if number == TARGET)
            found |= {column: own[0] for number, column in members if number == source and own}
        return found

    def between(self, source: int) -> dict[str, str]:
        """The columns of a source that bound a column of the target on both sides.

        Name there -> name here.
        """
        both = {column for column, _ in self.floors} & {column for column, _ in self.ceilings}
        limits = (*self.floors, *self.ceilings)
        return {name: column for column, (number, name) in limits if column in both and number == source}

    def without_twins(self, copy: EmptyCopy) -> "RowPick":
        """The same without the sources that are the written row itself.

        ``WHERE id IN (SELECT a.id FROM t a ...)``: ``a`` is the target's own table, joined by one of its
        keys, so its columns are the target's.
        """
        keys = [*copy.keys(self.target), *(frozenset([name]) for name in ROWIDS)]
        twins = {
            number
            for number, table in self.sources.items()
            if identifier_key(table) == identifier_key(self.target)
            and any(self._names_itself(number, key) for key in keys)
        }
        if not twins:
            return self
        pairs, denied = (
            [tuple((TARGET if n in twins else n, column) for n, column in pair) for pair in given]
            for given in (self.pairs, self.denied)
        )
        others = {number: table for number, table in self.sources.items() if number not in twins}
        return replace(self, sources=others, pairs=pairs, denied=denied)  # type: ignore[arg-type]

    def _names_itself(self, source: int, key: frozenset[str]) -> bool:
        shared = self.shared_with(source)
        return all(shared.get(column) == column for column in key)


def _classes(pairs: Sequence[tuple[Node, Node]]) -> list[set[Node]]:
    """Equivalence classes: a = b and b = c put a, b and c into one."""
    classes: list[set[Node]] = []
    for pair in pairs:
        touched = [members for members in classes if not members.isdisjoint(pair)]
        classes = [members for members in classes if members not in touched]
        classes.append(set(pair).union(*touched))
    return classes

"""One way in which a statement picks rows: which columns it holds to be equal, and of which table each is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from changeover.check.schema_copy import EmptyCopy
from changeover.sql.identifiers import identifier_key

Node = tuple[int, str]
"""(number of a source, column); see `TARGET` and `CONSTANT`."""
TARGET, CONSTANT = 0, -1
"""The table that is written, and the source of all constants and parameters, whose column is their text."""
ROWIDS = ("rowid", "oid", "_rowid_")


@dataclass(slots=True)
class RowPick:
    """One way in which a statement picks rows: pairs of equal columns, and the tables it looks into.

    ``denied`` are pairs below NOT: they tell which row of a source is meant, and bind nothing. ``floors`` and
    ``ceilings`` are pairs of a column of the written table and another table's that it is above, or below.
    ``for_values``: a subquery of SET, which picks values and not rows.
    """

    target: str
    for_values: bool = False
    sources: dict[int, str] = field(default_factory=dict)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    denied: list[tuple[Node, Node]] = field(default_factory=list)
    floors: list[tuple[str, Node]] = field(default_factory=list)
    ceilings: list[tuple[str, Node]] = field(default_factory=list)

    def limit(self, column: str, other: Node, *, above: bool) -> None:
        """A column of the written table is above (or below) a column of another; both by one is equal."""
        here, there = (self.floors, self.ceilings) if above else (self.ceilings, self.floors)
        here.append((column, other))
        if (column, other) in there:
            self.pairs.append(((TARGET, column), other))

    def bound(self) -> set[str]:
        """The columns of the written table that are compared with something else."""
        found = {column for column, _ in (*self.floors, *self.ceilings)}
        for members in _classes(self.pairs):
            if any(number != TARGET for number, _ in members):
                found |= {column for number, column in members if number == TARGET}
        return found

    def shared_with(self, source: int) -> dict[str, str]:
        """The columns of a source that are equal to a column of the written table: its name -> that one's."""
        found: dict[str, str] = {}
        for members in _classes([*self.pairs, *self.denied]):
            own = sorted(column for number, column in members if number == TARGET)
            found |= {column: own[0] for number, column in members if number == source and own}
        return found

    def between(self, source: int) -> dict[str, str]:
        """The columns of a source that limit a column on both sides: its name -> the name of that one."""
        both = {column for column, _ in self.floors} & {column for column, _ in self.ceilings}
        limits = (*self.floors, *self.ceilings)
        return {name: column for column, (number, name) in limits if column in both and number == source}

    def without_twins(self, copy: EmptyCopy) -> "RowPick":
        """``WHERE id IN (SELECT a.id FROM t a JOIN ...)``: a row of ``a`` is the row that is written."""
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
    classes: list[set[Node]] = []
    for pair in pairs:
        touched = [members for members in classes if not members.isdisjoint(pair)]
        classes = [members for members in classes if members not in touched]
        classes.append(set(pair).union(*touched))
    return classes

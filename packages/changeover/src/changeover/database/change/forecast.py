"""Forecasts how long a script holds writers, from the kind of each statement and the number of rows.

Rule: METADATA changes the catalogue only. NATIVE touches rows or pages of one table in place. REBUILD
replaces a table by a copy: CREATE new, INSERT ... SELECT, DROP old, RENAME. A rebuild that would hold writers
longer than the budget needs the online strategy (`database.online`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from changeover.database.change import script
from changeover.database.change.script import Words, named, words_in_main
from changeover.errors import Unsuitable
from changeover.plan.model import SqlStatement, Strategy
from changeover.words import counted

ROWS_COPIED_PER_S = 1_000_000
ROWS_CHANGED_PER_S = 400_000
ROWS_INDEXED_PER_S = 1_500_000
ROWS_DROPPED_PER_S = 600_000
"""Half the measured speed (1 M rows of 22 columns, four indexes, two shared cores).

A forecast may only be too slow.

What a rehearsal measured counts more (``PlannedChange.rehearsed_s``).
"""


class Kind(StrEnum):
    METADATA = "metadata"
    NATIVE = "native"
    ROWS = "rows"
    REBUILD = "rebuild"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Cost:
    """One statement: its kind, the table it works on, the rows of that, and the predicted seconds.

    ``at_most``: a WHERE picks among those rows, so that the prediction is an upper bound.
    """

    statement: SqlStatement
    kind: Kind
    table: str
    rows: int
    seconds: float
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """A whole script; ``strategy`` is the most expensive kind among its statements."""

    strategy: Strategy
    costs: tuple[Cost, ...]
    rebuilt: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Predicted seconds for which writers are held, at most."""
        return sum(cost.seconds for cost in self.costs)

    @property
    def certain_s(self) -> float:
        """Predicted seconds without the statements that pick their rows by a WHERE."""
        return sum(cost.seconds for cost in self.costs if not cost.at_most)

    @property
    def legacy_alter_table(self) -> bool:
        """Whether the pragma must be on.

        Otherwise the RENAME of a rebuild rewrites references of other tables.
        """
        return bool(self.rebuilt)


def forecast(statements: Sequence[SqlStatement], rows_of: Callable[[str], int | None]) -> Forecast:
    """The forecast of a script; ``rows_of`` gives the rows of a table, None if it does not exist yet."""
    rebuilt = script.read(statements).rebuilt
    sizes: dict[str, int] = {}
    costs = tuple(
        replace(_cost(statement, rows_of, sizes, rebuilt), at_most=_picks(words_in_main(statement.text)))
        for statement in statements
    )
    strategy = Strategy.BLOCKING if rebuilt else Strategy.NATIVE
    return Forecast(strategy, costs, tuple(rebuilt.values()))


def require_affordable(
    found: Forecast,
    *,
    budget_s: float | None,
    wanted: Strategy = Strategy.AUTO,
    rehearsed_s: float | None = None,
) -> None:
    """Raises Unsuitable if a script costs more than the budget, or the wanted strategy cannot do it.

    Only what is certain counts against the budget; the rehearsal measures the rest.
    """
    if wanted is Strategy.NATIVE and found.rebuilt:
        raise Unsuitable(
            f"The plan asks for `strategy=native`, but the script rebuilds {', '.join(found.rebuilt)}.",
            hint="Use `strategy=auto` or `blocking`, or write the change with ALTER TABLE.",
        )
    expected_s = found.certain_s if rehearsed_s is None else rehearsed_s
    if budget_s is None or expected_s <= budget_s:
        return
    dearest = max(found.costs, key=lambda cost: 0.0 if cost.at_most else cost.seconds)
    raise Unsuitable(
        f"{dearest.statement.position}: working on {dearest.table} ({counted(dearest.rows, 'row')}) would"
        " hold writers for"
        f" about {expected_s:.2g} s; the budget is {budget_s:g} s.",
        hint="Raise the budget if the application can bear that; or write `strategy=online`, which makes a"
        " table"
        " anew beside those who write and holds them for milliseconds.",
    )


def _cost(
    statement: SqlStatement,
    rows_of: Callable[[str], int | None],
    sizes: dict[str, int],
    rebuilt: Mapping[str, str],
) -> Cost:
    words = words_in_main(statement.text)
    table = _target(words)
    source = _first_source(words)

    def size(name: str) -> int:
        return sizes[name] if name in sizes else rows_of(name) or 0

    match words[:2]:
        case ["create", "table"]:
            rows = size(source) if source else 0
            sizes[table] = rows
            return Cost(
                statement, Kind.ROWS if rows else Kind.METADATA, table, rows, rows / ROWS_COPIED_PER_S
            )
        case ["create" | "drop", "index" | "unique"]:
            rows = size(table) if words[0] == "create" else 0
            return Cost(
                statement, Kind.NATIVE if rows else Kind.METADATA, table, rows, rows / ROWS_INDEXED_PER_S
            )
        case ["drop", "table"]:
            return Cost(statement, Kind.NATIVE, table, size(table), size(table) / ROWS_DROPPED_PER_S)
        case ["alter", "table"]:
            return _alter_cost(statement, words, table, size, sizes)
    if words[:1] in (("insert",), ("replace",), ("with",)) and source:
        sizes[table] = size(table) + size(source)
        kind = Kind.REBUILD if table in rebuilt else Kind.ROWS
        return Cost(statement, kind, table, size(source), size(source) / ROWS_COPIED_PER_S)
    if words[:1] in (("update",), ("delete",)):
        return Cost(statement, Kind.ROWS, table, size(table), size(table) / ROWS_CHANGED_PER_S)
    kind = Kind.READ if words[:1] in (("select",), ("values",), ("explain",)) else Kind.METADATA
    return Cost(statement, kind, table, 0, 0.0)


def _alter_cost(
    statement: SqlStatement,
    words: Words,
    table: str,
    size: Callable[[str], int],
    sizes: dict[str, int],
) -> Cost:
    if words[3:5] == ("rename", "to"):
        sizes[words[5]] = size(table)
    # DROP COLUMN writes every row anew, and a new CHECK or generated column is tried on every row
    # (https://sqlite.org/lang_altertable.html); any other ALTER edits the schema's text alone.
    rewrites = words[3:4] == ("drop",) or (
        words[3:4] == ("add",) and {"check", "generated", "as"} & set(words)
    )
    rows = size(table) if rewrites else 0
    return Cost(statement, Kind.NATIVE if rows else Kind.METADATA, table, rows, rows / ROWS_CHANGED_PER_S)


def _picks(words: Words) -> bool:
    """Whether a statement has a WHERE of its own, and not only one in a subquery."""
    if words[:2] in (("create", "index"), ("create", "unique")):
        return False
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if word == "where" and depth == 0:
            return True
    return False


def _target(words: Words) -> str:
    """The table a statement works on, in lower case; empty for a view or a trigger."""
    match words[:2]:
        case ["create" | "drop" | "alter", "table"]:
            return named(words, "table")
        case ["create", "index" | "unique"] if "on" in words:
            return words[words.index("on") + 1]
    for before in ("into", "update", "from"):
        if before in words:
            place = words.index(before) + 1
            if words[place : place + 1] == ("or",):
                place += 2
            return words[place] if place < len(words) else ""
    return ""


def _first_source(words: Words) -> str:
    if "select" not in words or "from" not in words[words.index("select") :]:
        return ""
    place = words.index("from", words.index("select")) + 1
    return words[place] if place < len(words) and words[place] != "(" else ""

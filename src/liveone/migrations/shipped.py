"""The schema this release needs against the one that is there, and the plans that lead from one to the other.

Rule: a shipped plan is a folder ``plans/NNNN-name`` and leads to step N of ``STEPS`` from the one before it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from liveone.store.database import Database
from liveone.store.generations import (
    ADDED_TO,
    GENERATIONS,
    NEWEST,
    SchemaShape,
    definition_of,
    differences,
    nearest,
    optional_columns,
    shape_of,
    tables_added_to,
)
from liveone.store.sql import schema_path

PLANS = Path(__file__).with_name("plans")


@dataclass(frozen=True, slots=True)
class SchemaStep:
    """A shape that plans lead through: the generation, what was ``added`` to it by then, and whether it has
    early five-minute rows."""

    generation: int
    added: frozenset[str] = frozenset()
    early_intervals: bool = False


def _added_before(generation: int) -> frozenset[str]:
    """What plans had added to the generations before one."""
    return frozenset(fact for earlier in ADDED_TO if earlier < generation for fact in ADDED_TO[earlier])


STEPS = (
    SchemaStep(0, early_intervals=True),
    *map(SchemaStep, (0, 1)),
    *(
        SchemaStep(generation, frozenset((*_added_before(generation), *ADDED_TO[generation][:count])))
        for generation in ADDED_TO
        for count in range(len(ADDED_TO[generation]) + 1)
    ),
)
"""Oldest first. No plan leads to the first; plan 0 leads to the second."""


@dataclass(frozen=True, slots=True)
class ShippedPlan:
    """A plan of this release: its folder's name, the number of the step that it leads to, its document."""

    name: str
    step: int
    path: Path


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """What is there against what is needed.

    ``generation`` is None for a database that this release does not know; ``differences`` (sentences) are
    then those from the nearest generation, else those from the newest. ``pending`` are the plans to be run;
    there may be some although ``in_sync`` says that the newest generation is reached: they only add. A
    generation that is not in ``served`` is served after the first of them.
    """

    database: str
    generation: int | None
    served: tuple[int, ...]
    newest: int
    in_sync: bool
    differences: tuple[str, ...]
    pending: tuple[str, ...]


def contract(generation: int = NEWEST) -> dict[str, list[str]]:
    """The columns that this release needs in a database of a generation, by table; none it can do without."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(schema_path(generation).read_text(encoding="utf-8"))
        rows = connection.execute(
            "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c"
            " WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid"
        )
        needed: dict[str, list[str]] = {}
        optional, added = optional_columns(generation), tables_added_to(generation)
        for table, column in rows:
            is_optional = any(fact.startswith(f"column {table}.{column} ") for fact in optional)
            if table not in added and not is_optional:
                needed.setdefault(table, []).append(column)
        return needed


def status(database: Database) -> SchemaStatus:
    """How a database stands to this release; of any shape, and nothing is written. Raises StoreError."""
    found = definition_of(database)
    shape = shape_of(found)
    return SchemaStatus(
        database=database.label,
        generation=shape.generation if shape else None,
        served=GENERATIONS,
        newest=NEWEST,
        in_sync=shape is not None and shape.generation == NEWEST,
        differences=tuple(differences(found, NEWEST if shape else nearest(found))),
        pending=tuple(plan.name for plan in pending(shape)) if shape else (),
    )


def compare(database: Database, generation: int) -> list[str]:
    """What keeps a database from being of a generation, one sentence each; empty when it is."""
    return differences(definition_of(database), generation)


def shipped() -> list[ShippedPlan]:
    """All plans of this release, in the order in which they apply."""
    return sorted(_shipped(), key=lambda plan: plan.step)


def pending(shape: SchemaShape) -> list[ShippedPlan]:
    """The plans that lead from a shape to the newest, in order."""
    reached = max(
        number
        for number, step in enumerate(STEPS, -1)
        if (step.generation, step.early_intervals) == (shape.generation, shape.early_intervals)
        and step.added <= shape.added
    )
    return [plan for plan in shipped() if plan.step > reached]


def _shipped() -> Iterator[ShippedPlan]:
    for path in PLANS.glob("[0-9][0-9][0-9][0-9]-*/PLAN.md"):
        yield ShippedPlan(path.parent.name, int(path.parent.name[:4]), path)

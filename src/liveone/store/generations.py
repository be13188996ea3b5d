"""Which generation a database is, found by comparing definitions with the schemas we ship.

What must agree: our tables, their columns and the affinity of their types, primary keys, unique keys and
foreign keys. What may differ: how it is spelled, names and presence of indexes that are not unique, defaults,
the order of columns, NOT NULL where this program always writes a value, the type of ``created_at`` and
``updated_at`` (old tools wrote text), unique keys that no write of ours can break, and whatever else is kept
beside our tables: tables under other names, and views. Rule: detection only reads, and the same database
always gives the same words.
"""

import sqlite3
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache

from changeover.sql.identifiers import BESIDE_PREFIXES, OWN_PREFIX
from liveone.domain.reading import COUNTERS
from liveone.store.database import Database, Foreign, Row, Statement
from liveone.store.sql import query, schema_path

GENERATIONS = (1, 2, 3)
"""Those that this release serves, oldest first."""
FIRST_WEEKS = 0
"""The generation before them: a plan brings it to the first that is served."""
NEWEST = GENERATIONS[-1]

IGNORED_PREFIXES = (*BESIDE_PREFIXES, OWN_PREFIX, "_changeover", "sqlite_")
"""Tables that SQLite, changeover or a tool keeps beside ours; changeover has the one list of tools."""

MOVE_MARK = "liveone_move"
"""The table that marks the target of a move as unfinished: nobody may take it for a database."""

MEASUREMENTS = frozenset(
    (
        *("solar_w", "solar_inverter_w", "shunt_w", "load_w", "battery_w", "grid_w", "battery_soc"),
        *("fault_code", "fault_timestamp", "generator_status"),
        *(f"{name}_kwh_total" for name in COUNTERS),
    )
)
"""The columns of ``readings`` that may or may not be NOT NULL."""

TIME_ZONE = "column systems.time_zone TEXT"
ACCOUNTS = "column accounts.account TEXT"
SOURCES = "column sources.vendor_type TEXT"
POINTS = "column points.kind TEXT"
SECOND_STEPS = "column second_steps.handle TEXT"
ADDED_TO: dict[int, tuple[str, ...]] = {
    2: (TIME_ZONE, ACCOUNTS, SOURCES, POINTS, SECOND_STEPS),
    3: (),
}
"""What plans add to a generation, in their order; a database is served before and after, and those after it
have all of it. A plan that adds tables is known by one column of theirs."""
ADDED = tuple(fact for facts in ADDED_TO.values() for fact in facts)
ACCOUNT_TABLES = frozenset(("accounts", "credentials", "audit_entries"))
SOURCE_TABLES = frozenset(("sources", "source_values"))
POINT_TABLES = frozenset(("points", "point_readings", "point_readings_agg_5m", "point_readings_agg_1d"))
STEP_TABLES = frozenset(("second_steps",))
TABLES_ADDED = {
    ACCOUNTS: ACCOUNT_TABLES,
    SOURCES: SOURCE_TABLES,
    POINTS: POINT_TABLES,
    SECOND_STEPS: STEP_TABLES,
}
"""The tables of each plan that adds some, by the column that it is known by."""
ADDED_TABLES = ACCOUNT_TABLES | SOURCE_TABLES | POINT_TABLES | STEP_TABLES

KEYED_TABLES = ("readings", "readings_agg_5m", "readings_agg_1d", "polling_status")
"""What generation 3 has otherwise than generation 2. Its plan changes one after the other while LiveOne
serves: of generation 2 each may be as in either, and queries read both."""

STAMPS = ("created_at", "updated_at")
EARLY_INTERVALS = "readings_agg_5m"

FREE_KEYS = frozenset(
    (
        ("polling_status", frozenset(("system_id",))),
        ("readings", frozenset(("system_id", "inverter_time"))),
        ("systems", frozenset(("system_number",))),
        ("systems", frozenset(("user_id", "system_number"))),
    )
)
"""Unique keys that old tools made besides ours: one status a system, one system a number."""

_PARTS = ("schema_objects", "schema_columns", "schema_unique", "schema_foreign_keys")


@dataclass(frozen=True, slots=True)
class SchemaShape:
    """A known shape: its generation, whether ``readings`` takes a reading with gaps in it, and which facts
    of ``ADDED`` it has. ``early_intervals``: five-minute rows of the first weeks are there.
    """

    generation: int
    holds_partial: bool
    added: frozenset[str] = frozenset()
    early_intervals: bool = False

    @property
    def keeps_zones(self) -> bool:
        """Whether ``systems`` keeps a time zone."""
        return TIME_ZONE in self.added

    @property
    def keeps_accounts(self) -> bool:
        """Whether accounts, credentials and the audit log stand in the database."""
        return ACCOUNTS in self.added

    @property
    def keeps_sources(self) -> bool:
        """Whether systems may be made of sources."""
        return SOURCES in self.added

    @property
    def keeps_points(self) -> bool:
        """Whether points and their values are kept."""
        return POINTS in self.added

    @property
    def keeps_steps(self) -> bool:
        """Whether accounts may be asked for more than a password."""
        return SECOND_STEPS in self.added

    @property
    def is_served(self) -> bool:
        """Whether this release works with it as it is."""
        return self.generation in GENERATIONS


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """A schema reduced to what must agree: facts as sentences, and the columns that refuse NULL."""

    facts: frozenset[str]
    required: frozenset[str]
    tables: frozenset[str]


def detect(database: Database, *, served: bool = True) -> SchemaShape:
    """The shape of a database. Raises Foreign with the exact difference, and whatever reading raises.

    ``served`` False takes one that this release only knows how to bring up as well.
    """
    found = definition_of(database)
    shape = shape_of(found)
    if shape is None:
        raise _foreign(database.label, found)
    if served and not shape.is_served:
        raise Foreign(
            f"database {database.label} is of generation {shape.generation}, of LiveOne's first weeks, and is"
            " not served as it is; nothing was written to it.",
            hint="Run `liveone upgrade --plan-only` to see what brings it up, then `liveone upgrade`.",
        )
    return shape


def shape_of(found: SchemaFacts) -> SchemaShape | None:
    """The shape that a definition is of; None when it is of no known generation."""
    partial = not any(f"readings.{column}" in found.required for column in MEASUREMENTS)
    for generation in reversed(GENERATIONS):
        if not differences(found, generation):
            return SchemaShape(generation, partial, frozenset(ADDED) & found.facts)
    if not differences(found, 2, on_the_way=True):
        return SchemaShape(2, partial, frozenset(ADDED) & found.facts)
    if not differences(found, FIRST_WEEKS):
        return SchemaShape(FIRST_WEEKS, True, early_intervals=EARLY_INTERVALS in found.tables)
    return None


def definition_of(database: Database) -> SchemaFacts:
    """The definition of a live database, read in one snapshot."""
    return _definition(database.read([Statement(query(part, NEWEST)) for part in _PARTS]))


def differences(found: SchemaFacts, generation: int, *, on_the_way: bool = False) -> list[str]:
    """What keeps ``found`` from being of ``generation``, one sentence each, sorted; empty when it is.

    Tables under other names are named only where one of ours is missing, because it may be among them.
    ``on_the_way``, of generation 2: it may have some of ``KEYED_TABLES`` as generation 3 has them.
    """
    expected, optional = reference(generation), optional_columns(generation)
    if generation == FIRST_WEEKS:
        found, expected = _without_references(found), _without_references(expected)
    expected = _without_tables(expected, tables_added_to(generation, without=found.facts))
    if on_the_way:
        expected = _on_the_way(expected, found)
    absent_tables = expected.tables - found.tables
    extra_tables = found.tables - expected.tables
    unknown = extra_tables if absent_tables else extra_tables & _reserved(generation)
    missing = [
        f"{fact} is missing"
        for fact in expected.facts - found.facts - optional
        if _owner(fact) not in absent_tables
    ]
    extra = [
        f"{fact} is not known"
        for fact in found.facts - expected.facts
        if _owner(fact) not in extra_tables and not _is_free_key(fact, expected)
    ]
    stricter = [f"column {name} must allow NULL" for name in found.required & _nullable(expected, found)]
    return sorted(
        [f"table {name} is missing" for name in absent_tables]
        + [f"table {name} is not known" for name in unknown]
        + missing
        + extra
        + stricter
    )


def optional_columns(generation: int) -> frozenset[str]:
    """The columns, as facts, that a database of a generation is served without."""
    return frozenset(ADDED_TO.get(generation, ())) - TABLES_ADDED.keys()


def tables_added_to(generation: int, *, without: Set[str] = frozenset()) -> frozenset[str]:
    """The tables that a database of a generation is served without: where ``without`` has none of the columns
    that they are known by. Of their names they are somebody else's then."""
    marks = [mark for mark in ADDED_TO.get(generation, ()) if mark not in without]
    return frozenset[str]().union(*(TABLES_ADDED.get(mark, frozenset()) for mark in marks))


def nearest(found: SchemaFacts) -> int:
    """The generation, of all known ones, that differs least from a definition; of several the newest."""
    known = (*reversed(GENERATIONS), FIRST_WEEKS)
    return min(known, key=lambda generation: len(differences(found, generation)))


@cache
def reference(generation: int) -> SchemaFacts:
    """The definition of the schema that this release ships for a generation."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(schema_path(generation).read_text(encoding="utf-8"))
        return _definition([connection.execute(query(part, generation)).fetchall() for part in _PARTS])
    finally:
        connection.close()


def _definition(parts: Sequence[Sequence[Row]]) -> SchemaFacts:
    objects, columns, unique, foreign_keys = (
        [_texts(row) for row in part if not _ignored(row)] for part in parts
    )
    tables = {name for name, kind, *_ in objects if kind == "table"}
    facts = {f"{kind} {name} on {table}" for name, kind, table in objects if kind not in ("table", "view")}
    facts |= {
        f"column {table}.{name} {_kept_type(name, type_)}{'' if key == '0' else ' PRIMARY KEY'}"
        for table, name, type_, _, key in columns
    }
    facts |= {f"unique key {table}({names})" for table, names in unique}
    facts |= {
        f"foreign key {table}.{column} to {target} ON DELETE {action.upper()}"
        for table, column, target, action in foreign_keys
        if not _optional_key(table, target)
    }
    required = {f"{table}.{name}" for table, name, _, not_null, _ in columns if not_null != "0"}
    return SchemaFacts(frozenset(facts), frozenset(required), frozenset(tables))


def _kept_type(name: str, declared: str) -> str:
    return "of any type" if name in STAMPS else affinity(declared)


def _reserved(generation: int) -> frozenset[str]:
    """Names of tables that other generations have: one that is there already is a change half made, and so is
    a database that is still being filled.

    Early five-minute rows are no part of the first weeks' shape; a plan sets them aside.
    """
    others = frozenset[str]().union(*(reference(each).tables for each in GENERATIONS))
    others = (others - ADDED_TABLES) | {MOVE_MARK}
    return others - {EARLY_INTERVALS} if generation == FIRST_WEEKS else others


def _without_tables(definition: SchemaFacts, gone: frozenset[str]) -> SchemaFacts:
    facts = frozenset(fact for fact in definition.facts if _owner(fact) not in gone)
    required = frozenset(name for name in definition.required if name.split(".")[0] not in gone)
    return SchemaFacts(facts, required, definition.tables - gone)


def _on_the_way(expected: SchemaFacts, found: SchemaFacts) -> SchemaFacts:
    """Generation 2 with those tables as in generation 3 that are so in a database."""
    for table in KEYED_TABLES:
        keyed = _facts_of(reference(3), table)
        if keyed <= found.facts and not _facts_of(expected, table) <= found.facts:
            rest = _without_tables(expected, frozenset((table,)))
            expected = SchemaFacts(rest.facts | keyed, expected.required, expected.tables)
    return expected


def _facts_of(definition: SchemaFacts, table: str) -> frozenset[str]:
    return frozenset(fact for fact in definition.facts if _owner(fact) == table)


def _without_references(definition: SchemaFacts) -> SchemaFacts:
    """Of the first weeks no foreign key counts: the tables that have them are made anew."""
    facts = frozenset(fact for fact in definition.facts if not fact.startswith("foreign key "))
    return SchemaFacts(facts, definition.required, definition.tables)


def _is_free_key(fact: str, expected: SchemaFacts) -> bool:
    """Whether a unique key of somebody's own can never refuse what this program writes."""
    key = _unique_key(fact)
    if key is None:
        return False
    table, columns = key
    ours = [one for one in map(_unique_key, expected.facts) if one is not None and one[0] == table]
    return (table, columns) in FREE_KEYS or "id" in columns or any(columns >= each for _, each in ours)


def _unique_key(fact: str) -> tuple[str, frozenset[str]] | None:
    if not fact.startswith("unique key "):
        return None
    table, _, columns = fact.removeprefix("unique key ").removesuffix(")").partition("(")
    return table, frozenset(columns.removesuffix(" partial").split(", "))


def affinity(declared: str) -> str:
    """SQLite's affinity of a declared type, with INTEGER and NUMERIC taken as one."""
    upper = declared.upper()
    if "INT" in upper:
        return "INTEGER"
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in upper or not upper:
        return "BLOB"
    return "REAL" if any(word in upper for word in ("REAL", "FLOA", "DOUB")) else "INTEGER"


def _optional_key(table: str, target: str) -> bool:
    """Aggregates may or may not point at their system; nothing depends on it."""
    return table.startswith("readings_agg_") and target == "systems"


def _nullable(expected: SchemaFacts, found: SchemaFacts) -> set[str]:
    free = expected.required | {f"readings.{name}" for name in MEASUREMENTS}
    key = {fact.split()[1] for fact in found.facts if fact.endswith(" PRIMARY KEY")}
    return {name for name in found.required if name not in free | key and _known(name, expected)}


def _known(column: str, expected: SchemaFacts) -> bool:
    return any(fact.startswith(f"column {column} ") for fact in expected.facts)


def _owner(fact: str) -> str:
    """The table a fact is about: ``unique key systems(a, b)`` -> ``systems``."""
    if " on " in fact:
        return fact.rsplit(" on ", 1)[1]
    place = fact.removeprefix("unique key ").removeprefix("foreign key ").removeprefix("column ")
    return place.split("(")[0].split(".")[0]


def _texts(row: Row) -> tuple[str, ...]:
    """Names as SQLite compares them: whatever the case of their letters."""
    return tuple(str(value).lower() for value in row)


def _ignored(row: Row) -> bool:
    return str(row[0]).lower().startswith(IGNORED_PREFIXES)


def _foreign(label: str, found: SchemaFacts) -> Foreign:
    if not found.tables:
        return Foreign(
            f"database {label} is empty",
            hint="Run `liveone init` to create the tables, or check the path in the configuration.",
        )
    if MOVE_MARK in found.tables:
        return Foreign(
            f"database {label} is the target of a move that is not finished; it was left as it is",
            hint="Run the move again, with the same source and target: liveone db move SOURCE TARGET",
        )
    close = nearest(found)
    listed = "\n".join(f"  - {each}" for each in differences(found, close))
    return Foreign(
        f"database {label} is not a LiveOne database of generation 0 to {NEWEST}; nothing was written to it."
        f"\n  Compared with generation {close}, the nearest:\n{listed}",
        hint="Check the path in the configuration; a database of another shape is never changed.",
    )

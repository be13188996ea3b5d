"""The log of what was done to readings by hand: imports, and what was replaced, forgotten or excluded.

Rule: an entry is written in the transactions that change the readings, so it never says more or less than
what was done; what was taken away is kept beside it, as it was, until it is put back. The tables are made by
the first change, never by reading.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, cast

from liveone.store.database import Row, Statement, StoreError
from liveone.store.script import split
from liveone.store.sql import FOLDER
from liveone.store.store import Query, Store

TABLES = FOLDER.parent / "schema_changes.sql"
WITHOUT_IDS = FOLDER.parent / "schema_changes_without_ids.sql"
LOG, ASIDE, KEYS, POINTS = NAMES = (
    *("_liveone_changes", "_liveone_changes_aside"),
    *("_liveone_changes_keys", "_liveone_changes_points"),
)
MADE_TABLES = frozenset((LOG, KEYS, POINTS))
"""The first of the tables, and those that later releases added."""
IDS = "_liveone_changes_added"
"""In its place release 0.1 had KEYS: it knew readings by ids."""

_DROPPING = {KEYS: "changes_drop_keys", POINTS: "changes_drop_points"}

Kind = Literal["import", "replace", "forget", "exclude"]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry. Times are UTC epoch seconds.

    ``source`` is the file's name, or why it was done; ``fields`` are the columns of ``readings`` concerned
    (empty: all); ``(from_at, to_at]`` is the span that was asked for, None for an import, and ``first_at`` to
    ``last_at`` what was touched. ``added`` readings came, ``set_aside`` were replaced, altered or taken away.
    ``ended_at`` None: it was broken off, or is under way.
    """

    id: int
    system_id: int
    kind: Kind
    source: str
    made_by: str
    began_at: int
    ended_at: int | None
    from_at: int | None
    to_at: int | None
    fields: tuple[str, ...]
    first_at: int | None
    last_at: int | None
    offered: int
    added: int
    set_aside: int
    undone_at: int | None
    undone_by: str | None

    @property
    def is_undone(self) -> bool:
        return self.undone_at is not None


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """What a change says of itself before it is made; see ``Change``."""

    kind: Kind
    source: str
    made_by: str
    from_at: int | None = None
    to_at: int | None = None
    fields: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Readings taken in ``(from_at, to_at]`` stay out, or only these ``fields`` of theirs."""

    from_at: int
    to_at: int
    fields: tuple[str, ...]


def are_kept(store: Store) -> bool:
    """Whether any change was ever made; nothing is written."""
    return bool(_tables(store))


def begin(store: Store, system_id: int, entry: ChangeEntry) -> int:
    """Enter a change that is about to be made; gives its id."""
    make_tables(store)
    asked = (system_id, entry.kind, entry.source, entry.made_by, entry.from_at, entry.to_at)
    (result,) = store.write([Query("changes_begin", (*asked, json.dumps(list(entry.fields))))])
    return int(result.rows[0][0])  # type: ignore[arg-type]


def make_tables(store: Store) -> None:
    """Make the tables where they are missing; those of release 0.1 are brought up."""
    there = _tables(store)
    if not there >= MADE_TABLES:
        _run(store, TABLES)
    if IDS in there:
        _leave_ids(store)


def bring_up(store: Store) -> None:
    """Bring up the tables of release 0.1, if they are there: before `readings` loses its ids."""
    if IDS in _tables(store):
        make_tables(store)


def keys_step(change_id: int, times: Iterable[int]) -> Query:
    """The step of a write that says at which ``times`` the change brings readings in it."""
    ordered = sorted(set(times))
    steps = [after - before for before, after in pairwise((0, *ordered))]
    return Query("changes_keys_add", (change_id, ordered[0], ordered[-1], json.dumps(steps)))


def end(store: Store, change_id: int) -> None:
    """Everything that the change was to do is done."""
    store.write([Query("changes_end", (change_id,))])


def withdraw_empty(store: Store, change_id: int | None) -> None:
    """Take back the entry of a change that failed before it did anything; not while the database is away."""
    if change_id is not None:
        with suppress(StoreError):
            store.write([Query("changes_withdraw", (change_id,))])


def found(store: Store, change_id: int) -> Change | None:
    """The change of that id."""
    return next((each for each in listed(store) if each.id == change_id), None)


def listed(store: Store, system_id: int | None = None) -> list[Change]:
    """All changes, newest first, of one system or of all."""
    return [_change(row) for row in store.read("changes_list", system_id)] if are_kept(store) else []


def exclusions(store: Store, system_id: int) -> list[Exclusion]:
    """What is excluded from a system for as long as it is not undone."""
    return [
        Exclusion(each.from_at, each.to_at, each.fields)
        for each in listed(store, system_id)
        if each.kind == "exclude"
        and not each.is_undone
        and each.from_at is not None
        and each.to_at is not None
    ]


def dropping(store: Store, system_id: int) -> list[Query]:
    """Steps that forget every change of a system that is removed."""
    there = _tables(store)
    if not there:
        return []
    later = [Query(name) for table, name in _DROPPING.items() if table in there]
    return [Query("changes_drop_system", (system_id,)), Query("changes_drop_aside"), *later]


def _leave_ids(store: Store) -> None:
    """In steps that may be repeated: a run of ids at a time, then the tables."""
    while rows := store.read("changes_ids", 1):
        ((run_id, change_id, first_id, last_id),) = cast(list[tuple[int, int, int, int]], rows)
        times = [int(str(at)) for (at,) in store.read("changes_ids_times", first_id, last_id)]
        known = [keys_step(change_id, times)] if times else []
        store.write([*known, Query("changes_ids_done", (run_id,))])
    _run(store, WITHOUT_IDS)


def _run(store: Store, script: Path) -> None:
    store.database.write([Statement(sql) for sql in split(script.read_text(encoding="utf-8"))])


def _tables(store: Store) -> set[str]:
    """Which of MADE_TABLES are there, and whether IDS is."""
    return {str(name) for (name,) in store.read("changes_tables")}


def _change(row: Row) -> Change:
    values = list(row)
    values[9] = tuple(json.loads(str(row[9])))  # type: ignore[call-overload]
    return Change(*values)  # type: ignore[arg-type]

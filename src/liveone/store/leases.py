"""Who polls what, kept in the database: every step is one transaction, judged by the database's own clock.

Rule: these tables are made when a second process may be there, never before and never by reading.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liveone.store.database import Row, SchemaChanged, Statement
from liveone.store.exclusive_poller import exclusive_poller
from liveone.store.script import split
from liveone.store.sql import FOLDER
from liveone.store.store import Query, Store

TABLES = FOLDER.parent / "schema_leases.sql"


@dataclass(frozen=True, slots=True)
class Board:
    """What all pollers can see: their names, how often each showed itself, and the systems each holds.

    ``held`` may name pollers that have no entry in ``beats``: they are gone.
    """

    names: Mapping[str, str]
    beats: Mapping[str, int]
    held: Mapping[str, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a system must not be polled now: not for ``wait_s`` seconds, or not while ``holder`` lives: its
    name, which another may have too; ``holder_id`` says who it is."""

    wait_s: float
    holder: str | None = None
    holder_id: str | None = None


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """Who polls a system, since how many seconds, and how long ago it showed itself: one that polls a file
    alone need not, so that is None."""

    name: str
    since_s: float
    seen_s: float | None = None


@dataclass(frozen=True, slots=True)
class Taking:
    """How systems are taken: from the ``dead`` (with their beats); and whether (``cautious``) somebody may
    have polled what is free too, up to ``polled_ago_s`` seconds ago - ``by`` ourselves or somebody else.
    Those of the dead that were ``heard`` until they fell silent poll a system again after ``again_s``, from
    and to.
    """

    dead: Mapping[str, int]
    cautious: bool = False
    polled_ago_s: float = 0.0
    by: str | None = None
    heard: Collection[str] = ()
    again_s: tuple[float, float] = (0.0, 0.0)


def make_tables(store: Store) -> None:
    """Make the tables where they are missing. Raises ReadOnly with a token or a file that only reads."""
    store.database.write([Statement(sql) for sql in split(TABLES.read_text(encoding="utf-8"))])


def are_kept(store: Store) -> bool:
    """Whether the tables are there; nothing is written."""
    return bool(store.read("lease_tables"))


def anybody(store: Store) -> bool:
    """Whether any poller has entered itself."""
    return are_kept(store) and bool(_or_none(store, "lease_pollers"))


def beat(store: Store, me: str, name: str, unsaid_ago_s: Mapping[int, float] | None = None) -> Board:
    """Show that ``me`` lives, and look at what all pollers show. ``unsaid_ago_s``: what it polled without
    saying so, and how long ago."""
    said = json.dumps(list((unsaid_ago_s or {}).items()))
    saying = [Query("lease_said", (me, said))] if unsaid_ago_s else []
    # A write, the looks included: all of it is one moment of the database, and no replica answers.
    *_, pollers, holdings = store.write(
        [Query("lease_beat", (me, name)), *saying, Query("lease_pollers"), Query("lease_holdings")]
    )
    return Board(
        names={str(row[0]): str(row[1]) for row in pollers.rows},
        beats={str(row[0]): int(row[2]) for row in pollers.rows},  # type: ignore[arg-type]
        held={str(row[0]): frozenset(json.loads(str(row[1]))) for row in holdings.rows if row[0] is not None},
    )


def held_by(store: Store, me: str) -> frozenset[int]:
    """The systems that ``me`` holds, as the database that is written to says this moment."""
    # Never from a replica: one that lags would still show as ours what was taken over.
    return frozenset(_ids(store.read_newest("lease_held_by", me)))


def give(store: Store, me: str, system_ids: Collection[int], unsaid: Collection[int] = ()) -> None:
    """Give systems back; who takes them keeps the distance to our last poll, also of those that we polled
    without saying so (``unsaid``)."""
    store.write([Query("lease_give", (me, _listed(system_ids), _listed(unsaid)))])


def take(store: Store, me: str, system_ids: Collection[int], how: Taking) -> set[int]:
    """Take systems that nobody living holds; returns those that we got."""
    dead = json.dumps([(one, beats, int(one in how.heard)) for one, beats in how.dead.items()])
    asked = (me, _listed(system_ids), dead, int(how.cautious), how.polled_ago_s, how.by, *how.again_s)
    taken, *_ = store.write([Query("lease_take", asked), Query("lease_bury", (dead,)), Query("lease_forget")])
    return _ids(taken.rows)


def claim(
    store: Store, me: tuple[str, str], system_ids: Collection[int], pause_s: float
) -> tuple[set[int], dict[int, Refusal]]:
    """Say (``me`` is id and name) that systems are about to be polled, and that we live.

    Returns those that may be polled now, and why the others may not: absent there is who has no lease.
    """
    listed = _listed(system_ids)
    _, granted, waits = store.write(
        [
            Query("lease_beat", me),
            Query("lease_claim", (me[0], listed, pause_s)),
            Query("lease_waits", (listed, pause_s)),
        ]
    )
    return _ids(granted.rows), _refusals(waits.rows, _ids(granted.rows))


def visit(
    store: Store, visitor: str, system_ids: Collection[int], *, pause_s: float, dead_after_s: float
) -> tuple[set[int], dict[int, Refusal]]:
    """As ``claim``, for who polls now and then and holds no lease."""
    listed = _listed(system_ids)
    granted, waits = store.write(
        [
            Query("lease_visit", (visitor, listed, pause_s, dead_after_s)),
            Query("lease_waits", (listed, pause_s)),
        ]
    )
    return _ids(granted.rows), _refusals(waits.rows, _ids(granted.rows))


def waits(store: Store, system_ids: Collection[int], pause_s: float) -> dict[int, float]:
    """For how many seconds more each system has to be left alone; empty without the tables."""
    if not are_kept(store):
        return {}
    rows = _or_none(store, "lease_waits", _listed(system_ids), pause_s)
    return {key: refusal.wait_s for key, refusal in _refusals(rows, ()).items()}


def leave(store: Store, me: str, system_ids: Collection[int], unsaid: Collection[int] = ()) -> None:
    """Give back everything, as ``give`` does, and be gone."""
    gives = Query("lease_give", (me, _listed(system_ids), _listed(unsaid)))
    store.write([gives, Query("lease_leave_poller", (me,)), Query("lease_leave_jobs", (me,))])


def clear(store: Store) -> None:
    """Nobody else lives: forget all pollers. When systems were polled last is kept."""
    store.write([Query("lease_clear"), Query("lease_clear_pollers")])


def begin_job(store: Store, name: str, me: str, lasts_s: float) -> bool:
    """Whether ``me`` may do a job for the next ``lasts_s`` seconds; repeat it to go on."""
    (result,) = store.write([Query("job_begin", (name, me, lasts_s))])
    return bool(result.rows)


def holders(store: Store, system_ids: Collection[int], now_at: float) -> dict[int, LeaseHolder]:
    """Who polls which system; those that nobody polls are absent. Nothing is written."""
    if (alone := exclusive_poller(store.database)) is not None:
        name, since_at = alone
        return dict.fromkeys(system_ids, LeaseHolder(name, max(0.0, now_at - since_at)))
    rows = _or_none(store, "lease_held") if are_kept(store) else []
    held = {}
    for system_id, who, *times in rows:
        if system_id in system_ids:
            held[int(system_id)] = LeaseHolder(str(who), *map(float, times))  # type: ignore[arg-type]
    return held


def _or_none(store: Store, name: str, *params: str | float) -> list[Row]:
    """The rows of a query; none where the tables went a moment ago."""
    try:
        return store.read(name, *params)
    except SchemaChanged:
        return []


def _listed(system_ids: Collection[int]) -> str:
    return json.dumps(sorted(system_ids))


def _ids(rows: Sequence[Row]) -> set[int]:
    return {int(row[0]) for row in rows}  # type: ignore[arg-type]


def _refusals(rows: Sequence[Row], granted: Collection[int]) -> dict[int, Refusal]:
    return {int(row[0]): _refusal(*row[1:]) for row in rows if row[0] not in granted}  # type: ignore[arg-type]


def _refusal(wait_s: Any, holder_id: Any, name: Any) -> Refusal:
    if holder_id is None:
        return Refusal(max(0.0, float(wait_s)))
    return Refusal(max(0.0, float(wait_s)), str(name or holder_id), str(holder_id))

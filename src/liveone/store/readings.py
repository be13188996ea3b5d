"""Raw readings: recorded once, with everything that follows from them, in one transaction.

Rule: recording is idempotent. The same readings recorded again, by whomever, change nothing but the
count of polls.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from liveone.domain.bounds import YEAR_2200_AT, soon_at
from liveone.domain.intervals import interval_end
from liveone.domain.points import Point
from liveone.domain.reading import COUNTERS, SOON_S, Reading
from liveone.store import points
from liveone.store.database import (
    BulkInsert,
    CannotHold,
    ConstraintFailed,
    Row,
    SchemaChanged,
    Value,
    WriteResult,
)
from liveone.store.late import noting_late
from liveone.store.polling import response_text
from liveone.store.ranges import Range, aggregate_steps, ranges_of
from liveone.store.reopen import Counters, touched_days
from liveone.store.store import Query, Store

READING_COLUMNS = (
    *("inverter_time", "received_time", "solar_w", "solar_inverter_w", "shunt_w", "load_w"),
    *("battery_w", "grid_w", "battery_soc", "fault_code", "fault_timestamp", "generator_status"),
    *(f"{name}_kwh_total" for name in COUNTERS),
)
"""The columns of ``readings`` that hold the fields of Reading, in their order."""

COUNTER_COLUMNS = READING_COLUMNS[-len(COUNTERS) :]
STORED_COLUMNS = ("system_id", "delay_seconds", "created_at", *READING_COLUMNS)
_ROW = attrgetter(*Reading.__slots__)
_NEEDED = slice(READING_COLUMNS.index("solar_w"), READING_COLUMNS.index("solar_kwh_total"))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A reading of a system as a poll brought it: ``raw`` the redacted answer (JSON text), ``memory``
    what the vendor wants to remember, ``polled_at`` when we asked (UTC epoch seconds), ``points`` what the
    same devices told beyond the house's balance."""

    system_id: int
    reading: Reading
    raw: bytes | str | None = None
    memory: Mapping[str, Any] = field(default_factory=dict)
    polled_at: float = 0
    points: Sequence[Point] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a device: ``began_at`` as the device says (0 or None: it does not), then the first and the
    last reading that reported it and how many did; times are UTC epoch seconds."""

    code: int
    began_at: int | None
    first_at: int
    last_at: int
    readings: int


class PartialReading(CannotHold):
    """Some readings have gaps and this generation does not allow gaps; all the others were recorded.

    ``refused`` are their places in what was offered, ``recorded`` is what ``record`` would have returned.
    """

    def __init__(self, label: str, refused: Sequence[int], recorded: Sequence[bool]) -> None:
        super().__init__(
            f"database {label} holds no reading with absent values; {len(refused)} were not recorded",
            hint="Keep them; `liveone upgrade` brings the database to a generation that takes them.",
        )
        self.refused = tuple(refused)
        self.recorded = list(recorded)


def record(store: Store, recorded: Sequence[Recorded]) -> list[bool]:
    """Store readings with their aggregates and polling status, all or nothing; True where one is new.

    Raises PartialReading for those that this generation cannot hold, after recording the others, and
    ConstraintFailed (nothing recorded) when a system does not exist.
    """
    try:
        return _record(store, recorded)
    except ConstraintFailed:
        held_partial = store.holds_partial
        if store.detect_again().holds_partial == held_partial:
            raise
        return _record(store, recorded)


def latest(store: Store, system_id: int, now_at: float) -> Reading | None:
    """The newest reading of a system by the device's own time that is not of the future, None without any.

    One that was of the future when it came counts only where the hour before it has no other.
    """
    rows = store.read("readings_latest", system_id, soon_at(now_at), SOON_S)
    return reading_of(rows[0]) if rows else None


def latest_many(store: Store, now_at: float) -> dict[int, Reading]:
    """As ``latest``, of every system that has one, by system id."""
    rows = store.read("readings_latest_all", soon_at(now_at), SOON_S)
    return {int(row[0]): reading_of(row[1:]) for row in rows}  # type: ignore[arg-type]


def newest_at(store: Store, now_at: float | None = None) -> dict[int, int]:
    """The ``inverter_time`` of each system's ``latest``, by system id; without ``now_at`` the last of all."""
    until = (YEAR_2200_AT, YEAR_2200_AT) if now_at is None else (soon_at(now_at), SOON_S)
    return dict(store.read("readings_newest_at", *until))  # type: ignore[arg-type]


def oldest_and_newest_at(store: Store) -> tuple[int | None, int | None]:
    """The ``inverter_time`` of the oldest and of the newest reading there is, of any system."""
    ((oldest_at, newest_at),) = store.read("readings_oldest_newest")
    return oldest_at, newest_at  # type: ignore[return-value]


def between(store: Store, system_id: int, start_at: int, end_at: int) -> list[Reading]:
    """The readings of a system taken in ``(start_at, end_at]``, oldest first."""
    return [reading_of(row) for row in store.read("readings_between", system_id, start_at, end_at)]


def faults(store: Store, system_id: int, start_at: int, end_at: int, most: int) -> list[Fault]:
    """The newest faults that readings taken in ``(start_at, end_at]`` report, newest first."""
    rows = store.read("faults_between", system_id, start_at, end_at, most)
    return [Fault(*row) for row in rows]  # type: ignore[arg-type]


def count(store: Store, system_id: int) -> int:
    """How many readings a system has."""
    return int(store.read("readings_count", system_id)[0][0])  # type: ignore[arg-type]


def reading_of(row: Row) -> Reading:
    """A row of READING_COLUMNS as a Reading."""
    return Reading(*row)  # type: ignore[arg-type]


def row_of(reading: Reading) -> Row:
    """A Reading as a row of READING_COLUMNS."""
    return _ROW(reading)


def _record(store: Store, recorded: Sequence[Recorded]) -> list[bool]:
    if not recorded:
        return []
    refused = () if store.holds_partial else [i for i, each in enumerate(recorded) if _is_partial(each)]
    kept = [each for i, each in enumerate(recorded) if i not in set(refused)]
    answers = iter(_write(store, kept)) if kept else iter(())
    new = [i not in set(refused) and next(answers) for i in range(len(recorded))]
    if refused:
        raise PartialReading(store.database.label, refused, new)
    return new


def _write(store: Store, kept: Sequence[Recorded]) -> list[bool]:
    keys = [(each.system_id, each.reading.inverter_time) for each in kept]
    asked = json.dumps(keys)
    known = set(store.read("readings_existing", asked))
    ahead = _ahead(store, [each for each, key in zip(kept, keys, strict=True) if key in known])
    fresh = [each for each, key in zip(kept, keys, strict=True) if key not in known or key in ahead]
    steps: list[Query | BulkInsert] = [
        Query("readings_existing", (asked,)),
        *_reading_steps(store, fresh, ahead),
        Query("polling_succeeded", (_polls(kept),)),
    ]
    results = _with_points(store, steps, [each for each in fresh if each.points])
    return _first_time(keys, set(results[0].rows) - ahead)


def _with_points(
    store: Store, steps: Sequence[Query | BulkInsert], fresh: Sequence[Recorded]
) -> list[WriteResult]:
    """Write readings with their points; without them where a plan takes their tables away just now."""
    beside = points.recording(
        store, [(each.system_id, _told_at(each.reading), each.points) for each in fresh]
    )
    try:
        return store.write([*steps, *beside])
    except SchemaChanged:
        if not beside or store.shape.keeps_points:
            raise
        return store.write(steps)


def _told_at(reading: Reading) -> int:
    """When points were told: a device clock that is ahead is not believed."""
    return reading.received_time if reading.is_ahead else reading.inverter_time


def _ahead(store: Store, repeats: Sequence[Recorded]) -> set[Row]:
    """The keys among those of known readings that belong to others: to such as a device clock that was ahead
    had given them. The clock was put right, and the true reading of that moment takes their place."""
    right = [(each.system_id, each.reading.inverter_time) for each in repeats if not each.reading.is_ahead]
    return set(store.read("readings_ahead", json.dumps(right), SOON_S)) if right else set()


def _reading_steps(store: Store, fresh: Sequence[Recorded], ahead: set[Row]) -> list[Query | BulkInsert]:
    if not fresh:
        return []
    ranges = _ranges(fresh)
    bulk = [
        (each.system_id, each.reading.delay_s, int(each.polled_at), *row_of(each.reading)) for each in fresh
    ]
    gone = [Query("readings_ahead_gone", (json.dumps(sorted(ahead)), SOON_S))] if ahead else []
    return [
        *noting_late((each.system_id, each.reading.inverter_time) for each in fresh),
        *gone,
        BulkInsert("readings", STORED_COLUMNS, bulk),
        *aggregate_steps(store, ranges),
        Query("reopen_days", (touched_days(store, ranges, _counters(fresh)),)),
    ]


def _ranges(fresh: Sequence[Recorded]) -> list[Range]:
    ends: defaultdict[int, set[int]] = defaultdict(set)
    for each in fresh:
        ends[each.system_id].add(interval_end(each.reading.inverter_time))
    return [found for system_id in ends for found in ranges_of(system_id, ends[system_id])]


def _counters(fresh: Sequence[Recorded]) -> dict[int, list[Counters]]:
    """The counters of each system's readings."""
    found: defaultdict[int, list[Counters]] = defaultdict(list)
    for each in fresh:
        found[each.system_id].append([getattr(each.reading, name) for name in COUNTER_COLUMNS])
    return found


def _polls(kept: Sequence[Recorded]) -> str:
    """One entry a system: its polls, and the newest one's answer."""
    newest: dict[int, Recorded] = {}
    polls: defaultdict[int, int] = defaultdict(int)
    for each in kept:
        polls[each.system_id] += 1
        if each.system_id not in newest or each.polled_at >= newest[each.system_id].polled_at:
            newest[each.system_id] = each
    return json.dumps(
        [
            (key, int(each.polled_at), polls[key], response_text(each.raw, each.memory))
            for key, each in newest.items()
        ]
    )


def _first_time(keys: Sequence[tuple[int, int]], before: set[tuple[Value, ...]]) -> list[bool]:
    new = []
    for key in keys:
        new.append(key not in before)
        before.add(key)
    return new


def _is_partial(recorded: Recorded) -> bool:
    return None in row_of(recorded.reading)[_NEEDED]

"""The two aggregates in the database: five minutes, recomputed in SQL, and days, closed by the domain.

Rule: both are a pure function of the raw rows and can always be rebuilt.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields

from liveone.domain.aggregates import Day, FiveMinutes
from liveone.domain.energy import EARLIER_S, ROWS_AFTER, ROWS_BEFORE, stands_before
from liveone.domain.quality import CLOSED, flags_of, stored_version
from liveone.domain.system import System
from liveone.domain.zones import Zone, zone_of
from liveone.store.database import Row, Value
from liveone.store.exact import json_rows
from liveone.store.ranges import aggregate_steps, aligned
from liveone.store.store import Query, Store

FIRST_DAY = "0000-01-01"
REBUILD_S = 7 * 86_400
"""How much one transaction of a rebuild covers, so that no other writer waits long."""

_DAY_FIELDS = tuple(field.name for field in fields(Day) if field.name not in ("version", "estimated"))


def five_minutes(store: Store, system_id: int, start_at: int, end_at: int) -> list[FiveMinutes]:
    """The intervals of a system that end in ``(start_at, end_at]`` and have a reading, oldest first."""
    return list(map(FiveMinutes._make, store.read("five_minutes", system_id, start_at, end_at)))


def five_minutes_around(store: Store, system_id: int, start_at: int, end_at: int) -> list[FiveMinutes]:
    """Like ``five_minutes``, with as many rows before and after as the energies within depend on."""
    (rows,) = store.snapshot([around_query(system_id, start_at, end_at)])
    return with_earlier(store, system_id, start_at, list(map(FiveMinutes._make, rows)))


def with_earlier(store: Store, system_id: int, start_at: int, rows: list[FiveMinutes]) -> list[FiveMinutes]:
    """The rows of ``around_query``, after those of the month before where a counter stood in them unseen."""
    if not stands_before(rows, start_at):
        return rows
    first_end = rows[0].interval_end
    return five_minutes(store, system_id, first_end - EARLIER_S, first_end - 1) + rows


def around_query(system_id: int, start_at: int, end_at: int) -> Query:
    """What ``five_minutes_around`` asks first, to be asked with other things (see ``with_earlier``)."""
    return Query("five_minutes_around", (system_id, start_at, end_at, ROWS_BEFORE, ROWS_AFTER))


def extent(store: Store, system_id: int) -> tuple[int, int] | None:
    """The span ``(start_at, end_at]`` in which a system has raw or 5-minute rows; None without any."""
    ((first_at, last_at),) = store.read("readings_extent", system_id)
    return None if first_at is None or last_at is None else (int(first_at) - 1, int(last_at))


def rebuild_5m(store: Store, system_id: int, start_at: int, end_at: int) -> int:
    """Recompute the intervals that hold the instants in ``(start_at, end_at]`` from raw rows.

    Returns how many intervals were written. Intervals without raw rows go. Works in transactions of a
    week each; each leaves the table right, so it may be interrupted and repeated.
    """
    _, first_at, last_at = aligned(system_id, start_at, end_at)
    written = 0
    for from_at in range(first_at, last_at, REBUILD_S):
        ranges = [(system_id, from_at, min(from_at + REBUILD_S, last_at))]
        clear = Query("aggregate_5m_clear", (json.dumps(ranges),))
        count = Query("aggregate_5m_count", ranges[0])
        *_, counted = store.write([clear, *aggregate_steps(store, ranges), count])
        written += int(counted.rows[0][0] or 0)
    return written


def fill_5m(store: Store, system_id: int) -> int:
    """Make the 5-minute rows that are missing though there are readings; returns how many were written."""
    ((first_at, last_at),) = store.read("readings_unaggregated", system_id)
    if first_at is None or last_at is None:
        return 0
    return rebuild_5m(store, system_id, int(first_at) - 1, int(last_at))


def days(store: Store, system_id: int, first_day: str, last_day: str) -> list[Day]:
    """The stored days of a system from ``first_day`` to ``last_day``, both included, oldest first."""
    return list(map(day_of_row, store.read("days", system_id, first_day, last_day)))


def day_of_row(row: Row) -> Day:
    """A row of the query ``days``."""
    *columns, version = row
    return Day(*columns, min(version, CLOSED), flags_of(version))  # type: ignore[call-arg,arg-type,type-var]


def save_days(store: Store, system_id: int, closed: Sequence[Day]) -> None:
    """Write days, replacing those that are there. What a generation has no column for is left out."""
    if closed:
        rows = [[*(getattr(day, name) for name in _DAY_FIELDS), stored_version(day)] for day in closed]
        store.write([Query("save_days", (system_id, json_rows(rows)))])


def open_days(store: Store, system: System, *, now_at: float, since_day: str = FIRST_DAY) -> list[str]:
    """The complete local days of a system that have 5-minute rows and are not closed, oldest first.

    Days that were never closed are looked for from ``since_day`` on, days that late data opened again
    everywhere. A day is complete when its last interval has passed.
    """
    zone = zone_of(system)
    (extent,), closed, reopened = store.snapshot(
        [
            Query("five_minutes_extent", (system.id,)),
            Query("days_closed", (system.id, since_day)),
            Query("days_reopened", (system.id,)),
        ]
    )
    if extent[0] is None or extent[1] is None:
        return []
    done = {day for (day,) in closed}
    candidates = set(_days_between(zone, int(extent[0]), min(int(extent[1]), int(now_at)), since_day))
    candidates |= {str(day) for (day,) in reopened}
    asked = [(day, *zone.bounds(day)) for day in candidates if day not in done]
    return with_rows(store, system, [day for day, _, end_at in asked if end_at <= now_at])


def with_rows(store: Store, system: System, days: Iterable[str]) -> list[str]:
    """Which of the local days of a system have 5-minute rows, oldest first."""
    zone = zone_of(system)
    asked = [(day, *zone.bounds(day)) for day in days]
    if not asked:
        return []
    return sorted(str(day) for (day,) in store.read("days_with_rows", system.id, json.dumps(asked)))


def clear_days(store: Store, system_id: int, first_day: str, last_day: str) -> int:
    """Mark stored days as open, so that they are computed anew; returns how many were closed."""
    asked: tuple[Value, ...] = (json.dumps([(system_id, first_day, last_day)]),)
    return store.write([Query("reopen_days", asked)])[0].changes


def _days_between(zone: Zone, first_at: int, last_at: int, since_day: str) -> list[str]:
    day, last_day = max(zone.day_of(first_at), since_day), zone.day_of(last_at)
    found = []
    while day <= last_day:
        found.append(day)
        day = zone.next_day(day)
    return found

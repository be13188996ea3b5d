"""Which stored days another zone makes wrong, and the statements that open them.

Rule: a day whose bounds are the same in both zones stays closed. A day that no interval made is not touched:
where an old database kept days but not their readings, they are all that is known.
"""

import json
from collections.abc import Mapping

from liveone.domain.aggregates import Day
from liveone.domain.zones import Zone
from liveone.store import aggregates
from liveone.store.store import Query, Store

Bounds = tuple[int, int]


def reopening(store: Store, system_id: int, old: Zone, new: Zone) -> list[Query]:
    """Steps for the transaction in which the days of a system begin to be counted in another zone.

    Days whose bounds differ are re-opened; those that have no readings in their new bounds are forgotten, and
    the day after them is re-opened, because a gap's energy is closed with the day that ends it.
    """
    stored = {day.day: day for day in aggregates.days(store, system_id, aggregates.FIRST_DAY, "9999-12-31")}
    moved = [day for day in stored if old.bounds(day) != new.bounds(day)]
    if not moved:
        return []
    had = _with_rows(store, system_id, {day: old.bounds(day) for day in moved})
    has = _with_rows(store, system_id, {day: new.bounds(day) for day in moved})
    emptied = [day for day in moved if day not in has and (day in had or not stored[day].interval_count)]
    opened = sorted(has.union(_ends_of_gaps(stored, emptied)))
    ranges = json.dumps([(system_id, day, day) for day in opened])
    return [Query("days_forget", (system_id, json.dumps(emptied))), Query("reopen_days", (ranges,))]


def _with_rows(store: Store, system_id: int, bounds: Mapping[str, Bounds]) -> set[str]:
    asked = json.dumps([(day, *span) for day, span in bounds.items()])
    return {str(day) for (day,) in store.read("days_with_rows", system_id, asked)}


def _ends_of_gaps(stored: Mapping[str, Day], emptied: list[str]) -> set[str]:
    """The first day with readings after each of the emptied ones."""
    waiting, ends = False, set()
    forgotten = set(emptied)
    for day in sorted(stored):
        if day in forgotten:
            waiting = True
        elif waiting and stored[day].interval_count:
            ends.add(day)
            waiting = False
    return ends

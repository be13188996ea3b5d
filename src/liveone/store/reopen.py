"""Which closed days new readings may change, so that they are closed again.

Rule: a day is re-opened only if its values may change. The newest readings change the days before them by
ending what had not ended: a standstill or a hole of a counter. Late ones may change whatever has them
among the rows around it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from liveone.domain.counters import ROUNDING_KWH, UNSEEN_S_MAX
from liveone.domain.energy import ROWS_AFTER, ROWS_BEFORE
from liveone.domain.intervals import INTERVAL_S
from liveone.domain.zones import zone_of
from liveone.store.ranges import Range, joined
from liveone.store.store import Store
from liveone.store.systems import some_systems

NEAR_S = 60 * 86_400
"""Ranges closer than this are asked together. A day between them is closed once more for nothing, which costs
less than looking around each: an interval an hour would look 8,000 times through a year of others."""

WITNESSES = 3
"""So many rows before the newest may be judged anew by it."""

Counters = Sequence[float | None]
"""Six values in the order of ``reading.COUNTERS``, kWh."""


def touched_days(store: Store, ranges: Sequence[Range], new: Mapping[int, Sequence[Counters] | None]) -> str:
    """JSON ``[[system_id, first_day, last_day], ...]`` for the query ``reopen_days``.

    ``new`` has the counters of each system's new readings, or None where they are not known.
    """
    asked = joined(ranges, NEAR_S)
    zones = {system.id: zone_of(system) for system in some_systems(store, new)}
    return json.dumps(
        [
            (system_id, zones[system_id].day_of(first_at), zones[system_id].day_of(last_at))
            for system_id, first_at, last_at in _reach(store, asked, new)
            if system_id in zones
        ]
    )


def _reach(
    store: Store, asked: Sequence[Range], new: Mapping[int, Sequence[Counters] | None]
) -> Iterable[Range]:
    """System, first and last interval end of what each range may change."""
    unsure = [each for each in asked if new[each[0]] is None]
    near = [each for each in asked if new[each[0]] is not None]
    for around in _around(store, near, WITNESSES + 1):
        begins = around.begins(new[around.system_id], WITNESSES + 1)
        if begins is None:
            unsure.append((around.system_id, around.from_at, around.to_at))
        else:
            yield around.system_id, begins, around.last_at
    for around in _around(store, unsure, ROWS_AFTER):
        begins = around.begins(new[around.system_id], len(around.rows) + 1)
        yield around.system_id, begins or around.from_at, around.last_at


@dataclass(frozen=True, slots=True)
class _Around:
    """What lies around a range: of late readings how far they reach, else the rows before, newest first."""

    system_id: int
    from_at: int
    to_at: int
    is_late: bool
    first_at: int
    last_at: int
    rows: Sequence[Sequence[float]]

    def begins(self, new: Sequence[Counters] | None, wanted: int) -> int | None:
        """The interval from which on something may change; None: before all of the ``wanted`` rows."""
        if self.is_late:
            return self.first_at
        found = _begins(self.rows, new, wanted) if self.rows else self.to_at
        return None if found is None else min(found, self.from_at + INTERVAL_S)


def _around(store: Store, asked: Sequence[Range], rows: int) -> list[_Around]:
    found: list[Sequence[Any]] = (
        list(store.read("readings_reach", json.dumps(asked), ROWS_AFTER, ROWS_BEFORE, rows)) if asked else []
    )
    return [
        _Around(
            system_id,
            from_at,
            to_at,
            bool(late),
            first_at or from_at,
            last_at or to_at,
            orjson.loads(near) if near else (),
        )
        for system_id, from_at, to_at, late, first_at, last_at, near in found
    ]


def _begins(rows: Sequence[Sequence[float]], new: Sequence[Counters] | None, wanted: int) -> int | None:
    """The interval from which on the newest readings may change something; None: before all ``rows``.

    ``rows`` are those before, newest first: interval end, six counters; fewer than ``wanted`` are all.
    """
    oldest = int(rows[min(WITNESSES, len(rows)) - 1][0])
    for place in range(1, len(rows[0])):
        stood = _stood([row[place] for row in rows])
        if new is not None and not _moves(rows[0][place], [counters[place - 1] for counters in new]):
            continue
        if stood == len(rows) and len(rows) >= wanted:
            return None
        oldest = min(oldest, int(rows[stood - 1][0]))
        if stood == len(rows) and not rows[0][place]:
            # Absent, or 0, since before these rows: what it was then decides what it was meanwhile.
            oldest = min(oldest, int(rows[0][0]) - UNSEEN_S_MAX)
    return oldest


def _stood(values: Sequence[float | None]) -> int:
    """How many of the newest values are one and the same, absent, or 0."""
    value = next((value for value in values if value), None)
    for place, each in enumerate(values):
        if each and value and abs(each - value) > ROUNDING_KWH:
            return place
    return len(values)


def _moves(newest: float | None, new: Counters) -> bool:
    """Whether new values of a counter differ from its newest one, or end its absence."""
    known = [value for value in new if value is not None]
    return any(newest is None or abs(value - newest) > ROUNDING_KWH for value in known)

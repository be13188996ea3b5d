"""Points in a history: reads which are asked for, and gives one value an interval for each.

``point:12`` and ``point:car_w`` are a point's values, by its id or key (``point:garage.car_w`` if several
sources have that key): means of powers and levels, the last value of counters. ``point_kwh:car_w`` is its net
energy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liveone.domain.counters import rated_kw
from liveone.domain.days import energies_by_day
from liveone.domain.energy import ROWS_AFTER, ROWS_BEFORE
from liveone.domain.intervals import INTERVAL_S
from liveone.domain.points import (
    KnownPoint,
    PointDay,
    PointInterval,
    as_grid,
    close_days,
    net_kwh,
    partner_of,
)
from liveone.domain.reading import COUNTERS
from liveone.store import point_days, points
from liveone.store.store import Store
from liveone.web.answers import ApiError, bad_parameter
from liveone.web.history.fields import ENERGY_PREFIX, POINT_PREFIX, Field
from liveone.web.history.ranges import Window
from liveone.web.history.series import HistorySource, SeriesValues, placed, summed, whole
from liveone.web.numbers import Number

MOST_FIELDS = 24
OPEN_DAYS = 40
"""How many open days are computed for an answer, the newest ones."""

COME_IN, GONE_OUT = COUNTERS.index("grid_in"), COUNTERS.index("grid_out")


@dataclass(frozen=True, slots=True)
class PointField(Field):
    """One series of a point. ``partner`` is the counter of its power, or the power of its counter."""

    point: KnownPoint | None = None
    partner: KnownPoint | None = None

    @property
    def known(self) -> KnownPoint:
        assert self.point is not None
        return self.point

    @property
    def units(self) -> str:
        return "kWh" if self.kind == "energy" else self.known.unit


def point_fields(store: Store, system_id: int, names: Sequence[str]) -> list[PointField]:
    """The series of the points among ``names``, in their order. Raises ApiError 400."""
    asked = [name for name in names if name.startswith((POINT_PREFIX, ENERGY_PREFIX))]
    if not asked:
        return []
    if len(asked) > MOST_FIELDS:
        raise bad_parameter("fields", f"fields: at most {MOST_FIELDS} points at once, not {len(asked)}")
    known = points.list_points(store, system_id)
    found = {field.name: field for field in (_field(name, known) for name in asked)}
    return list(found.values())


def point_values(
    source: HistorySource, window: Window, fields: Sequence[PointField]
) -> dict[str, SeriesValues]:
    """Field name -> its values."""
    told = _daily if window.in_days else _minutes
    return {field.name: told(source, window, field) for field in fields}


def _field(name: str, known: Sequence[KnownPoint]) -> PointField:
    prefix, _, text = name.partition(":")
    point = _chosen(name, text, known)
    is_energy = f"{prefix}:" == ENERGY_PREFIX
    if is_energy and not point.has_energy:
        raise bad_parameter(
            "fields", f"fields: {name[:90]!r} has no energy: it is in {point.unit or 'no unit'}"
        )
    kind = "energy" if is_energy else point.kind
    ending = "energy" if is_energy else "power" if point.kind == "power" else "value"
    title = f"point_{point.id}_{'kwh' if is_energy else _safe(point.key)}"
    exact = kind in ("energy", "counter")
    series = f"point.{point.id}.{ending}"
    return PointField(name, kind, series, title, point.name, exact, point, partner_of(point, known))


def _chosen(name: str, text: str, known: Sequence[KnownPoint]) -> KnownPoint:
    by_id = [point for point in known if str(point.id) == text]
    found = by_id or [point for point in known if text in (point.key, f"{point.source}.{point.key}")]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _unknown(f"fields: this system has no point {name[:90]!r}")
    several = ", ".join(f"{POINT_PREFIX}{point.id}" for point in found[:5])
    raise _unknown(f"fields: {name[:90]!r} is several points: {several}")


def _unknown(message: str) -> ApiError:
    return ApiError(400, message, parameter="fields", hint="GET /api/systems/{system_id}/points lists them.")


def _safe(key: str) -> str:
    """A key as the name of a column, without anything that a spreadsheet would run as a formula."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in key)[:40]


def _minutes(source: HistorySource, window: Window, field: PointField) -> SeriesValues:
    if field.kind == "energy":
        return _interval_energy(source, window, field)
    span = (source.store, field.known.id, window.start_at, window.end_at)
    place = 4 if field.kind == "counter" else 1
    rows: Sequence[Sequence[Any]] = (
        points.intervals(*span)
        if window.step_s == INTERVAL_S
        else points.buckets(*span, window.step_s, -window.end_at % window.step_s)
    )
    (column,) = placed([(row[0], row[place]) for row in rows], window, 1)
    return SeriesValues(whole(column) if field.kind == "power" else column)


def _interval_energy(source: HistorySource, window: Window, field: PointField) -> SeriesValues:
    zone, span = source.zone, (window.start_at, window.end_at)
    start_at, _ = zone.bounds(zone.day_of(window.start_at + 1))
    _, end_at = zone.bounds(zone.day_of(window.end_at))
    rows = as_grid(*_power_and_counter(source, field, (start_at, end_at)))
    size = (window.end_at - window.start_at) // window.step_s
    slots: list[list[tuple[float | None, bool]]] = [[] for _ in range(size)]
    for part in energies_by_day(rows, span, zone=zone, rated_kw=rated_kw(source.system)):
        kwh = net_kwh(part.kwh[COME_IN], part.kwh[GONE_OUT])
        place = (part.interval_end - window.start_at - 1) // window.step_s
        slots[place].append((kwh, part.estimated[COME_IN] or part.estimated[GONE_OUT]))
    return summed(slots)


def _power_and_counter(
    source: HistorySource, field: PointField, span: tuple[int, int]
) -> tuple[list[PointInterval], list[PointInterval]]:
    own, theirs = (_around(source, each, span) for each in (field.known, field.partner))
    return (own, theirs) if field.known.kind == "power" else (theirs, own)


def _around(source: HistorySource, point: KnownPoint | None, span: tuple[int, int]) -> list[PointInterval]:
    if point is None:
        return []
    return points.intervals(source.store, point.id, *span, before=ROWS_BEFORE, after=ROWS_AFTER)


def _daily(source: HistorySource, window: Window, field: PointField) -> SeriesValues:
    days = _days(source, window, field)
    every = window.days()
    groups = [
        [days[day] for day in every[first : first + window.days_each] if day in days]
        for first in range(0, len(every), window.days_each)
    ]
    if field.kind == "energy":
        return summed([[(day.kwh, day.is_estimated) for day in group] for group in groups])
    if field.kind == "counter":
        return SeriesValues([_last(group) for group in groups])
    column = [_mean(group) for group in groups]
    return SeriesValues(whole(column) if field.kind == "power" else column)


def _days(source: HistorySource, window: Window, field: PointField) -> Mapping[str, PointDay]:
    """Date -> the day of a point in the window: all closed days, and the newest open ones."""
    span = (source.store, field.known.id, window.first_day, window.last_day)
    found = {day.day: day for day in point_days.days(*span)}
    waiting = point_days.waiting_days(*span)[-OPEN_DAYS:]
    if waiting:
        bounds = source.zone.bounds(waiting[0])[0], source.zone.bounds(waiting[-1])[1]
        own, theirs = (_around(source, each, bounds) for each in (field.known, field.partner))
        rated = rated_kw(source.system)
        worked_out = close_days(field.known, own, theirs, waiting, zone=source.zone, rated_kw=rated)
        found |= {day.day: day for day in worked_out}
    return found


def _last(group: Sequence[PointDay]) -> Number | None:
    return next((day.value_last for day in reversed(group) if day.value_last is not None), None)


def _mean(group: Sequence[PointDay]) -> Number | None:
    """The mean of the days' means, weighted by their intervals."""
    known = [(day.value_avg, day.interval_count) for day in group if day.value_avg is not None]
    total = sum(count for _, count in known)
    return sum(value * count for value, count in known) / total if total else None

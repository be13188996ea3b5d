"""History in OpenNEM's form: one value for each interval of a window, null for a gap."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import orjson

from liveone.domain.counters import rated_kw
from liveone.domain.days import energies_by_day
from liveone.domain.energy import IntervalEnergy
from liveone.domain.intervals import INTERVAL_S
from liveone.domain.reading import COUNTERS
from liveone.domain.system import System
from liveone.domain.zones import Zone
from liveone.store import aggregates
from liveone.store import history as stored
from liveone.web.answers import Tagged
from liveone.web.history import fields as fields_module
from liveone.web.history.days import daily
from liveone.web.history.fields import Field
from liveone.web.history.points import PointField, point_values
from liveone.web.history.ranges import Window
from liveone.web.history.rules import Rules
from liveone.web.history.series import Column, HistorySource, SeriesValues, aligned, placed, summed, whole
from liveone.web.numbers import MWH, exact, rounded_all, rounded_json, to_decimals


@dataclass(frozen=True, slots=True)
class HistoryColumns:
    """A history before it is written: each field with its values in order, not rounded."""

    source: HistorySource
    window: Window
    series: Sequence[tuple[Field, SeriesValues]]


def history(source: HistorySource, window: Window, fields: Sequence[Field]) -> HistoryColumns:
    """The history of one system; its series are in the order of ``fields``."""
    told = [field for field in fields if isinstance(field, PointField)]
    house = [field for field in fields if not isinstance(field, PointField)] if told else fields
    values = (daily if window.in_days else _minutes)(source, window, house) if house else {}
    values |= point_values(source, window, told)
    return HistoryColumns(source, window, [(field, values[field.name]) for field in fields])


def numbers(field: Field, column: Column) -> Column:
    """The values of a series, rounded as they are answered; powers are whole watts already."""
    if field.kind == "power":
        return column
    if field.kind == "counter":
        return [exact(value) for value in column]
    if field.exact:
        return [to_decimals(value, MWH) for value in column]
    return rounded_all(column)


def opennem(answered: HistoryColumns, rules: Rules) -> Tagged:
    """The answer in OpenNEM's form."""
    source, window = answered.source, answered.window
    stretch = _stretch(window, source.zone)
    series = [_series(source.system, field, stretch, values) for field, values in answered.series]
    if rules.nothing_is_no_series and not any(_has_value(values) for _, values in answered.series):
        series = []
    data, asked = orjson.dumps(series), _asked(window, source.zone)
    body = orjson.dumps(
        {
            "type": "energy",
            "version": "v4.1",
            "network": "liveone",
            "created_at": source.zone.iso(int(source.now_at)),
            **asked,
            "data": orjson.Fragment(data),
        }
    )
    return Tagged(body, tag(data, asked))


def tag(data: bytes, asked: dict[str, str]) -> str:
    """The ETag of an answer: of all but the time at which it was made."""
    return f'W/"{blake2b(data + orjson.dumps(asked), digest_size=12).hexdigest()}"'


def _has_value(values: SeriesValues) -> bool:
    return any(value is not None for value in values.data)


def _series(system: System, field: Field, stretch: dict[str, str], values: SeriesValues) -> dict[str, object]:
    estimated = {} if values.estimated is None else {"estimated": values.estimated}
    is_short = not field.exact and field.kind != "power"
    text = rounded_json(values.data) if is_short else orjson.dumps(numbers(field, values.data))
    return {
        "id": field.series_id(system),
        "type": field.kind,
        "units": field.units,
        "history": stretch | {"data": orjson.Fragment(text)} | estimated,
        "network": "liveone",
        "source": fields_module.source_of(system),
        "description": field.description,
    }


def _asked(window: Window, zone: Zone) -> dict[str, str]:
    """The requested range: days by their dates, both included."""
    if window.in_days:
        return {"requestStart": window.first_day, "requestEnd": window.last_day}
    return {"requestStart": zone.iso(window.start_at), "requestEnd": zone.iso(window.end_at)}


def _stretch(window: Window, zone: Zone) -> dict[str, str]:
    """The range of the values: minutes are named by their interval's end, days by their date."""
    if window.in_days:
        return {"start": window.first_day, "last": window.last_start_day, "interval": window.interval}
    first_at = window.start_at + window.step_s
    return {"start": zone.iso(first_at), "last": zone.iso(window.end_at), "interval": window.interval}


def _minutes(source: HistorySource, window: Window, fields: Sequence[Field]) -> dict[str, SeriesValues]:
    plain = [field for field in fields if field.kind != "energy"]
    found = {
        field.name: SeriesValues(whole(column) if field.kind == "power" else column)
        for field, column in zip(plain, _columns(source, window, plain), strict=True)
    }
    if len(plain) < len(fields):
        found |= _interval_energy(source, window)
    return found


def _columns(source: HistorySource, window: Window, fields: Sequence[Field]) -> Sequence[Column]:
    """One value for each interval of the window, for each field."""
    columns = [field.column for field in fields]
    span = (source.store, source.system.id, window.start_at, window.end_at)
    if not columns:
        return []
    if window.step_s == INTERVAL_S:
        ends, *found = stored.history_columns(*span, columns)
        return aligned(ends, found, window)
    rows = stored.buckets(*span, window.step_s, columns, -window.end_at % window.step_s)
    return placed(rows, window, len(columns))


def _interval_energy(source: HistorySource, window: Window) -> dict[str, SeriesValues]:
    """All six energies of the window's intervals, each as its day has it."""
    zone, span = source.zone, (window.start_at, window.end_at)
    start_at, _ = zone.bounds(zone.day_of(window.start_at + 1))
    _, end_at = zone.bounds(zone.day_of(window.end_at))
    rows = aggregates.five_minutes_around(source.store, source.system.id, start_at, end_at)
    parts = energies_by_day(rows, span, zone=zone, rated_kw=rated_kw(source.system))
    size = (window.end_at - window.start_at) // window.step_s
    slots: list[list[IntervalEnergy]] = [[] for _ in range(size)]
    for part in parts:
        slots[(part.interval_end - window.start_at - 1) // window.step_s].append(part)
    return {f"{name}_kwh": _summed(slots, position) for position, name in enumerate(COUNTERS)}


def _summed(slots: Sequence[Sequence[IntervalEnergy]], position: int) -> SeriesValues:
    return summed([[(part.kwh[position], part.estimated[position]) for part in slot] for slot in slots])

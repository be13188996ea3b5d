"""History by local days, one or several to an interval.

At ``1d`` every energy comes with the indexes of days that are partly estimated. If several days make an
interval, powers are means of the days, and a missing day makes the energy an estimate. Values are processed
as columns: a year of nine series takes less time than objects for its days would.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import starmap
from typing import Any

from liveone.domain.aggregates import ENERGIES
from liveone.domain.reading import COUNTERS
from liveone.web.history.fields import Field
from liveone.web.history.ranges import Window
from liveone.web.history.series import Column, HistorySource, SeriesValues, summed, whole
from liveone.web.now.daily import COUNT, Days, days_of
from liveone.web.numbers import Number

ENERGY_OF = dict(zip(COUNTERS, ENERGIES, strict=True))
"""Counter -> the name of its energy in a day."""

NET = {
    "net_solar": ("solar", None),
    "net_load": ("load", None),
    "net_battery": ("battery_out", "battery_in"),
    "net_grid": ("grid_in", "grid_out"),
}
"""Power -> the counter of its positive sign, and that of its negative sign."""

LEVELS = {"soc": "end", "soc_avg": "avg", "soc_min": "min", "soc_max": "max"}
"""Field of the state of charge -> its statistic."""

Group = Sequence[tuple[Any, int]]
"""The known values of an interval's days, each with the number of intervals in that day."""


def daily(source: HistorySource, window: Window, fields: Sequence[Field]) -> dict[str, SeriesValues]:
    """Field name -> its values."""
    columns = [column for field in fields for column in _columns(field)]
    flags = any(field.kind == "energy" for field in fields)
    days = days_of(source, window.first_day, window.last_day, columns, flags=flags)
    return {field.name: _values(field, days, window.days_each) for field in fields}


def _columns(field: Field) -> list[str]:
    """The columns of days from which a field is computed."""
    if field.kind == "power":
        return [f"{field.name}_w_avg"]
    if field.kind == "energy":
        return [f"{name}_kwh" for name in _energies(field)]
    if field.kind == "counter":
        return [f"{ENERGY_OF[field.name.removesuffix('_kwh_total')]}_alltime_kwh"]
    return [f"battery_soc_pct_{LEVELS[field.name]}"]


def _energies(field: Field) -> list[str]:
    """The energies of a day that make a field; the second is subtracted."""
    counters = NET.get(field.name, (field.name.removesuffix("_kwh"), None))
    return [ENERGY_OF[name] for name in counters if name]


def _values(field: Field, days: Days, days_each: int) -> SeriesValues:
    if field.kind == "energy":
        return _energy(field, days, days_each)
    (name,) = _columns(field)
    column: Column = days.columns[name]
    if days_each > 1:
        combine = COMBINED[name.rpartition("_")[2]]
        column = [combine(group) for group in _groups(column, days, days_each)]
    return SeriesValues(whole(column) if field.kind == "power" else column)


def _energy(field: Field, days: Days, days_each: int) -> SeriesValues:
    plus, *minus = _energies(field)
    kwh, flags = days.columns[f"{plus}_kwh"], days.flags[plus]
    for name in minus:
        kwh = list(starmap(_difference, zip(kwh, days.columns[f"{name}_kwh"], strict=True)))
        flags = [a or b for a, b in zip(flags, days.flags[name], strict=True)]
    if days_each == 1:
        return SeriesValues(
            kwh, [index for index, flag in enumerate(flags) if flag and kwh[index] is not None]
        )
    parts = list(zip(kwh, flags, strict=True))
    groups = [parts[first : first + days_each] for first in range(0, len(parts), days_each)]
    return _missing_is_estimated(summed(groups), days.columns[COUNT], days_each)


def _difference(kwh: Number | None, less_kwh: Number | None) -> Number | None:
    return None if kwh is None or less_kwh is None else kwh - less_kwh


def _missing_is_estimated(values: SeriesValues, counts: Sequence[int | None], days_each: int) -> SeriesValues:
    """Mark sums that lack a day as estimated; a sum that lacks all days is null anyway."""
    incomplete = {
        index
        for index, kwh in enumerate(values.data)
        if kwh is not None and None in counts[index * days_each : (index + 1) * days_each]
    }
    return SeriesValues(values.data, sorted(incomplete.union(values.estimated or ())))


def _groups(column: Column, days: Days, days_each: int) -> list[Group]:
    pairs = list(zip(column, days.columns[COUNT], strict=True))
    return [
        [(value, count) for value, count in pairs[first : first + days_each] if value is not None]
        for first in range(0, len(pairs), days_each)
    ]


def _mean(group: Group) -> Number | None:
    """The mean of the days' means, weighted by their intervals."""
    total = sum(count for _, count in group)
    return sum(value * count for value, count in group) / total if total else None


COMBINED: Mapping[str, Callable[[Group], Number | None]] = {
    "avg": _mean,
    "min": lambda group: min((value for value, _ in group), default=None),
    "max": lambda group: max((value for value, _ in group), default=None),
    "end": lambda group: group[-1][0] if group else None,
    "kwh": lambda group: group[-1][0] if group else None,
}
"""The last word of a column (that of a counter ends in kwh) -> how the days of an interval are combined."""

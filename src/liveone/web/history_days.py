"""History by local days, one or several to an interval.

At ``1d`` every energy comes with the indexes of days that are estimated in part. Where several days make
an interval, powers are means of their days and a missing day makes the interval's energy an estimate.
"""

from collections.abc import Mapping, Sequence

from liveone.domain.aggregates import ENERGIES, Day
from liveone.domain.reading import COUNTERS
from liveone.domain.zones import Zone
from liveone.store import history as stored
from liveone.web.daily import days_of, earlier, estimates
from liveone.web.fields import Field
from liveone.web.numbers import Number
from liveone.web.ranges import Window
from liveone.web.series import Source, Values, placed, summed, whole

Group = Sequence[Day | None]
"""The days of one interval; None is a day of which nothing is known."""

Flags = Mapping[str, Sequence[bool]]
"""By day: for each of its six energies, whether it is estimated in part."""

NET = {
    "solar": ("solar", None),
    "load": ("load", None),
    "battery": ("battery_out", "battery_in"),
    "grid": ("grid_in", "grid_out"),
}
"""Which counter counts the energy of a power's positive sign, and which that of its negative one."""


def daily(source: Source, window: Window, fields: Sequence[Field]) -> dict[str, Values]:
    """The values of each field, by its name."""
    energies = [field for field in fields if field.kind == "energy"]
    others = [field for field in fields if field.kind != "energy"]
    if others and source.system.time_zone is None:
        return _from_buckets(source, window, others) | _from_days(source, window, energies)
    return _from_days(source, window, fields)


def _from_buckets(source: Source, window: Window, fields: Sequence[Field]) -> dict[str, Values]:
    """Powers and states of charge, summed up by the database; it knows days of a fixed offset only."""
    columns = [field.column for field in fields]
    rows = stored.buckets(
        source.store,
        source.system.id,
        window.start_at,
        window.end_at,
        window.step_s,
        columns,
        source.zone.offset_s(window.end_at),
    )
    return {
        field.name: Values(whole(column) if field.kind == "power" else column)
        for field, column in zip(fields, placed(rows, window, len(columns)), strict=True)
    }


def _from_days(source: Source, window: Window, fields: Sequence[Field]) -> dict[str, Values]:
    if not fields:
        return {}
    days = window.days()
    known = days_of(source, window.first_day, window.last_day)
    groups = [
        [known.get(day) for day in days[first : first + window.days_each]]
        for first in range(0, len(days), window.days_each)
    ]
    flags = _flags(known, source.zone) if any(field.kind == "energy" for field in fields) else {}
    return {field.name: _values(field, groups, flags) for field in fields}


def _flags(known: Mapping[str, Day], zone: Zone) -> Flags:
    return {name: estimates(day, known.get(earlier(name, 1)), zone) for name, day in known.items()}


def _values(field: Field, groups: Sequence[Group], flags: Flags) -> Values:
    if field.kind == "energy":
        parts = [[_energy(field, day, flags) for day in group] for group in groups]
        return _missing_is_estimated(summed(parts), groups)
    if field.kind == "soc":
        return Values([_last_soc(group) for group in groups])
    return Values([_mean_w(f"{field.name}_w_avg", group) for group in groups])


def _energy(field: Field, day: Day | None, flags: Flags) -> tuple[float | None, bool]:
    if day is None:
        return None, False
    plus, minus = NET.get(field.name, (field.name.removesuffix("_kwh"), None))
    kwh, guessed = _of_counter(plus, day, flags)
    if minus is None:
        return kwh, guessed
    less_kwh, less_guessed = _of_counter(minus, day, flags)
    if kwh is None or less_kwh is None:
        return None, False
    return kwh - less_kwh, guessed or less_guessed


def _of_counter(name: str, day: Day, flags: Flags) -> tuple[float | None, bool]:
    position = COUNTERS.index(name)
    return getattr(day, f"{ENERGIES[position]}_kwh"), flags[day.day][position]


def _missing_is_estimated(values: Values, groups: Sequence[Group]) -> Values:
    """A sum that lacks a day is no measurement, unless it lacks all and is null anyway."""
    incomplete = {
        index for index, group in enumerate(groups) if None in group and values.data[index] is not None
    }
    return Values(values.data, sorted(incomplete.union(values.estimated or ())))


def _last_soc(group: Group) -> Number | None:
    levels = [day.battery_soc_pct_end for day in group if day is not None]
    return next((level for level in reversed(levels) if level is not None), None)


def _mean_w(column: str, group: Group) -> Number | None:
    """The mean of the days' means, each weighted by its intervals."""
    parts = [(getattr(day, column), day.interval_count) for day in group if day is not None]
    measured = [(watts, count) for watts, count in parts if watts is not None and count]
    total = sum(count for _, count in measured)
    return round(sum(watts * count for watts, count in measured) / total) if total else None

"""History by local days, one or several to an interval.

At ``1d`` every energy comes with the indexes of days that are estimated in part. Where several days make
an interval, powers are means of their days and a missing day makes the interval's energy an estimate.
"""

from collections.abc import Callable, Mapping, Sequence

from liveone.domain.aggregates import ENERGIES, Day
from liveone.domain.reading import COUNTERS
from liveone.domain.zones import Zone
from liveone.web.daily import days_of, earlier, estimates
from liveone.web.fields import Field
from liveone.web.numbers import Number
from liveone.web.ranges import Window
from liveone.web.series import Source, Values, summed, whole

Group = Sequence[Day | None]
"""The days of one interval; None is a day of which nothing is known."""

Flags = Mapping[str, Sequence[bool]]
"""By day: for each of its six energies, whether it is estimated in part."""

NET = {
    "net_solar": ("solar", None),
    "net_load": ("load", None),
    "net_battery": ("battery_out", "battery_in"),
    "net_grid": ("grid_in", "grid_out"),
}
"""Which counter counts the energy of a power's positive sign, and which that of its negative one."""


def daily(source: Source, window: Window, fields: Sequence[Field]) -> dict[str, Values]:
    """The values of each field, by its name."""
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
    if field.kind == "power":
        return Values(whole([_mean(f"{field.name}_w_avg", group) for group in groups]))
    if field.kind == "counter":
        position = COUNTERS.index(field.name.removesuffix("_kwh_total"))
        return Values([_last(f"{ENERGIES[position]}_alltime_kwh", group) for group in groups])
    return Values([LEVELS[field.name](group) for group in groups])


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


def _known(column: str, group: Group) -> list[tuple[float, int]]:
    """The values that the days have, each with its day's number of intervals."""
    parts = [(getattr(day, column), day.interval_count) for day in group if day is not None]
    return [(value, count) for value, count in parts if value is not None]


def _last(column: str, group: Group) -> Number | None:
    known = _known(column, group)
    return known[-1][0] if known else None


def _mean(column: str, group: Group) -> Number | None:
    """The mean of the days' means, each weighted by its intervals."""
    known = [(value, count) for value, count in _known(column, group) if count]
    total = sum(count for _, count in known)
    return sum(value * count for value, count in known) / total if total else None


LEVELS: Mapping[str, Callable[[Group], Number | None]] = {
    "soc": lambda group: _last("battery_soc_pct_end", group),
    "soc_avg": lambda group: _mean("battery_soc_pct_avg", group),
    "soc_min": lambda group: min((pct for pct, _ in _known("battery_soc_pct_min", group)), default=None),
    "soc_max": lambda group: max((pct for pct, _ in _known("battery_soc_pct_max", group)), default=None),
}

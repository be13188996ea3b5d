"""History by local days, one or several to an interval.

At ``1d`` every energy comes with the indexes of days that are estimated in part. Where several days make
an interval, powers are means of their days and a missing day makes the interval's energy an estimate.
"""

from collections.abc import Sequence

from liveone.domain.aggregates import Day
from liveone.domain.reading import COUNTERS
from liveone.web.daily import days_of, energies
from liveone.web.fields import Field
from liveone.web.numbers import Number
from liveone.web.ranges import Window
from liveone.web.series import Source, Values, summed

Known = tuple[Day, list[bool]]
"""A day, and for each of its six energies whether it is estimated in part."""

NET = {
    "solar": ("solar", None),
    "load": ("load", None),
    "battery": ("battery_out", "battery_in"),
    "grid": ("grid_in", "grid_out"),
}
"""Which counter counts the energy of a power's positive sign, and which that of its negative one."""


def daily(source: Source, window: Window, fields: Sequence[Field]) -> dict[str, Values]:
    """The values of each field, by its name."""
    days = window.days()
    known = days_of(source, days)
    groups = [days[first : first + window.days_each] for first in range(0, len(days), window.days_each)]
    grouped = [[known.get(day) for day in group] for group in groups]
    return {field.name: _values(field, grouped) for field in fields}


def _values(field: Field, groups: Sequence[Sequence[Known | None]]) -> Values:
    if field.kind == "energy":
        return _missing_is_estimated(
            summed([[_energy(field, one) for one in group] for group in groups]), groups
        )
    if field.kind == "soc":
        return Values([_last_soc(group) for group in groups])
    return Values([_mean_w(field.name, group) for group in groups])


def _energy(field: Field, known: Known | None) -> tuple[float | None, bool]:
    if known is None:
        return None, False
    day, flags = known
    plus, minus = NET.get(field.name, (field.name.removesuffix("_kwh"), None))
    kwh, guessed = _of_counter(plus, day, flags)
    if minus is None:
        return kwh, guessed
    less_kwh, less_guessed = _of_counter(minus, day, flags)
    if kwh is None or less_kwh is None:
        return None, False
    return kwh - less_kwh, guessed or less_guessed


def _of_counter(name: str, day: Day, flags: Sequence[bool]) -> tuple[float | None, bool]:
    position = COUNTERS.index(name)
    return energies(day)[position], flags[position]


def _missing_is_estimated(values: Values, groups: Sequence[Sequence[Known | None]]) -> Values:
    """A sum that lacks a day is no measurement, unless it lacks all and is null anyway."""
    incomplete = {
        index for index, group in enumerate(groups) if None in group and values.data[index] is not None
    }
    return Values(values.data, sorted(incomplete.union(values.estimated or ())))


def _last_soc(group: Sequence[Known | None]) -> Number | None:
    levels = [known[0].battery_soc_pct_end for known in group if known is not None]
    return next((level for level in reversed(levels) if level is not None), None)


def _mean_w(name: str, group: Sequence[Known | None]) -> Number | None:
    """The mean of the days' means, each weighted by its intervals."""
    parts = [(getattr(known[0], f"{name}_w_avg"), known[0].interval_count) for known in group if known]
    measured = [(watts, count) for watts, count in parts if watts is not None and count]
    total = sum(count for _, count in measured)
    return round(sum(watts * count for watts, count in measured) / total) if total else None

"""Days as the API shows them: closed ones as stored, today and days that are open worked out on the spot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from liveone.domain.aggregates import ENERGIES, Day
from liveone.domain.counters import rated_kw
from liveone.domain.days import close_day
from liveone.domain.quality import expected_intervals, is_counted
from liveone.domain.zones import Zone
from liveone.store import aggregates
from liveone.store import history as stored
from liveone.web.history.series import Source

MOST_OPEN_DAYS, SEARCHED_DAYS = 7, 31
COUNT = "interval_count"


@dataclass(frozen=True, slots=True)
class Days:
    """Columns of consecutive days, a value a day, None where nothing is known of it.

    ``columns`` are named like fields of Day; ``flags`` by energy: whether a part of it may be estimated.
    """

    columns: Mapping[str, Sequence[Any]]
    flags: Mapping[str, Sequence[bool]]


def days_of(source: Source, first_day: str, last_day: str, columns: Sequence[str], *, flags: bool) -> Days:
    """The days from ``first_day`` to ``last_day`` with those columns; ``interval_count`` is always there.

    Of the last month's days that nobody has closed yet the newest seven are worked out; others are absent.
    ``flags`` are told for the energies among the columns, when asked for.
    """
    energies_asked = [name for name in ENERGIES if f"{name}_kwh" in columns] if flags else []
    counters = [f"{name}_alltime_kwh" for name in energies_asked]
    wanted = list(dict.fromkeys([*columns, COUNT, *counters]))
    begin = earlier(first_day, 1)
    opened = _open_days(source, first_day, last_day)
    found = _stored(source, begin, last_day, wanted)
    _put(found, opened, begin)
    expected = _expected(begin, last_day, source.zone) if flags else ()
    told = {name: _estimated(name, found, expected, opened, begin) for name in energies_asked}
    return Days(
        {name: column[1:] for name, column in found.items()}, {name: one[1:] for name, one in told.items()}
    )


def _stored(source: Source, begin: str, last_day: str, wanted: Sequence[str]) -> dict[str, list[Any]]:
    days, *columns = stored.day_columns(source.store, source.system.id, begin, last_day, wanted)
    first, size = _number(begin), _number(last_day) - _number(begin) + 1
    if len(days) == size and list(days) == sorted(days):
        return dict(zip(wanted, map(list, columns), strict=True))
    places = [_number(day) - first for day in days]
    found: dict[str, list[Any]] = {}
    for name, column in zip(wanted, columns, strict=True):
        slots: list[Any] = [None] * size
        for place, value in zip(places, column, strict=True):
            slots[place] = value
        found[name] = slots
    return found


def _put(found: dict[str, list[Any]], opened: Mapping[str, Day], begin: str) -> None:
    """Days that were worked out, in place of what is stored of them."""
    for day in opened.values():
        place = _number(day.day) - _number(begin)
        for name, column in found.items():
            column[place] = getattr(day, name)


def _estimated(
    energy: str,
    found: Mapping[str, Sequence[Any]],
    expected: Sequence[int],
    opened: Mapping[str, Day],
    begin: str,
) -> list[bool]:
    """By day, whether a part of the energy may be estimated; False where it is not known."""
    at_end, counts = found[f"{energy}_alltime_kwh"], found[COUNT]
    flags = [False]
    for place, kwh in enumerate(found[f"{energy}_kwh"][1:], 1):
        is_whole = kwh is not None and counts[place] >= expected[place]
        flags.append(kwh is not None and not (is_whole and is_counted(kwh, at_end[place - 1], at_end[place])))
    for day in opened.values():
        if day.estimated is not None:
            flags[_number(day.day) - _number(begin)] = day.estimated[ENERGIES.index(energy)]
    return flags


def _open_days(source: Source, first_day: str, last_day: str) -> dict[str, Day]:
    """Today and days that wait for closing, computed from five-minute rows."""
    today = source.zone.day_of(source.now_at)
    since_day = max(first_day, earlier(today, SEARCHED_DAYS))
    waiting = aggregates.open_days(source.store, source.system, now_at=source.now_at, since_day=since_day)
    wanted = [day for day in [*waiting[1 - MOST_OPEN_DAYS :], today] if first_day <= day <= last_day]
    found = [worked_out(source, day) for day in wanted]
    return {day.day: day for day in found if day is not None}


def worked_out(source: Source, day: str) -> Day | None:
    """A day that nobody has closed, out of its five minutes; None if nothing is known of it."""
    rows = aggregates.five_minutes_around(source.store, source.system.id, *source.zone.bounds(day))
    return close_day(rows, zone=source.zone, day=day, rated_kw=rated_kw(source.system))


def energies(day: Day) -> list[float | None]:
    """The six energies in the order of ``reading.COUNTERS``, kWh."""
    return [getattr(day, f"{name}_kwh") for name in ENERGIES]


def earlier(day: str, days: int) -> str:
    """The date so many days before."""
    return (date.fromisoformat(day) - timedelta(days=days)).isoformat()


@lru_cache(maxsize=16)
def _expected(first_day: str, last_day: str, zone: Zone) -> Sequence[int]:
    """``expected_intervals`` of each day; how long days are does not change."""
    numbers = range(_number(first_day), _number(last_day) + 1)
    return tuple(expected_intervals(date.fromordinal(number).isoformat(), zone) for number in numbers)


def _number(day: str) -> int:
    return date.fromisoformat(day).toordinal()

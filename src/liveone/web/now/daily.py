"""Days as the API gives them: closed ones as stored; today and other open days are computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from liveone.domain.aggregates import ENERGIES, Day
from liveone.domain.counters import rated_kw
from liveone.domain.days import close_day
from liveone.domain.quality import KNOWN, OPEN, expected_intervals, is_counted, stored_version
from liveone.domain.zones import Zone
from liveone.store import aggregates
from liveone.store import history as stored
from liveone.web.history.series import HistorySource

MOST_OPEN_DAYS, SEARCHED_DAYS = 7, 31
COUNT, VERSION = "interval_count", "version"


@dataclass(frozen=True, slots=True)
class Days:
    """Columns of consecutive days, one value a day, None if nothing is known of it.

    ``columns`` are named like fields of Day; ``flags`` says by energy whether a part of it may be estimated.
    """

    columns: Mapping[str, Sequence[Any]]
    flags: Mapping[str, Sequence[bool]]


def days_of(
    source: HistorySource, first_day: str, last_day: str, columns: Sequence[str], *, flags: bool
) -> Days:
    """The days from ``first_day`` to ``last_day`` with these columns and ``interval_count``.

    Of the open days of the last month, the newest seven are computed; all others are as stored. ``flags``
    asks for the flags of the energies among the columns.
    """
    found = _stored(source, first_day, last_day, list(dict.fromkeys([*columns, COUNT, VERSION])))
    _put(found, _open_days(source, first_day, last_day, found[VERSION]), first_day)
    energies_asked = [name for name in ENERGIES if f"{name}_kwh" in columns] if flags else []
    return Days(found, _flags(source, first_day, last_day, energies_asked, found[VERSION]))


def _stored(
    source: HistorySource, begin: str, last_day: str, wanted: Sequence[str]
) -> dict[str, Sequence[Any]]:
    days, *columns = stored.day_columns(source.store, source.system.id, begin, last_day, wanted)
    first, size = _number(begin), _number(last_day) - _number(begin) + 1
    if len(days) == size and list(days) == sorted(days):
        return dict(zip(wanted, columns, strict=True))
    places = [_number(day) - first for day in days]
    found: dict[str, Sequence[Any]] = {}
    for name, column in zip(wanted, columns, strict=True):
        slots: list[Any] = [None] * size
        for place, value in zip(places, column, strict=True):
            slots[place] = value
        found[name] = slots
    return found


def _put(found: dict[str, Sequence[Any]], opened: Mapping[str, Day], begin: str) -> None:
    """Put computed days in place of stored ones."""
    if not opened:
        return
    places = {_number(day.day) - _number(begin): day for day in opened.values()}
    for name, column in found.items():
        changed = list(column)
        for place, day in places.items():
            changed[place] = stored_version(day) if name == VERSION else getattr(day, name)
        found[name] = changed


def _flags(
    source: HistorySource,
    first_day: str,
    last_day: str,
    energies: Sequence[str],
    versions: Sequence[int | None],
) -> dict[str, Sequence[bool]]:
    """Energy -> for each day whether a part of it may be estimated; False if the day is not known."""
    unsaid = [place for place, version in enumerate(versions) if version is not None and not version & KNOWN]
    guessed = _guessed(source, first_day, last_day, energies) if unsaid else {}
    found: dict[str, Sequence[bool]] = {}
    for name in energies:
        bit = 1 << ENERGIES.index(name)
        estimated = {
            version: bool(version and version & KNOWN and version & bit) for version in set(versions)
        }
        flags = [estimated[version] for version in versions]
        for place in unsaid:
            flags[place] = guessed[name][place]
        found[name] = flags
    return found


def _guessed(
    source: HistorySource, first_day: str, last_day: str, energies: Sequence[str]
) -> dict[str, Sequence[bool]]:
    """The same for days whose rows do not tell, from their counters and those of the day before."""
    begin = earlier(first_day, 1)
    wanted = [COUNT, *(f"{name}_{kind}" for name in energies for kind in ("kwh", "alltime_kwh"))]
    stored_days = _stored(source, begin, last_day, wanted)
    counts, expected = stored_days[COUNT], _expected(begin, last_day, source.zone)
    found: dict[str, Sequence[bool]] = {}
    for name in energies:
        at_end, flags = stored_days[f"{name}_alltime_kwh"], []
        for place, kwh in enumerate(stored_days[f"{name}_kwh"][1:], 1):
            is_whole = kwh is not None and counts[place] >= expected[place]
            is_sure = is_whole and is_counted(kwh, at_end[place - 1], at_end[place])
            flags.append(kwh is not None and not is_sure)
        found[name] = flags
    return found


def _open_days(
    source: HistorySource, first_day: str, last_day: str, versions: Sequence[int | None]
) -> dict[str, Day]:
    """Today and other open days, computed from five-minute rows."""
    today = source.zone.day_of(source.now_at)
    since, first = _number(max(first_day, earlier(today, SEARCHED_DAYS))), _number(first_day)
    waiting = [
        date.fromordinal(number).isoformat()
        for number, version in enumerate(versions, first)
        if version == OPEN or (version is None and number >= since)
    ]
    over = aggregates.with_rows(source.store, source.system, [day for day in waiting if day < today])
    wanted = [*over[1 - MOST_OPEN_DAYS :], *([today] if first_day <= today <= last_day else [])]
    found = [worked_out(source, day) for day in wanted]
    return {day.day: day for day in found if day is not None}


def worked_out(source: HistorySource, day: str) -> Day | None:
    """An open day, computed from its five-minute rows; None if nothing is known of it."""
    rows = aggregates.five_minutes_around(source.store, source.system.id, *source.zone.bounds(day))
    return close_day(rows, zone=source.zone, day=day, rated_kw=rated_kw(source.system))


def energies(day: Day) -> list[float | None]:
    """The six energies in the order of ``reading.COUNTERS``, kWh."""
    return [getattr(day, f"{name}_kwh") for name in ENERGIES]


def earlier(day: str, days: int) -> str:
    """The date ``days`` days before."""
    return (date.fromisoformat(day) - timedelta(days=days)).isoformat()


@lru_cache(maxsize=16)
def _expected(first_day: str, last_day: str, zone: Zone) -> Sequence[int]:
    """``expected_intervals`` of each day; cached, because the length of a day does not change."""
    numbers = range(_number(first_day), _number(last_day) + 1)
    return tuple(expected_intervals(date.fromordinal(number).isoformat(), zone) for number in numbers)


def _number(day: str) -> int:
    return date.fromisoformat(day).toordinal()

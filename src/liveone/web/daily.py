"""Days as the API shows them: closed ones as stored, today and days that are open worked out on the spot.

Older databases do not keep whether a day's energy was estimated. Then a day counts as measured when it
has every interval and the counter moved from the day before by exactly the day's energy.
"""

from datetime import date, timedelta

from liveone.domain.aggregates import ENERGIES, Day
from liveone.domain.counters import rated_kw
from liveone.domain.days import close_day
from liveone.domain.intervals import INTERVAL_S
from liveone.domain.zones import Zone
from liveone.store import aggregates
from liveone.web.series import Source

MOST_OPEN_DAYS, SEARCHED_DAYS = 7, 31
SAME_KWH = 0.001


def days_of(source: Source, first_day: str, last_day: str) -> dict[str, Day]:
    """Each known day from the one before ``first_day`` to ``last_day``.

    Of the last month's days that nobody has closed yet the newest seven are worked out; others are absent.
    """
    stored = aggregates.days(source.store, source.system.id, earlier(first_day, 1), last_day)
    return {day.day: day for day in stored} | _open_days(source, first_day, last_day)


def _open_days(source: Source, first_day: str, last_day: str) -> dict[str, Day]:
    """Today and days that wait for closing, computed from five-minute rows."""
    today = source.zone.day_of(source.now_at)
    since_day = max(first_day, earlier(today, SEARCHED_DAYS))
    waiting = aggregates.open_days(source.store, source.system, now_at=source.now_at, since_day=since_day)
    wanted = [day for day in [*waiting[1 - MOST_OPEN_DAYS :], today] if first_day <= day <= last_day]
    found = [_worked_out(source, day) for day in wanted]
    return {day.day: day for day in found if day is not None}


def _worked_out(source: Source, day: str) -> Day | None:
    rows = aggregates.five_minutes_with_context(source.store, source.system.id, *source.zone.bounds(day))
    return close_day(rows, zone=source.zone, day=day, rated_kw=rated_kw(source.system))


def energies(day: Day) -> list[float | None]:
    """The six energies in the order of ``reading.COUNTERS``, kWh."""
    return [getattr(day, f"{name}_kwh") for name in ENERGIES]


def estimates(day: Day, before: Day | None, zone: Zone) -> list[bool]:
    """For each of the six energies, whether a part of it may be estimated."""
    if day.estimated is not None:
        return list(day.estimated)
    whole = day.interval_count >= expected_intervals(day.day, zone)
    return [
        getattr(day, f"{name}_kwh") is not None and not (whole and _counted(day, before, name))
        for name in ENERGIES
    ]


def expected_intervals(day: str, zone: Zone) -> int:
    """How many five-minute intervals the day has: 288, or 276 and 300 where the clocks change."""
    start_at, end_at = zone.bounds(day)
    return (end_at - start_at) // INTERVAL_S


def _counted(day: Day, before: Day | None, name: str) -> bool:
    """Whether the counter moved by the day's energy; the first day of all has nothing to compare with."""
    kwh, at_end = getattr(day, f"{name}_kwh"), getattr(day, f"{name}_alltime_kwh")
    at_start = getattr(before, f"{name}_alltime_kwh", None)
    return at_start is not None and at_end is not None and abs(at_end - at_start - kwh) <= SAME_KWH


def earlier(day: str, days: int) -> str:
    """The date so many days before."""
    return (date.fromisoformat(day) - timedelta(days=days)).isoformat()

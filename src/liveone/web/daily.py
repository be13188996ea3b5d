"""Days as the API shows them: closed ones as stored, today and days that are open worked out on the spot.

Older databases do not keep whether a day's energy was estimated. Then a day counts as measured when it
has every interval and the counter moved from the day before by exactly the day's energy.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from liveone.domain.aggregates import ENERGIES, Day
from liveone.domain.counters import rated_kw
from liveone.domain.days import close_days
from liveone.domain.intervals import INTERVAL_S
from liveone.domain.zones import Zone
from liveone.store import aggregates
from liveone.web.series import Source

MOST_OPEN_DAYS = 7
SAME_KWH = 0.001


def days_of(source: Source, wanted: Sequence[str]) -> dict[str, tuple[Day, list[bool]]]:
    """Each known day of ``wanted`` (ascending) with six flags: is a part of that energy estimated?

    Days that nobody has closed yet are worked out, the newest seven of them; the others are absent.
    """
    zone, today = source.zone, source.zone.day_of(source.now_at)
    found = aggregates.days(source.store, source.system.id, _before(wanted[0]), wanted[-1])
    stored = {day.day: day for day in found}
    unclosed = [day for day in wanted if day <= today and not _is_closed(stored.get(day))][-MOST_OPEN_DAYS:]
    worked_out = _open_days(source, unclosed)
    known = stored | worked_out
    return {
        day: (known[day], estimates(known[day], known.get(_before(day)), zone))
        for day in wanted
        if day in known
    }


def _open_days(source: Source, wanted: Sequence[str]) -> dict[str, Day]:
    """Days computed from five-minute rows, those of ``wanted`` (ascending) that have any."""
    if not wanted:
        return {}
    start_at, end_at = source.zone.bounds(wanted[0])[0], source.zone.bounds(wanted[-1])[1]
    rows = aggregates.five_minutes_with_context(source.store, source.system.id, start_at, end_at)
    found = close_days(rows, zone=source.zone, rated_kw=rated_kw(source.system))
    return {day.day: day for day in found if day.day in wanted}


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


def _is_closed(day: Day | None) -> bool:
    return day is not None and day.version > 0


def _before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()

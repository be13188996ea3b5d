"""Whether the energies of a day are measured or estimated in part.

Older databases do not keep whether a day's energy was estimated. Then a day counts as measured when it
has every interval and the counter moved from the day before by exactly the day's energy.
"""

from collections.abc import Sequence

from liveone.domain.aggregates import ENERGIES, Day
from liveone.domain.intervals import INTERVAL_S
from liveone.domain.zones import Zone

SAME_KWH = 0.001
DAY_INTERVALS = 288


def estimates(day: Day, before: Day | None, zone: Zone) -> Sequence[bool]:
    """For each of the six energies, whether a part of it may be estimated: a day that was worked out knows,
    of one that is stored the counters of the day ``before`` tell."""
    if day.estimated is not None:
        return day.estimated
    is_whole = day.interval_count >= expected_intervals(day.day, zone)
    found = []
    for name in ENERGIES:
        kwh, at_end = getattr(day, f"{name}_kwh"), getattr(day, f"{name}_alltime_kwh")
        at_start = getattr(before, f"{name}_alltime_kwh", None)
        found.append(kwh is not None and not (is_whole and is_counted(kwh, at_start, at_end)))
    return found


def is_counted(kwh: float, at_start: float | None, at_end: float | None) -> bool:
    """Whether the counter moved by the day's energy; the first day of all has nothing to compare with."""
    return at_start is not None and at_end is not None and abs(at_end - at_start - kwh) <= SAME_KWH


def expected_intervals(day: str, zone: Zone) -> int:
    """How many five-minute intervals the day has: 288, or 276 and 300 where the clocks change."""
    if zone.name is None:
        return DAY_INTERVALS
    start_at, end_at = zone.bounds(day)
    return (end_at - start_at) // INTERVAL_S

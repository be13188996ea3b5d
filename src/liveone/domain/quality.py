"""Whether energies of a day are measured or partly estimated, and how a stored day tells.

No database generation has a column for that, so it is in ``version``, which every generation has and nobody
else reads: 0 is open; ``KNOWN`` and above is closed, with one bit for each energy that is partly estimated.
The original service writes 1, which does not tell. Such a day counts as measured if it has every interval and
the counter moved since the day before by exactly the day's energy.
"""

from collections.abc import Sequence
from functools import cache
from typing import cast

from liveone.domain.aggregates import ENERGIES, Day, Six
from liveone.domain.intervals import INTERVAL_S
from liveone.domain.zones import Zone

SAME_KWH = 0.001
DAY_INTERVALS = 288
OPEN, CLOSED = 0, 1
KNOWN = 64
"""The bit of ``version`` that says that the six bits below it are valid."""


def stored_version(day: Day) -> int:
    """The value of ``readings_agg_1d.version`` for a day."""
    if not day.version or day.estimated is None:
        return day.version
    return KNOWN | sum(1 << place for place, flag in enumerate(day.estimated) if flag)


@cache
def flags_of(version: int) -> Six[bool] | None:
    """``Day.estimated`` of a stored version; None if it does not tell."""
    if not version & KNOWN:
        return None
    return cast(Six[bool], tuple(bool(version >> place & 1) for place in range(len(ENERGIES))))


def estimates(day: Day, before: Day | None, zone: Zone) -> Sequence[bool]:
    """For each of the six energies, whether a part of it may be estimated.

    A day that was computed here knows; for any other, the counters of the day ``before`` tell.
    """
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
    """Whether the counter moved by the day's energy; True for the first day, which has nothing before it."""
    return at_start is not None and at_end is not None and abs(at_end - at_start - kwh) <= SAME_KWH


def expected_intervals(day: str, zone: Zone) -> int:
    """The number of five-minute intervals of a day: 288, or 276 or 300 when clocks change."""
    if zone.name is None:
        return DAY_INTERVALS
    start_at, end_at = zone.bounds(day)
    return (end_at - start_at) // INTERVAL_S

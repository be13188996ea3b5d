"""Checks whether the sun shines by day; if not, the time zone or the clock of a system is wrong.

Far north the sun shines at night too, but gives little then.
"""

from collections.abc import Iterable

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.reading import Reading
from liveone.domain.zones import Zone

NIGHT_FROM_H, NIGHT_TO_H = 22, 4
SHARE_MOST = 0.1
"""The largest share of solar energy that may come at night."""
LEAST_W = 250
"""Less solar power may be an offset, or dusk."""
LEAST_W_INTERVALS = 6_000
"""With less energy in all than this (half a kWh, as a sum of watts of intervals) nothing is said."""


def is_night(at: float, zone: Zone) -> bool:
    """Whether clocks in the zone show 22:00 to 04:00."""
    hour = (at + zone.offset_s(at)) % 86_400 / 3600
    return hour >= NIGHT_FROM_H or hour < NIGHT_TO_H


def shines_at_night(reading: Reading, zone: Zone) -> bool:
    """Whether a sample has solar power at night."""
    return (reading.solar_w or 0) >= LEAST_W and is_night(reading.inverter_time, zone)


def night_share(rows: Iterable[FiveMinutes], zone: Zone) -> float | None:
    """The share of solar energy that came at night; None if there was too little."""
    sun = [(row.solar_w_avg, row.interval_end) for row in rows if (row.solar_w_avg or 0) >= LEAST_W]
    whole = sum(watts or 0 for watts, _ in sun)
    if whole < LEAST_W_INTERVALS:
        return None
    return sum(watts or 0 for watts, end in sun if is_night(end, zone)) / whole

"""Whether the sun shines by day: if not, the time zone or the clock of a system is wrong.

Far in the north the sun shines at night too, but gives little then.
"""

from collections.abc import Iterable

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.reading import Reading
from liveone.domain.zones import Zone

NIGHT_FROM_H, NIGHT_TO_H = 22, 4
SHARE_MOST = 0.1
"""More of the sun's energy than this never comes at night."""
LEAST_W = 250
"""What is less may be an offset, or dusk."""
LEAST_W_INTERVALS = 6_000
"""So much must have come in all to say anything: half a kWh."""


def is_night(at: float, zone: Zone) -> bool:
    """Whether a clock of the zone shows 22:00 to 04:00."""
    hour = (at + zone.offset_s(at)) % 86_400 / 3600
    return hour >= NIGHT_FROM_H or hour < NIGHT_TO_H


def shines_at_night(reading: Reading, zone: Zone) -> bool:
    """Whether one sample has sunshine at night."""
    return (reading.solar_w or 0) >= LEAST_W and is_night(reading.inverter_time, zone)


def night_share(rows: Iterable[FiveMinutes], zone: Zone) -> float | None:
    """The share of the sun's energy that came at night; None where too little came to say."""
    sun = [(row.solar_w_avg, row.interval_end) for row in rows if (row.solar_w_avg or 0) >= LEAST_W]
    whole = sum(watts or 0 for watts, _ in sun)
    if whole < LEAST_W_INTERVALS:
        return None
    return sum(watts or 0 for watts, end in sun if is_night(end, zone)) / whole

"""Whether a system still speaks, and whether what it says still moves. Silence and frozen values alarm."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.reading import COUNTERS, POWERS, Reading
from liveone.domain.series import SOURCES
from liveone.domain.shape import KWH_PER_W

Freshness = Literal["fresh", "late", "silent", "never"]

FRESH_POLLS = 3
"""One or two missed polls are no news: the portal fails in minute 50 of many hours."""

SILENT_S = 900
FROZEN_KWH = 1.0
"""A counter ticks every 0.09 kWh; one that sleeps through a whole kWh is broken."""

FROZEN_SAMPLES = 10
TRIVIAL_W = 50
"""Below this a power may well stand still: at night a shunt shows an unchanging offset of 4 to 23 W."""


def late_s(cadence_s: float) -> float:
    """The age in seconds from which on a reading is late."""
    return FRESH_POLLS * cadence_s


def of(newest_at: float | None, now_at: float, cadence_s: float) -> Freshness:
    """How a system's newest reading stands: younger than three polls, older, older than 15 minutes, none.

    Pass the time at which it was received: a device clock that runs ahead would hide a silence.
    """
    if newest_at is None:
        return "never"
    age_s = now_at - newest_at
    if age_s < late_s(cadence_s):
        return "fresh"
    return "late" if age_s <= SILENT_S else "silent"


def frozen_counters(rows: Sequence[FiveMinutes]) -> list[str]:
    """The names of counters that stood still while their power made 1 kWh or more, up to the newest row.

    ``rows`` are five-minute aggregates of one system, ascending; half a day of them serves well.
    A counter that the newest row does not have is missing, not frozen.
    """
    return [name for name in COUNTERS if _slept_kwh(rows, name) >= FROZEN_KWH]


def _slept_kwh(rows: Sequence[FiveMinutes], name: str) -> float:
    """What power says was made in the intervals since the counter ``name`` last moved, in kWh."""
    column, (power, sign) = f"{name}_kwh_total_last", SOURCES[name]
    newest = getattr(rows[-1], column) if rows else None
    slept_kwh = 0.0
    for later, earlier in pairwise(reversed(rows)):
        if newest is None or getattr(earlier, column) not in (newest, None):
            break
        slept_kwh += max(0, (getattr(later, f"{power}_avg") or 0) * sign) * KWH_PER_W
    return slept_kwh


def frozen_values(readings: Sequence[Reading]) -> bool:
    """Whether the last ten readings or more have new times but the very same powers, not all near 0.

    ``readings`` are of one system, ascending by ``inverter_time``.
    """
    newest = readings[-FROZEN_SAMPLES:]
    powers = {tuple(getattr(reading, f"{name}_w") for name in POWERS) for reading in newest}
    times = {reading.inverter_time for reading in newest}
    if len(times) < FROZEN_SAMPLES or len(powers) > 1:
        return False
    return any(abs(power_w or 0) >= TRIVIAL_W for power_w in powers.pop())

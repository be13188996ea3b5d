"""Whether a system still sends readings, and whether its values still change."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.reading import COUNTERS, POWERS, Reading
from liveone.domain.series import SOURCES
from liveone.domain.shape import KWH_PER_W

Freshness = Literal["fresh", "late", "silent", "never"]

FRESH_POLLS = 3
"""A system is fresh for three polls.

One or two failed polls are common, as portals fail around the full hour.
"""

SILENT_S = 900
FROZEN_KWH = 1.0
"""A counter ticks every 0.09 kWh; one that does not move for a whole kWh is broken."""

FROZEN_SAMPLES = 10
TRIVIAL_W = 50
"""Below this a power may stay the same for long: at night a shunt shows a constant offset of 4 to 23 W."""


def late_s(cadence_s: float) -> float:
    """The age in seconds at which a reading becomes late."""
    return FRESH_POLLS * cadence_s


def of(newest_at: float | None, now_at: float, cadence_s: float) -> Freshness:
    """The freshness of a system's newest reading: fresh, late, silent or never (see docs/names.md).

    ``newest_at`` is the time at which it was received: a device clock that is ahead would hide a silence.
    """
    if newest_at is None:
        return "never"
    age_s = now_at - newest_at
    if age_s < late_s(cadence_s):
        return "fresh"
    return "late" if age_s <= SILENT_S else "silent"


def frozen_counters(rows: Sequence[FiveMinutes]) -> list[str]:
    """The names of counters that stood still while their power made 1 kWh or more, up to the newest row.

    ``rows`` are five-minute aggregates of one system, ascending; half a day of them is enough. A counter that
    the newest row does not have is missing, and not frozen.
    """
    return [name for name in COUNTERS if _slept_kwh(rows, name) >= FROZEN_KWH]


def _slept_kwh(rows: Sequence[FiveMinutes], name: str) -> float:
    """The energy by power, in kWh, since the counter ``name`` last moved."""
    column, (power, sign) = f"{name}_kwh_total_last", SOURCES[name]
    newest = getattr(rows[-1], column) if rows else None
    slept_kwh = 0.0
    for later, earlier in pairwise(reversed(rows)):
        if newest is None or getattr(earlier, column) not in (newest, None):
            break
        slept_kwh += max(0, (getattr(later, f"{power}_avg") or 0) * sign) * KWH_PER_W
    return slept_kwh


def frozen_values(readings: Sequence[Reading]) -> bool:
    """Whether the last ten readings or more have new times and the same powers, not all of them near 0.

    ``readings`` are of one system, ascending by ``inverter_time``.
    """
    newest = readings[-FROZEN_SAMPLES:]
    powers = {tuple(getattr(reading, f"{name}_w") for name in POWERS) for reading in newest}
    times = {reading.inverter_time for reading in newest}
    if len(times) < FROZEN_SAMPLES or len(powers) > 1:
        return False
    return any(abs(power_w or 0) >= TRIVIAL_W for power_w in powers.pop())

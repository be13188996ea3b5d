"""What the counters gained since the first reading here: the ground of the means of all time.

Counters run on while nobody reads them, so gaps do not matter; one that stands lower than it began was
exchanged, and nothing is said of it.
"""

from typing import Any

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.reading import COUNTERS, Reading
from liveone.domain.zones import Zone
from liveone.web.numbers import rounded
from liveone.web.readings_json import energies

HOUR_S = 3600


def since_first(first: FiveMinutes | None, latest: Reading, zone: Zone) -> dict[str, Any] | None:
    """``since`` when, how many ``hours``, and the six energies (kWh); None within the first hour."""
    if first is None or latest.inverter_time - first.interval_end < HOUR_S:
        return None
    gained = [
        _gained(getattr(first, f"{name}_kwh_total_last"), getattr(latest, f"{name}_kwh_total"))
        for name in COUNTERS
    ]
    return {
        "since": zone.iso(first.interval_end),
        "hours": rounded((latest.inverter_time - first.interval_end) / HOUR_S),
        "energy": energies(gained),
    }


def _gained(before_kwh: float | None, after_kwh: float | None) -> float | None:
    if before_kwh is None or after_kwh is None or after_kwh < before_kwh:
        return None
    return after_kwh - before_kwh

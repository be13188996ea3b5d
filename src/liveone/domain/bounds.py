"""The bounds within which values of a reading are believed, from a poll or a file.

Rule: a value outside its bounds is absent; it is neither 0 nor cut. The one exception is a meter's offset at
a natural limit (load or solar power just below 0, a charge just above full), which counts as the limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from liveone.domain.reading import COUNTERS, SOON_S

N = TypeVar("N", int, float)

POWER_W_MAX = 1_000_000
COUNTER_KWH_MAX = 1e9
CODE_MAX = 2**32
OFFSET_W = -100
"""A load or solar power a little below zero is the meter's offset; anything lower is refused."""
CHARGE_PCT_MAX = 101
YEAR_2000_AT, YEAR_2200_AT = 946_684_800, 7_258_118_400
AHEAD_S_MAX = 3600
"""A sample further ahead of the host's clock is not believed."""
CLOCK_SET_AT = 1_735_689_600
"""2025-01-01: a host with an earlier time has not set its clock yet."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Believed from ``lowest`` to ``highest``.

    What is outside ``[floor, ceiling]`` then counts as that limit.
    """

    lowest: float
    highest: float
    floor: float | None = None
    ceiling: float | None = None

    def holds(self, value: float) -> bool:
        return self.lowest <= value <= self.highest

    def believed(self, value: N) -> N | None:
        """The value as it counts, of the same type; None if it is not believed."""
        if not self.holds(value):
            return None
        if self.floor is not None and value < self.floor:
            return type(value)(self.floor)
        return type(value)(self.ceiling) if self.ceiling is not None and value > self.ceiling else value


_POWER = Bound(-POWER_W_MAX, POWER_W_MAX)
_NEVER_NEGATIVE = Bound(OFFSET_W, POWER_W_MAX, floor=0)
_CODE = Bound(-CODE_MAX, CODE_MAX)

BOUNDS: Mapping[str, Bound] = MappingProxyType(
    {
        "solar_w": _NEVER_NEGATIVE,
        "solar_inverter_w": _POWER,
        "shunt_w": _POWER,
        "load_w": _NEVER_NEGATIVE,
        "battery_w": _POWER,
        "grid_w": _POWER,
        "battery_soc_pct": Bound(0, CHARGE_PCT_MAX, ceiling=100),
        "fault_code": _CODE,
        "fault_at": Bound(0, YEAR_2200_AT),
        "generator_status": _CODE,
        **{f"{name}_kwh_total": Bound(0, COUNTER_KWH_MAX) for name in COUNTERS},
    }
)
"""By field of Reading; times have rules of their own."""


def soon_at(now_at: float) -> int:
    """The latest time that a sample taken now may carry, by the host's clock."""
    return int(now_at) + SOON_S


def fault_at(at: int | None) -> int | None:
    """When a fault was noted: 0 (none), or a time since 2000; None for anything else."""
    return at if at is not None and (at == 0 or YEAR_2000_AT <= at <= YEAR_2200_AT) else None

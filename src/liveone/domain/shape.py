"""The shape of power over intervals, some of them missing: it spreads energy, or stands in for it."""

from collections.abc import Sequence
from itertools import pairwise

from liveone.domain.intervals import INTERVAL_S

KWH_PER_W = INTERVAL_S / 3_600_000
"""The energy of one watt over one interval."""


def bridge(powers_w: Sequence[float | None], *, longest: int) -> list[float | None]:
    """Draw a line across every inner run of at most ``longest`` missing values; other runs stay None."""
    filled = list(powers_w)
    known = [(place, power) for place, power in enumerate(powers_w) if power is not None]
    for (left, before), (right, after) in pairwise(known):
        if right - left - 1 <= longest:
            for place in range(left + 1, right):
                filled[place] = before + (after - before) * (place - left) / (right - left)
    return filled


def spread(kwh: float, powers_w: Sequence[float | None]) -> list[float]:
    """Share ``kwh`` out in proportion to power above 0, evenly where there is none."""
    weights = [max(0.0, power or 0.0) for power in powers_w]
    whole = sum(weights)
    if whole <= 0:
        return [kwh / len(weights)] * len(weights)
    return [kwh * weight / whole for weight in weights]


def integral_kwh(power_w: float | None) -> float | None:
    """The energy of one interval at ``power_w``, counted in one direction only; None if unknown."""
    return None if power_w is None else max(0.0, power_w) * KWH_PER_W

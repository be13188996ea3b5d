"""Which values of an energy counter to believe. Rule: physics bounds a step, and a drop needs a witness.

Two values agree when the step from one to the other is possible for the site in the time between them.
A value is believed when one of the two values before or after it agrees with it, unless it is the odd
one out: its neighbours agree with each other but not both with it. So a counter that falls to 0 for one
reading adds nothing (Home Assistant #115065: 25,567 -> 0 -> 25,567 added 25,567 kWh), a counter that
starts anew is believed from its second reading on, and a strange newest value waits for its successor.
Only near values are asked: what is believed of a day never depends on how long the history is.
"""

import re
from collections.abc import Sequence
from operator import sub

from liveone.domain.intervals import INTERVAL_S
from liveone.domain.system import System

DEFAULT_RATED_KW = 100.0
"""The rated power of a system that says nothing of itself."""

MARGIN = 1.5
"""How far a site may exceed its rated power for as long as it likes."""

SLACK_KWH = 0.25
"""What a step may exceed its bound by: some ticks (0.09 kWh), and a sample taken a little later."""

ROUNDING_KWH = 0.0015
"""A counter may seem to fall by this much: portals send 916.741 and 916.74067 of the same value in turn."""

GAP_S_MAX = 400 * 86400
"""Values further apart than this are not compared: a device clock was wrong, or the site was rebuilt."""

_POWER = re.compile(
    r"(?:(\d{1,9})\s?[x×]\s?)?(\d{1,9}(?:[.,]\d{1,9})?)\s?([kM]?)(?:W|VA)(?!\s?h)", re.IGNORECASE
)
_KILO = {"": 0.001, "k": 1.0, "m": 1000.0}


def rated_kw(system: System) -> float:
    """The largest power in the system's texts (``7.5kW, 48V``, ``2 x 5 kW``, ``9 kWp``), else 100 kW."""
    found = [
        _kw(*match) for text in (system.ratings, system.solar_size) for match in _POWER.findall(text or "")
    ]
    return max(found, default=0.0) or DEFAULT_RATED_KW


def _kw(count: str, number: str, prefix: str) -> float:
    return int(count or 1) * float(number.replace(",", ".")) * _KILO[prefix.lower()]


def bound_kwh(rated_kw: float, elapsed_s: float) -> float:
    """The most energy that a counter of the site can gain in ``elapsed_s`` seconds."""
    return rated_kw * MARGIN * elapsed_s / 3600 + SLACK_KWH


def agree(earlier: tuple[int, float], later: tuple[int, float], rated_kw: float) -> bool:
    """Whether the step between two points ``(at, kwh_total)`` is possible."""
    elapsed_s = later[0] - earlier[0]
    step = later[1] - earlier[1]
    return elapsed_s <= GAP_S_MAX and -ROUNDING_KWH <= step <= bound_kwh(rated_kw, elapsed_s)


def breaks(ends: Sequence[int], totals: Sequence[float], rated_kw: float) -> list[int]:
    """The positions whose value does not agree with the one before.

    ``ends`` are the interval ends of the ``totals`` (kWh), ascending. Every value of every counter passes
    here, so what is possible within a single interval is let through before ``agree`` is asked.
    """
    always_kwh = bound_kwh(rated_kw, INTERVAL_S)
    steps = enumerate(zip(map(sub, totals[1:], totals), map(sub, ends[1:], ends), strict=True), start=1)
    suspects = [
        position
        for position, (step, elapsed_s) in steps
        if not -ROUNDING_KWH <= step <= always_kwh or elapsed_s > GAP_S_MAX
    ]
    return [p for p in suspects if not agree((ends[p - 1], totals[p - 1]), (ends[p], totals[p]), rated_kw)]


def doubted(ends: Sequence[int], totals: Sequence[float], broken: Sequence[int], rated_kw: float) -> set[int]:
    """The positions of the values not to believe; ``broken`` are the ``breaks`` of the same values."""
    suspects = {position + side for position in broken for side in (-1, 0)}
    points = list(zip(ends, totals, strict=True)) if suspects else []
    return {position for position in suspects if not _holds(points, position, rated_kw)}


def _holds(points: Sequence[tuple[int, float]], position: int, rated_kw: float) -> bool:
    def agreed(earlier: int, later: int) -> bool:
        inside = earlier >= 0 and later < len(points)
        return inside and agree(points[earlier], points[later], rated_kw)

    before, after = agreed(position - 1, position), agreed(position, position + 1)
    if before and after:
        return True
    is_odd_one_out = agreed(position - 1, position + 1)
    has_witness = before or after or agreed(position - 2, position) or agreed(position, position + 2)
    return has_witness and not is_odd_one_out

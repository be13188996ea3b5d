"""Averages values that arrive faster than readings are stored. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from liveone.domain.points import SENT

Timed = tuple[int, Mapping[str, Any]]
"""An instant (UTC epoch seconds) and values by field of a reading."""


def averaged(samples: Sequence[Timed], *, start_at: int, end_at: int) -> dict[str, Any]:
    """One value for each field over the span ``(start_at, end_at]``; fields that no sample has are left out.

    Powers, and points that are no counters, are means, each value weighted by the time until the next.
    Everything else (counters, charge, codes) is the newest value. ``samples`` ascend; those before the span
    say what still held at its start.
    """
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for _, values in samples for name in values):
        series = [(at, values[name]) for at, values in samples if values.get(name) is not None]
        if not series:
            continue
        if name.endswith("_w"):
            found[name] = _whole(_mean(series, start_at, end_at))
        elif name.startswith(SENT) and not name.endswith("_total"):
            found[name] = round(_mean(series, start_at, end_at), 3)
        else:
            found[name] = series[-1][1]
    return found


def _mean(series: Sequence[tuple[int, float]], start_at: int, end_at: int) -> float:
    weighted, whole_s = 0.0, 0
    for index, (at, value) in enumerate(series):
        until_at = series[index + 1][0] if index + 1 < len(series) else end_at
        held_s = max(0, min(until_at, end_at) - max(at, start_at))
        weighted, whole_s = weighted + value * held_s, whole_s + held_s
    return weighted / whole_s if whole_s else series[-1][1]


def _whole(mean: float) -> int:
    """Rounded half away from zero, as every power is."""
    return int(mean + 0.5) if mean >= 0 else -int(-mean + 0.5)

"""Values that came faster than readings are kept: what they were in a span of time, as one. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from liveone.domain.points import SENT

Timed = tuple[int, Mapping[str, Any]]
"""An instant (UTC epoch seconds) and values by field of a reading."""


def averaged(samples: Sequence[Timed], *, start_at: int, end_at: int) -> dict[str, Any]:
    """Powers are the mean of the span ``(start_at, end_at]``, each value weighted by the time until the next;
    of everything else (counters, charge, codes) the newest counts, but of points (a temperature) only of
    counters. ``samples`` ascend; those before the span say what still held when it began. A field that is
    absent from all samples is absent."""
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
    """Half away from zero, as every power is rounded."""
    return int(mean + 0.5) if mean >= 0 else -int(-mean + 0.5)

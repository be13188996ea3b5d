"""Which values of an energy counter to believe. Rule: power bounds a step, and a drop needs a witness.

Two values agree when power can have carried the step from one to the other since the counter last moved:
power that was read with a margin, and where none was read as much as was seen shortly before. A value is
believed when it agrees with one of the two values before or the two after it. An outlier is not: its
neighbours agree with each other, and not both with it. So a counter that falls to 0 for a while adds
nothing (Home Assistant #115065: 25,567 -> 0 -> 25,567 added 25,567 kWh), a counter that starts anew,
higher or lower, is believed from its second reading on, and a strange newest value waits for its
successor. Only near values are asked: what is believed of a day never depends on how long the history is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import sub
from typing import TypeVar, cast

from liveone.domain.intervals import INTERVAL_S
from liveone.domain.series import Series
from liveone.domain.shape import KWH_PER_W
from liveone.domain.system import System

_T = TypeVar("_T")

DEFAULT_RATED_KW = 100.0
"""The rated power of a system that says nothing of itself."""

MARGIN = 1.5
"""How far a step may exceed what power says, and a site its rated power."""

SLACK_KWH = 0.25
"""What a step may exceed its bound by: some ticks (0.09 kWh), and a sample taken a little later."""

ROUNDING_KWH = 0.0015
"""A counter may seem to fall by this much: portals send 916.741 and 916.74067 of the same value in turn."""

GAP_S_MAX = 400 * 86400
"""Values further apart than this are not compared: a device clock was wrong, or the site was rebuilt."""

STOOD_ROWS = 300
"""A counter that stands for more rows than this (25 hours of five minutes) is none meanwhile."""

UNSEEN_S_MAX = 31 * 86_400
"""Where none of its power was read, a counter may stand for so long instead."""

SEEN_ROWS = 72
"""So many rows before a step tell what power to expect where none was read (six hours of five minutes)."""

BRIEF_S = 3600
"""Zeros between two values that are no further apart than this cost no value its place."""

UNSEEN_KW, UNSEEN_SHARE = 2.0, 0.5
"""The mean power that any site may have had unseen: 2 kW, or half of its rated power where that is known."""

BRIEFLY_KW, BRIEFLY_H = 10.0, 1.0
"""For an hour it may have been this, or the rated power."""

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
    """The most energy that a counter of the site can gain in ``elapsed_s`` seconds at rated power."""
    return rated_kw * MARGIN * elapsed_s / 3600 + SLACK_KWH


@dataclass(frozen=True, slots=True)
class Chain:
    """The believed values of a counter: of which row, when (interval ends), how much (kWh), and the positions
    at which it starts anew. ``runs`` are the positions at which it takes another value than the one before;
    a counter that stands for ten years is one run, which no day has to walk along."""

    series: Series
    places: list[int]
    ends: list[int]
    totals: list[float]
    starts_anew: set[int]
    runs: list[int]
    rated_kw: float = DEFAULT_RATED_KW


def chain_of(series: Series, rated_kw: float) -> Chain:
    """What to believe of a counter. A 0 between two values that agree stands for the one before."""
    series = _without_zeros(series, rated_kw)
    places = list(range(len(series.totals)))
    if None in series.totals:
        places = [place for place in places if series.totals[place] is not None]
    broken = _breaks(series, places, rated_kw)
    # Twice: with a doubtful value taken out, its neighbours stand beside each other and must agree anew.
    refused = _doubted(series, places, broken, rated_kw)
    if refused:
        places = [place for position, place in enumerate(places) if position not in refused]
        broken = _breaks(series, places, rated_kw)
    ends, totals = _at(series.ends, places), _known(series, places)
    return Chain(series, places, ends, totals, set(broken), _runs(totals, broken), rated_kw)


def _at(values: Sequence[_T], places: Sequence[int]) -> list[_T]:
    return list(values) if len(values) == len(places) else [values[place] for place in places]


def _known(series: Series, places: Sequence[int]) -> list[float]:
    """The totals at places that have one."""
    return cast(list[float], _at(series.totals, places))


def _runs(totals: Sequence[float], starts_anew: Sequence[int]) -> list[int]:
    if not totals:
        return []
    steps = enumerate(map(sub, totals[1:], totals), start=1)
    found = [0, *(position for position, step in steps if step > ROUNDING_KWH)]
    return sorted({*found, *starts_anew}) if starts_anew else found


def agree(series: Series, earlier: int, later: int, rated_kw: float) -> bool:
    """Whether power can have carried the counter from the value of row ``earlier`` to that of ``later``."""
    start, end = series.totals[earlier], series.totals[later]
    assert start is not None
    assert end is not None
    step, end_at = end - start, series.ends[later]
    # A counter never falls: a value below the one before is a reset, or nonsense; neighbours decide which.
    if step < -ROUNDING_KWH or end_at - series.ends[earlier] > GAP_S_MAX:
        return False
    # So small a step needs no power to be believed.
    if step <= SLACK_KWH:
        return True
    since = _moved_last(series, earlier)
    since_at = series.ends[since]
    if not series.has_power:
        return step <= bound_kwh(rated_kw, end_at - since_at)
    peaks = series.peaks_w(since + 1, later)
    unseen_h = ((end_at - since_at) // INTERVAL_S - len(peaks) + 1) * INTERVAL_S / 3600
    carried = sum(peaks) * KWH_PER_W + _unseen_kwh(
        series.peaks_w(since - SEEN_ROWS, later), unseen_h, rated_kw
    )
    return step <= SLACK_KWH + MARGIN * max(carried, series.flow.kwh(since_at, end_at))


def is_unseen(series: Series, earlier: int, later: int) -> bool:
    """Whether no power was read between two rows, which are no more than a month apart."""
    start, end = series.ends[earlier], series.ends[later]
    return end - start <= UNSEEN_S_MAX and not series.flow.count(start, end - INTERVAL_S)


def most_between_kwh(elapsed_s: int, rated_kw: float) -> float:
    """The most that is believed of a step between two rows of which no power tells anything."""
    return SLACK_KWH + MARGIN * _unseen_kwh((0.0,), elapsed_s / 3600, rated_kw)


def _moved_last(series: Series, place: int) -> int:
    """The row at which the counter took the value that it has at ``place``, within the last 300 rows, or
    within those before them in which no power was read."""
    total, found = series.totals[place], place
    assert total is not None
    for earlier in range(place - 1, -1, -1):
        if place - earlier > STOOD_ROWS and not is_unseen(series, earlier, place):
            break
        before = series.totals[earlier]
        if before and abs(total - before) > ROUNDING_KWH:
            break
        if before:
            found = earlier
    return found


def _unseen_kwh(seen_w: Sequence[float], unseen_h: float, rated_kw: float) -> float:
    """The most that may have flowed in ``unseen_h`` hours; ``seen_w`` are the powers read around them."""
    if not seen_w:
        return rated_kw * unseen_h
    is_known = rated_kw != DEFAULT_RATED_KW
    most_kw = max(max(seen_w) / 1000, rated_kw * UNSEEN_SHARE if is_known else UNSEEN_KW)
    briefly_kw = max(most_kw, rated_kw if is_known else BRIEFLY_KW)
    return briefly_kw * min(unseen_h, BRIEFLY_H) + most_kw * max(0.0, unseen_h - BRIEFLY_H)


def _without_zeros(series: Series, rated_kw: float) -> Series:
    """Zeros that stand between two values that agree, or are the newest, give way to the value before; beyond
    an hour to none, so that what the counter gained meanwhile is spread, and not put where it came back."""
    totals = series.totals
    if min([total for total in totals if total is not None] if None in totals else totals, default=1) > 0:  # type: ignore[type-var,operator]
        return series
    mended = list(series.totals)
    known = [place for place, total in enumerate(mended) if total is not None]
    runs = [(zero, list(run)) for zero, run in groupby(known, key=lambda place: mended[place] <= 0)]  # type: ignore[operator]
    for position, (zero, run) in enumerate(runs):
        if not zero or position == 0:
            continue
        before = runs[position - 1][1][-1]
        after = runs[position + 1][1][0] if position + 1 < len(runs) else None
        if run[-1] - run[0] >= STOOD_ROWS and (after is None or not is_unseen(series, before, after)):
            continue
        if after is None or agree(series, before, after, rated_kw):
            is_brief = after is None or series.ends[after] - series.ends[before] <= BRIEF_S
            for place in run:
                mended[place] = series.totals[before] if is_brief else None
    return replace(series, totals=mended)


def _breaks(series: Series, places: Sequence[int], rated_kw: float) -> list[int]:
    """The positions in ``places`` whose value does not agree with the one before.

    Every value of every counter passes here, so a small step is let through before ``agree`` is asked.
    """
    totals, ends = _known(series, places), _at(series.ends, places)
    always_kwh = most_between_kwh(INTERVAL_S, rated_kw)
    steps = list(map(sub, totals[1:], totals))
    # Within the bound in all means within the bound each: then no pair has to be looked at.
    is_near = not ends or ends[-1] - ends[0] <= GAP_S_MAX
    if is_near and min(steps, default=0) >= -ROUNDING_KWH and max(steps, default=0) <= always_kwh:
        return []
    suspects = [
        position
        for position, (step, elapsed_s) in enumerate(zip(steps, map(sub, ends[1:], ends), strict=True), 1)
        if not -ROUNDING_KWH <= step <= always_kwh or elapsed_s > GAP_S_MAX
    ]
    return [p for p in suspects if not agree(series, places[p - 1], places[p], rated_kw)]


def _doubted(series: Series, places: Sequence[int], broken: Sequence[int], rated_kw: float) -> set[int]:
    """The positions of the values not to believe; ``broken`` are the ``_breaks`` of the same values."""
    # A break has two ends, and either may be the wrong value.
    suspects = {position + side for position in broken for side in (-1, 0)}
    return {position for position in suspects if not _holds(series, places, position, rated_kw)}


def _holds(series: Series, places: Sequence[int], position: int, rated_kw: float) -> bool:
    def agreed(earlier: int, later: int) -> bool:
        inside = earlier >= 0 and later < len(places)
        return inside and agree(series, places[earlier], places[later], rated_kw)

    before, after = agreed(position - 1, position), agreed(position, position + 1)
    if before and after:
        return True
    is_odd_one_out = agreed(position - 1, position + 1)
    has_witness = before or after or agreed(position - 2, position) or agreed(position, position + 2)
    return has_witness and not is_odd_one_out

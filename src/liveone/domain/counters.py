"""Decides which values of an energy counter to believe.

Two values agree if power can explain the step between them since the counter last moved: power that was read,
with a margin; where none was read, as much as was seen shortly before. A value is believed if it agrees with
one of the two values before or after it. An outlier is not believed: its neighbours agree with each other,
and not both with it.

So a counter that falls to 0 for a while adds nothing (Home Assistant #115065: 25,567 -> 0 -> 25,567 added
25,567 kWh). A counter that starts anew, higher or lower, is believed from its second reading on. A strange
newest value waits for its successor.

Rule: only near values are compared, so that what is believed of a day never depends on how long the history
is.
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
"""The rated power of a system whose vendor does not say it."""

MARGIN = 1.5
"""The factor by which a step may exceed the energy by power, and a site its rated power."""

SLACK_KWH = 0.25
"""The energy by which a step may exceed its bound.

Some ticks (0.09 kWh), and a sample taken a little later.
"""

ROUNDING_KWH = 0.0015
"""A counter may seem to fall by this: portals send 916.741 and 916.74067 for one value in turn."""

GAP_S_MAX = 400 * 86400
"""Values further apart are not compared: a device clock was wrong, or the site was rebuilt."""

STOOD_ROWS = 300
"""A counter that stands for more rows (25 hours of five minutes) counts as missing in that time."""

UNSEEN_S_MAX = 31 * 86_400
"""Without any power read, a counter may stand for this many seconds instead."""

SEEN_ROWS = 72
"""The rows before a step (six hours of five minutes) whose power bounds that which was not read."""

BRIEF_S = 3600
"""A zero between two values at most this far apart stands for the value before it."""

UNSEEN_KW, UNSEEN_SHARE = 2.0, 0.5
"""The mean power that any site may have had while it was not read: 2 kW, or half its rated power."""

BRIEFLY_KW, BRIEFLY_H = 10.0, 1.0
"""For an hour of that time, a site may have had this power, or its rated power."""

_POWER = re.compile(
    r"(?:(\d{1,9})\s?[x×]\s?)?(\d{1,9}(?:[.,]\d{1,9})?)\s?([kM]?)(?:W|VA)(?!\s?h)", re.IGNORECASE
)
_KILO = {"": 0.001, "k": 1.0, "m": 1000.0}


def rated_kw(system: System) -> float:
    """The largest power in a system's texts (``7.5kW, 48V``, ``2 x 5 kW``, ``9 kWp``) in kW, else 100."""
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
    """The believed values of a counter, by position.

    ``places`` are their row indices in ``series``, ``ends`` the ends of their intervals, ``totals`` the
    values in kWh. ``starts_anew`` are the positions at which another counter, or a reset, begins. ``runs``
    are the positions at which the value changes; a counter that stands for ten years is one run, so no day
    has to walk along it.
    """

    series: Series
    places: list[int]
    ends: list[int]
    totals: list[float]
    starts_anew: set[int]
    runs: list[int]
    rated_kw: float = DEFAULT_RATED_KW


def chain_of(series: Series, rated_kw: float) -> Chain:
    """The believed values of a counter; a 0 between two values that agree stands for the value before."""
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
    """The totals at places, all of which have one."""
    return cast(list[float], _at(series.totals, places))


def _runs(totals: Sequence[float], starts_anew: Sequence[int]) -> list[int]:
    if not totals:
        return []
    steps = enumerate(map(sub, totals[1:], totals), start=1)
    found = [0, *(position for position, step in steps if step > ROUNDING_KWH)]
    return sorted({*found, *starts_anew}) if starts_anew else found


def agree(series: Series, earlier: int, later: int, rated_kw: float) -> bool:
    """Whether power can explain the step of the counter from row ``earlier`` to row ``later``."""
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
    """Whether no power was read between two rows at most a month apart."""
    start, end = series.ends[earlier], series.ends[later]
    return end - start <= UNSEEN_S_MAX and not series.flow.count(start, end - INTERVAL_S)


def most_between_kwh(elapsed_s: int, rated_kw: float) -> float:
    """The largest step that is believed between two rows, if power says nothing about it."""
    return SLACK_KWH + MARGIN * _unseen_kwh((0.0,), elapsed_s / 3600, rated_kw)


def _moved_last(series: Series, place: int) -> int:
    """The row at which the counter took the value that it has at row ``place``.

    It is looked for in the last 300 rows, and before them as long as no power was read.
    """
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
    """The most energy that may have flowed in ``unseen_h`` hours.

    ``seen_w`` are the powers read around them.
    """
    if not seen_w:
        return rated_kw * unseen_h
    is_known = rated_kw != DEFAULT_RATED_KW
    most_kw = max(max(seen_w) / 1000, rated_kw * UNSEEN_SHARE if is_known else UNSEEN_KW)
    briefly_kw = max(most_kw, rated_kw if is_known else BRIEFLY_KW)
    return briefly_kw * min(unseen_h, BRIEFLY_H) + most_kw * max(0.0, unseen_h - BRIEFLY_H)


def _without_zeros(series: Series, rated_kw: float) -> Series:
    """The series without zeros between two values that agree, or at its end.

    A brief zero becomes the value before it. In a gap of more than an hour it becomes None, so that the step
    behind the gap is spread over it.
    """
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
    """The positions whose value does not agree with the one before.

    Every value of every counter comes through here, so small steps are let through before ``agree`` is asked.
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
    """The positions of values that are not believed; ``broken`` are the `_breaks` of the same values."""
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

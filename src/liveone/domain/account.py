"""Computes the energy of one counter by interval: from the counter's steps or, if these fail, from power.

A step is the difference of two believed values in a row; a standstill is the time in which the counter keeps
its value. A position is an index into the believed values (`Chain`), a place an index into the rows.

Rule: each interval gets its energy from one source: a step (measured, or spread over a gap and estimated), or
else the integral of power (estimated). A step after a standstill in which energy flowed belongs to the whole
standstill. If the step is too small for that, the counter counts as missing for that time, and the integral
stands in.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import gcd

from liveone.domain.counters import (
    MARGIN,
    SEEN_ROWS,
    SLACK_KWH,
    STOOD_ROWS,
    Chain,
    is_unseen,
    most_between_kwh,
)
from liveone.domain.intervals import INTERVAL_S, interval_ends
from liveone.domain.shape import KWH_PER_W, Flow, spread

BRIDGED_INTERVALS = 12
"""The integral of power draws a line across gaps of at most an hour; in a longer gap it is unknown."""

TICK_KWH = 0.9
"""A first step above this may hold energy from before it was seen: some counters tick in 10 kWh."""

LAG_S = 900
"""Counters may follow power this many seconds later.

What flowed just before a step may be in the next one.
"""

GUESSED_S_MAX = 31 * 86_400
"""Over a longer gap nothing is guessed, neither for a step nor if the counter was exchanged in it."""

LINE_INTERVALS = 36
"""A step across a gap of up to three hours is spread along a line.

Across a longer one, like the day before.
"""

USUAL_S_MIN = 8 * 3600
"""A day with fewer seconds between its first and last reading is no model for another day."""

RESOLUTION_KWH_MAX = 10.0
"""No counter has a coarser resolution."""

MAKES_UP = 0.75
"""A step makes up for a standstill if it is at least this share of the energy that power shows."""

ALIKE, ALIKE_UNSEEN = 1.25, 1.5
"""Factors (power read all the time, or not) by which a step may exceed the energy by power.

A larger step holds energy from before its standstill.
"""


class CounterEnergy:
    """The energy of one counter in each interval of ``(start_at, end_at]``.

    Three lists in the order of intervals.

    ``kwh`` is None where nothing is known; ``estimated`` says that it does not come from one step of one
    interval; ``kwh_total`` is the believed value, or None. The rows of the chain reach beyond the span on
    both sides as far as energies inside depend on them (`energy.ROWS_BEFORE`, `ROWS_AFTER`).
    """

    def __init__(self, chain: Chain, start_at: int, end_at: int) -> None:
        self._series, self._chain, self._ends = chain.series, chain, chain.ends
        self._start_at, self._end_at = start_at, end_at
        self._first_end = interval_ends(start_at, end_at).start
        size = len(interval_ends(start_at, end_at))
        self.kwh: list[float | None] = [None] * size
        self.estimated = [False] * size
        self.kwh_total: list[float | None] = [None] * size
        self._fill()

    def _fill(self) -> None:
        """Write each step into the interval in which it arrives, then correct where that is wrong."""
        places, ends = self._chain.places, self._series.ends
        if not places:
            if ends:
                self._integrate(ends[0] - INTERVAL_S, ends[-1])
            return
        self._write()
        if places[0] > 0:
            self._integrate(ends[0] - INTERVAL_S, ends[places[0]])
        self._mend()
        self._integrate(ends[places[-1]], ends[-1])

    def _write(self) -> None:
        totals, ends = self._chain.totals, self._ends
        first, beyond = bisect_right(ends, self._start_at), bisect_right(ends, self._end_at)
        for position in range(first, beyond):
            self.kwh_total[self._slot(ends[position])] = totals[position]
        for position in range(max(1, first), beyond):
            self.kwh[self._slot(ends[position])] = totals[position] - totals[position - 1]

    def _mend(self) -> None:
        """Correct each standstill that touches the span, and each step across a gap or to another counter."""
        runs = self._chain.runs
        touched = max(0, bisect_right(self._ends, self._start_at) - 1)
        beyond = bisect_right(self._ends, self._end_at)
        for number in range(bisect_right(runs, touched) - 1, bisect_left(runs, beyond)):
            first = runs[number]
            last = runs[number + 1] - 1 if number + 1 < len(runs) else len(self._ends) - 1
            if last > first or self._is_odd(first + 1):
                self._run(number, last)

    def _is_odd(self, position: int) -> bool:
        """Whether the step to a position is anything but the difference over one interval of one counter."""
        if position >= len(self._ends):
            return False
        anew = self._chain.starts_anew
        is_first = position == 1 or position in anew or position - 1 in anew
        return is_first or self._ends[position] - self._ends[position - 1] != INTERVAL_S

    def _run(self, number: int, last: int) -> None:
        """Correct one run, the positions with one value up to ``last``, and the step that ends it.

        The counter moves behind ``last``, or it starts anew there, or the rows end.
        """
        places, ends, first = self._chain.places, self._ends, self._chain.runs[number]
        ends_here = last + 1 == len(places) or last + 1 in self._chain.starts_anew
        made_up_kwh = None if ends_here else self._made_up_kwh(number, last)
        if made_up_kwh is not None:
            self._spread(ends[first], ends[last + 1], made_up_kwh)
            return
        is_long = places[last] - places[first] > STOOD_ROWS
        is_dead = last > first and self._stood_kwh(first, last, is_open=ends_here or is_long) > SLACK_KWH
        if is_dead:
            self._integrate(ends[first], ends[last])
        elif last > first:
            self._steps(first + 1, last)
        if last + 1 == len(places):
            return
        if not ends_here and self._is_too_much(first, last):
            self._spread_unseen(first, last)
        else:
            self._arrival(last + 1, was_dead=is_dead and is_long)

    def _is_too_much(self, first: int, last: int) -> bool:
        """Whether the step behind ``last`` must be spread over the whole run, in which no power was read.

        That is so if the step is too large for the time since ``last``, or the counter itself was absent for
        long.
        """
        places, totals, ends = self._chain.places, self._chain.totals, self._ends
        if not is_unseen(self._series, places[first], places[last + 1]):
            return False
        step, elapsed_s = totals[last + 1] - totals[last], ends[last + 1] - ends[last]
        most_kwh = most_between_kwh(elapsed_s, self._chain.rated_kw)
        return places[last + 1] - places[last] > STOOD_ROWS or (last > first and step > most_kwh)

    def _spread_unseen(self, first: int, last: int) -> None:
        """Share the step behind ``last`` evenly among the last 300 rows since ``first``.

        A day sees no more.
        """
        places, totals, ends = self._chain.places, self._chain.totals, self._ends
        begin = self._series.ends[max(places[first], places[last + 1] - STOOD_ROWS)]
        start, stop = self._clipped(begin, ends[last + 1])
        if stop > start:
            each_kwh = (totals[last + 1] - totals[last]) * INTERVAL_S / (ends[last + 1] - begin)
            self._estimate(start, [each_kwh] * ((stop - start) // INTERVAL_S))

    def _made_up_kwh(self, number: int, last: int) -> float | None:
        """The energy of the whole run, if the step behind ``last`` makes up for it.

        None if the step stands alone.
        """
        places, totals, ends = self._chain.places, self._chain.totals, self._ends
        first, flow = self._chain.runs[number], self._series.flow
        step = totals[last + 1] - totals[last]
        start, stop, arrived = ends[first], ends[last], ends[last + 1]
        if step <= SLACK_KWH or places[last] - places[first] > STOOD_ROWS:
            return None
        is_near = arrived - stop <= (BRIDGED_INTERVALS + 1) * INTERVAL_S
        if is_near and flow.count(start, arrived) and self._began_before(number):
            alike = ALIKE if flow.is_whole(start, arrived) else ALIKE_UNSEEN
            if step > max(TICK_KWH, alike * flow.most_kwh(start, arrived) + SLACK_KWH):
                return flow.kwh(start, arrived)
        if self._series.real.kwh(start, stop) <= SLACK_KWH:
            return None
        if not self._falls_short(first, last):
            return step
        is_whole = step > MARGIN * flow.kwh(stop, arrived) + SLACK_KWH
        return self._known_kwh(first, last) if is_whole else None

    def _began_before(self, number: int) -> bool:
        """Whether the run's step may hold earlier energy: the counter is new, or power counted before."""
        runs, anew = self._chain.runs, self._chain.starts_anew
        first = runs[number]
        if first == 0 or first in anew:
            return True
        return self._power_counted(runs[number - 1], first - 1)

    def _power_counted(self, first: int, last: int) -> bool:
        """Whether the integral of power counts for a standstill, and not the step behind it."""
        places, ends = self._chain.places, self._ends
        if places[last] - places[first] <= STOOD_ROWS:
            return self._falls_short(first, last)
        step, flow = self._chain.totals[last + 1] - self._chain.totals[last], self._series.flow
        begin = self._series.ends[places[last] - STOOD_ROWS]
        stood_kwh = self._series.certain_kwh(begin, ends[last], longest=BRIDGED_INTERVALS)
        is_whole = step > MARGIN * flow.kwh(ends[last], ends[last + 1]) + SLACK_KWH
        return stood_kwh > SLACK_KWH and is_whole

    def _falls_short(self, first: int, last: int) -> bool:
        """Whether the step behind ``last`` is less than power certainly shows since ``first``."""
        step = self._chain.totals[last + 1] - self._chain.totals[last]
        is_less = step + SLACK_KWH < MAKES_UP * self._known_kwh(first, last, lag_s=LAG_S)
        return is_less and not self._awaited_a_tick(first, last)

    def _known_kwh(self, first: int, last: int, *, lag_s: int = 0) -> float:
        """The energy that certainly flowed from ``first`` to ``lag_s`` before the step behind ``last``."""
        start, arrived = self._ends[first], self._ends[last + 1] - lag_s
        return self._series.certain_kwh(start, arrived, longest=BRIDGED_INTERVALS)

    def _awaited_a_tick(self, first: int, last: int) -> bool:
        """Whether the counter may have stood only because less than one unit of its resolution had flowed.

        A counter of 10 kWh resolution that is read hourly stands one hour in ten at 9 kW, and misses nothing.
        The resolution is the greatest common divisor of the steps around.
        """
        chain = self._chain
        begin = bisect_left(chain.places, chain.places[first] - SEEN_ROWS) + 1
        steps = (
            chain.totals[position] - chain.totals[position - 1]
            for position in range(begin, last + 2)
            if position not in chain.starts_anew
        )
        resolution_kwh = min(RESOLUTION_KWH_MAX, gcd(*(round(step * 1000) for step in steps)) / 1000)
        stood_kwh = self._series.certain_kwh(self._ends[first], self._ends[last], longest=BRIDGED_INTERVALS)
        return stood_kwh <= ALIKE * resolution_kwh

    def _stood_kwh(self, first: int, last: int, *, is_open: bool) -> float:
        """The energy that certainly flowed during a standstill, without its last `LAG_S` seconds.

        With ``is_open`` no step has made up for it yet. A day does not know the rows after it, so it counts
        no further than its end, and no further back than its rows reach.
        """
        start, stop = self._ends[first], self._ends[last] - LAG_S
        if is_open:
            rows = self._series.ends
            begin = max(0, bisect_right(rows, self._start_at) - STOOD_ROWS)
            start, stop = max(start, rows[begin]), min(stop, self._end_at)
        return self._series.certain_kwh(start, stop, longest=BRIDGED_INTERVALS)

    def _arrival(self, position: int, *, was_dead: bool) -> None:
        """The energy of the step to a position with another value.

        ``was_dead``: power counted for the standstill before.
        """
        totals, ends = self._chain.totals, self._ends
        after, end = ends[position - 1], ends[position]
        if position in self._chain.starts_anew:
            self._integrate(after, end, fills_holes=end - after > INTERVAL_S)
            return
        step = totals[position] - totals[position - 1]
        if was_dead and step > MARGIN * self._series.flow.kwh(after, end) + SLACK_KWH:
            self._integrate(after, end)
        else:
            self._step(position)

    def _steps(self, first: int, last: int) -> None:
        """Spread those steps within a run that cross a gap."""
        if self._ends[last] - self._ends[first - 1] > (last - first + 1) * INTERVAL_S:
            begin = max(first, bisect_right(self._ends, self._start_at))
            for position in range(begin, min(last, bisect_left(self._ends, self._end_at)) + 1):
                self._step(position)

    def _step(self, position: int) -> None:
        """Spread a step over the gap that it crosses; a step of one interval stays where it is."""
        places, totals = self._chain.places, self._chain.totals
        after, end = self._ends[position - 1], self._ends[position]
        if end - after == INTERVAL_S:
            return
        if places[position] - places[position - 1] > STOOD_ROWS:
            self._integrate(after, end)
        else:
            self._spread(after, end, totals[position] - totals[position - 1])

    def _slot(self, end: int) -> int:
        return (end - self._first_end) // INTERVAL_S

    def _clipped(self, after: int, end: int) -> tuple[int, int]:
        return max(after, self._first_end - INTERVAL_S), min(end, self._end_at)

    def _spread(self, after: int, end: int, kwh: float) -> None:
        """Write the span's part of ``kwh``, spread by the shape of power in ``(after, end]``.

        If ``kwh`` is far more than power shows, the surplus goes to the intervals in which power was not
        read.
        """
        start, stop = self._clipped(after, end)
        if stop - start < INTERVAL_S:
            return
        by_day = self._by_usual_day((start, stop), (after, end), kwh)
        if by_day is not None:
            self._estimate(start, by_day)
            return
        flow, count = self._series.flow, (end - after) // INTERVAL_S
        whole = flow.kwh(after, end)
        if whole > 0 and kwh > ALIKE_UNSEEN * whole + SLACK_KWH and not flow.is_whole(after, end):
            self._estimate(start, self._in_silence((start, stop), (after, end), kwh))
            return
        part = kwh * (flow.kwh(start, stop) / whole if whole > 0 else (stop - start) // INTERVAL_S / count)
        self._estimate(start, list(spread(part, flow.by_interval(start, stop))))

    def _by_usual_day(self, part: tuple[int, int], whole: tuple[int, int], kwh: float) -> list[float] | None:
        """Energies for the intervals of ``part``, if ``kwh`` flowed in ``whole``.

        None without a long gap or a model.

        Intervals with power get that; the rest is spread like the same time of the day before.
        """
        flow, (after, end) = self._series.flow, whole
        if not LINE_INTERVALS * INTERVAL_S < end - after <= GUESSED_S_MAX:
            return None
        watts = flow.by_interval(after, end, longest=LINE_INTERVALS)
        if None not in watts:
            return None
        begin = after + watts.index(None) * INTERVAL_S
        usual = flow.usual_day(begin) or self._counted().usual_day(begin)
        if usual is None or usual.read_s < USUAL_S_MIN:
            return None
        ends = interval_ends(after, end)
        drawn = [usual.watts_at(at) if w is None else 0.0 for at, w in zip(ends, watts, strict=True)]
        rest_kwh, drawn_kwh = kwh - _kwh(sum(w or 0.0 for w in watts)), _kwh(sum(drawn))
        if rest_kwh <= 0 or drawn_kwh <= 0:
            return None
        first, beyond = ((at - after) // INTERVAL_S for at in part)
        return [
            _kwh(drawn_w) * rest_kwh / drawn_kwh if seen_w is None else _kwh(seen_w)
            for seen_w, drawn_w in zip(watts[first:beyond], drawn[first:beyond], strict=True)
        ]

    def _counted(self) -> Flow:
        """The mean power between steps of the counter, for systems whose power is not read."""
        ends, totals, anew = self._ends, self._chain.totals, self._chain.starts_anew
        steps = {
            ends[p]: max(0.0, totals[p] - totals[p - 1]) * 3_600_000 / (ends[p] - ends[p - 1])
            for p in range(1, len(ends))
            if p not in anew
        }
        return Flow(list(steps), list(steps.values()))

    def _in_silence(self, part: tuple[int, int], whole: tuple[int, int], kwh: float) -> list[float]:
        """Energies for the intervals of ``part``, if ``kwh`` flowed in ``whole``.

        Intervals with power get that; the rest is spread over the others along the line of power, or evenly
        if it is 0.
        """
        flow, (after, end) = self._series.flow, whole
        seen_kwh = flow.kwh(after, end, longest=0)
        line_kwh, rest_kwh = flow.kwh(after, end) - seen_kwh, kwh - seen_kwh
        seen, drawn = flow.by_interval(*part, longest=0), flow.by_interval(*part)
        if line_kwh > 0:
            unseen = [_kwh(line_w or 0) * rest_kwh / line_kwh for line_w in drawn]
        else:
            unseen = [rest_kwh / ((end - after) // INTERVAL_S - flow.count(after, end))] * len(drawn)
        return [
            share_kwh if power_w is None else _kwh(power_w)
            for power_w, share_kwh in zip(seen, unseen, strict=True)
        ]

    def _integrate(self, after: int, end: int, *, fills_holes: bool = False) -> None:
        """Write the integral of power over the part of ``(after, end]`` in the span.

        ``fills_holes``: an interval without power gets that of the same time of the day before, as a night
        has no sun.
        """
        start, stop = self._clipped(after, end)
        if stop - start < INTERVAL_S:
            return
        flow = self._series.flow
        watts = flow.by_interval(start, stop, longest=BRIDGED_INTERVALS)
        usual = flow.usual_day(after) if fills_holes and end - after <= GUESSED_S_MAX else None
        if usual is not None:
            ends = interval_ends(start, stop)
            watts = [usual.watts_at(at) if w is None else w for at, w in zip(ends, watts, strict=True)]
        self._estimate(start, [None if power_w is None else _kwh(power_w) for power_w in watts])

    def _estimate(self, start: int, energies: Sequence[float | None]) -> None:
        first = self._slot(start) + 1
        beyond = first + len(energies)
        self.kwh[first:beyond] = energies
        self.estimated[first:beyond] = [kwh is not None for kwh in energies]


def _kwh(power_w: float) -> float:
    return power_w * KWH_PER_W

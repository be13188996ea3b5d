"""Energy of one counter by interval: where its steps go, and where power stands in for it.

Rule: every interval is written once - by a believed step, measured or spread, or else by the integral of
power. A step that comes after a standstill in which energy flowed belongs to the whole standstill. A
counter that stands while energy flows, and does not catch up later, counts as missing for that time.
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
"""The integral draws power across missing intervals for at most an hour; a longer hole has none."""

TICK_KWH = 0.9
"""Counters tick in up to 10 kWh: the first step that is seen may have begun before, if it is this large."""

LAG_S = 900
"""Counters follow power up to so much later: what flowed just before a counter moves may yet be shown."""

GUESSED_S_MAX = 31 * 86_400
"""Where a counter was exchanged in a longer silence, nobody can say what flowed in it."""

LINE_INTERVALS = 36
"""A step is spread along a line across a hole of up to three hours; across a longer one as the day before."""

USUAL_S_MIN = 8 * 3600
"""A day of which less was read does not tell how energy is spread over another."""

RESOLUTION_KWH_MAX = 10.0
"""No counter ticks in more."""

MAKES_UP = 0.75
"""A step makes up for a standstill if it is at least this share of what power says."""

ALIKE, ALIKE_UNSEEN = 1.25, 1.5
"""A step that exceeds by more what power says since its value was first seen began before that. Power that
was not seen while the counter stood says less."""


class CounterEnergy:
    """``kwh``, ``estimated`` and the believed ``kwh_total`` of each interval in ``(start_at, end_at]``.

    ``kwh`` is None where nothing is known. The rows of the series reach beyond the span on both sides as far
    as energies within depend on them.
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
        """Write every step into the interval where it arrives, then mend the places where that is wrong."""
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
        """Every run of one value that touches the span, and every step over a hole or to another counter."""
        runs = self._chain.runs
        touched = max(0, bisect_right(self._ends, self._start_at) - 1)
        beyond = bisect_right(self._ends, self._end_at)
        for number in range(bisect_right(runs, touched) - 1, bisect_left(runs, beyond)):
            first = runs[number]
            last = runs[number + 1] - 1 if number + 1 < len(runs) else len(self._ends) - 1
            if last > first or self._is_odd(first + 1):
                self._run(number, last)

    def _is_odd(self, position: int) -> bool:
        """Whether a step is not simply that of one interval."""
        if position >= len(self._ends):
            return False
        anew = self._chain.starts_anew
        is_first = position == 1 or position in anew or position - 1 in anew
        return is_first or self._ends[position] - self._ends[position - 1] != INTERVAL_S

    def _run(self, number: int, last: int) -> None:
        """The counter stood up to ``last`` and moved then, or starts anew, or ends."""
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
        """Whether the step behind ``last`` cannot all have flowed since then, or nobody saw the counter for
        long, where no power was read since it took the value of ``first``."""
        places, totals, ends = self._chain.places, self._chain.totals, self._ends
        if not is_unseen(self._series, places[first], places[last + 1]):
            return False
        step, elapsed_s = totals[last + 1] - totals[last], ends[last + 1] - ends[last]
        most_kwh = most_between_kwh(elapsed_s, self._chain.rated_kw)
        return places[last + 1] - places[last] > STOOD_ROWS or (last > first and step > most_kwh)

    def _spread_unseen(self, first: int, last: int) -> None:
        """Share the step behind ``last`` evenly among the intervals since ``first``. A day knows no more than
        300 rows behind it, so what is longer is shared among the last of them: its sum is true."""
        places, totals, ends = self._chain.places, self._chain.totals, self._ends
        begin = self._series.ends[max(places[first], places[last + 1] - STOOD_ROWS)]
        start, stop = self._clipped(begin, ends[last + 1])
        if stop > start:
            each_kwh = (totals[last + 1] - totals[last]) * INTERVAL_S / (ends[last + 1] - begin)
            self._estimate(start, [each_kwh] * ((stop - start) // INTERVAL_S))

    def _made_up_kwh(self, number: int, last: int) -> float | None:
        """What the step behind ``last`` tells of the time since the counter took the value of that run; None
        where it stands for itself alone."""
        places, totals, ends = self._chain.places, self._chain.totals, self._ends
        first, flow = self._chain.runs[number], self._series.flow
        step = totals[last + 1] - totals[last]
        start, stop, arrived = ends[first], ends[last], ends[last + 1]
        if step <= SLACK_KWH or places[last] - places[first] > STOOD_ROWS:
            return None
        is_near = arrived - stop <= (BRIDGED_INTERVALS + 1) * INTERVAL_S
        if is_near and self._series.has_power and self._began_before(number):
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
        """Whether the step at the end of a run may hold what flowed before the run: where the counter is new,
        and where power counted before."""
        runs, anew = self._chain.runs, self._chain.starts_anew
        first = runs[number]
        if first == 0 or first in anew:
            return True
        return self._power_counted(runs[number - 1], first - 1)

    def _power_counted(self, first: int, last: int) -> bool:
        """Whether power counts for a standstill, and not the step behind it."""
        places, ends = self._chain.places, self._ends
        if places[last] - places[first] <= STOOD_ROWS:
            return self._falls_short(first, last)
        step, flow = self._chain.totals[last + 1] - self._chain.totals[last], self._series.flow
        begin = self._series.ends[places[last] - STOOD_ROWS]
        stood_kwh = self._series.certain_kwh(begin, ends[last], longest=BRIDGED_INTERVALS)
        is_whole = step > MARGIN * flow.kwh(ends[last], ends[last + 1]) + SLACK_KWH
        return stood_kwh > SLACK_KWH and is_whole

    def _falls_short(self, first: int, last: int) -> bool:
        """Whether the step behind ``last`` is less than it must show by then of power since ``first``."""
        step = self._chain.totals[last + 1] - self._chain.totals[last]
        is_less = step + SLACK_KWH < MAKES_UP * self._known_kwh(first, last, lag_s=LAG_S)
        return is_less and not self._awaited_a_tick(first, last)

    def _known_kwh(self, first: int, last: int, *, lag_s: int = 0) -> float:
        """What surely flowed from the value of ``first`` to ``lag_s`` before that behind ``last``."""
        start, arrived = self._ends[first], self._ends[last + 1] - lag_s
        return self._series.certain_kwh(start, arrived, longest=BRIDGED_INTERVALS)

    def _awaited_a_tick(self, first: int, last: int) -> bool:
        """Whether a counter that stood from ``first`` to ``last`` may just not have had a whole tick to show:
        one of 10 kWh that is read every hour stands one hour in ten at 9 kW, and has counted everything."""
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
        """What was seen to flow while the counter stood, and long enough before its end to be shown by then.
        Where nothing has made up for it yet, a day does not know what comes behind it, and looks back no
        further than its rows reach."""
        start, stop = self._ends[first], self._ends[last] - LAG_S
        if is_open:
            rows = self._series.ends
            begin = max(0, bisect_right(rows, self._start_at) - STOOD_ROWS)
            start, stop = max(start, rows[begin]), min(stop, self._end_at)
        return self._series.certain_kwh(start, stop, longest=BRIDGED_INTERVALS)

    def _arrival(self, position: int, *, was_dead: bool) -> None:
        """The step to a value that differs from the one before."""
        totals, ends = self._chain.totals, self._ends
        after, end = ends[position - 1], ends[position]
        if position in self._chain.starts_anew:
            self._integrate(after, end, fills_holes=True)
            return
        step = totals[position] - totals[position - 1]
        if was_dead and step > MARGIN * self._series.flow.kwh(after, end) + SLACK_KWH:
            self._integrate(after, end)
        else:
            self._step(position)

    def _steps(self, first: int, last: int) -> None:
        """The steps to the positions from ``first`` to ``last``, where there are holes among them."""
        if self._ends[last] - self._ends[first - 1] > (last - first + 1) * INTERVAL_S:
            begin = max(first, bisect_right(self._ends, self._start_at))
            for position in range(begin, min(last, bisect_left(self._ends, self._end_at)) + 1):
                self._step(position)

    def _step(self, position: int) -> None:
        """A step over a hole is spread; between adjacent intervals it stands where it was written."""
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
        """The part of ``kwh`` that belongs to the span, by the shape of power in ``(after, end]``. Far more
        than that power was made where power was not read."""
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
        """The intervals of ``part`` where ``kwh`` flowed in ``whole``: as read, and the rest as at that time
        of the day before. None where no hole is long, or that day tells nothing."""
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
        """The mean power that the steps of the counter tell, where no power was read."""
        ends, totals, anew = self._ends, self._chain.totals, self._chain.starts_anew
        steps = {
            ends[p]: max(0.0, totals[p] - totals[p - 1]) * 3_600_000 / (ends[p] - ends[p - 1])
            for p in range(1, len(ends))
            if p not in anew
        }
        return Flow(list(steps), list(steps.values()))

    def _in_silence(self, part: tuple[int, int], whole: tuple[int, int], kwh: float) -> list[float]:
        """The intervals of ``part`` where ``kwh`` flowed in ``whole``: as much as was read, and the rest for
        those of which nothing was read, by the line across them, or evenly where that is at 0."""
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
        """The integral of power over the part of ``(after, end]`` that is in the span. ``fills_holes``: where
        nothing was read, what flowed at that time of the day before: a night has no sun."""
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

"""Power over time: the shape by which energy is spread, and the integral that stands in for a counter.

A row's power holds for its own interval. A line is drawn between two rows; the caller says how long a gap it
may cross. Powers count in one direction only and are never below 0.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import sub

from liveone.domain.intervals import INTERVAL_S

KWH_PER_W = INTERVAL_S / 3_600_000
"""The energy of one watt over one interval."""

DAY_S = 86_400
UNBOUNDED = 1 << 40
"""As ``longest``: a line is drawn across every gap."""


@dataclass(frozen=True, slots=True)
class _Line:
    """``count`` missing intervals from ``first_end`` on.

    ``watts`` in the first, ``step_w`` more in each next one.

    ``least_w`` and ``most_w`` are the powers at the two ends of the line.
    """

    first_end: int
    count: int
    watts: float
    step_w: float
    least_w: float
    most_w: float

    @property
    def sum_w(self) -> float:
        return self.count * self.watts + self.step_w * self.count * (self.count - 1) / 2


@dataclass(frozen=True)
class Flow:
    """Power in one direction: ``watts[i]`` in the interval that ends at ``ends[i]``, ascending."""

    ends: Sequence[int]
    watts: Sequence[float]

    def kwh(self, after_end: int, last_end: int, *, longest: int = UNBOUNDED) -> float:
        """The energy of the intervals that end in ``(after_end, last_end]``; unknown power counts as 0.

        ``longest`` is the number of missing intervals that a line may cross.
        """
        rows_w = sum(self.watts[self._within(after_end, last_end)])
        return KWH_PER_W * (rows_w + sum(line.sum_w for line in self._lines(after_end, last_end, longest)))

    def least_in_holes_kwh(self, after_end: int, last_end: int, *, longest: int) -> float:
        """The energy in gaps alone, with the smaller of the powers on both sides of each."""
        lines = self._lines(after_end, last_end, longest)
        return KWH_PER_W * sum(line.count * line.least_w for line in lines)

    def most_kwh(self, after_end: int, last_end: int) -> float:
        """As ``kwh``, with the larger of the powers on both sides of each gap.

        What may have flowed at most.
        """
        rows_w = sum(self.watts[self._within(after_end, last_end)])
        lines = self._lines(after_end, last_end, UNBOUNDED)
        return KWH_PER_W * (rows_w + sum(line.count * line.most_w for line in lines))

    def by_interval(self, after_end: int, last_end: int, *, longest: int = UNBOUNDED) -> list[float | None]:
        """The power of each interval that ends in ``(after_end, last_end]``; None if it is unknown."""
        found: list[float | None] = [None] * ((last_end - after_end) // INTERVAL_S)
        within = self._within(after_end, last_end)
        for end, watts in zip(self.ends[within], self.watts[within], strict=True):
            found[(end - after_end) // INTERVAL_S - 1] = watts
        for line in self._lines(after_end, last_end, longest):
            place = (line.first_end - after_end) // INTERVAL_S - 1
            found[place : place + line.count] = [
                line.watts + line.step_w * each for each in range(line.count)
            ]
        return found

    def count(self, after_end: int, last_end: int) -> int:
        """The number of intervals that end in ``(after_end, last_end]`` and have power."""
        return len(self.ends[self._within(after_end, last_end)])

    def is_whole(self, after_end: int, last_end: int) -> bool:
        """Whether the power of every interval that ends in ``(after_end, last_end]`` is known."""
        return self.count(after_end, last_end) * INTERVAL_S == last_end - after_end

    def usual_day(self, until_end: int) -> "UsualDay | None":
        """The day before ``until_end`` as a model; None if no power was read in it."""
        within = self._within(until_end - DAY_S, until_end)
        ends, watts = self.ends[within], self.watts[within]
        if not ends:
            return None
        read = self.by_interval(ends[0] - INTERVAL_S, ends[-1])
        unread = (DAY_S - (ends[-1] - ends[0])) // INTERVAL_S - 1
        dark_w = min(watts[0], watts[-1], sum(watts) / len(watts))
        return UsualDay(ends[0], [each_w or 0.0 for each_w in read] + [dark_w] * unread, ends[-1] - ends[0])

    def _within(self, after_end: int, last_end: int) -> slice:
        return slice(bisect_right(self.ends, after_end), bisect_right(self.ends, last_end))

    @cached_property
    def _holes(self) -> list[int]:
        """The places with missing intervals before them."""
        if not self.ends or self.ends[-1] - self.ends[0] == (len(self.ends) - 1) * INTERVAL_S:
            return []
        gaps = map(sub, self.ends[1:], self.ends)
        return [place for place, gap_s in enumerate(gaps, start=1) if gap_s > INTERVAL_S]

    def _lines(self, after_end: int, last_end: int, longest: int) -> Iterator[_Line]:
        """The parts in ``(after_end, last_end]`` of the lines across gaps."""
        if not self._holes:
            return
        within = self._within(after_end, last_end)
        first, last = bisect_left(self._holes, within.start), bisect_right(self._holes, within.stop)
        for place in self._holes[first:last]:
            start, end = self.ends[place - 1], self.ends[place]
            number = (end - start) // INTERVAL_S
            begin = max(1, (after_end - start) // INTERVAL_S + 1)
            stop = min(number - 1, (last_end - start) // INTERVAL_S)
            if number - 1 <= longest and begin <= stop:
                before_w, after_w = self.watts[place - 1], self.watts[place]
                step_w = (after_w - before_w) / number
                yield _Line(
                    start + begin * INTERVAL_S,
                    stop - begin + 1,
                    before_w + step_w * begin,
                    step_w,
                    min(before_w, after_w),
                    max(before_w, after_w),
                )


@dataclass(frozen=True)
class UsualDay:
    """The power of a whole day by interval, as a model for a time in which nothing was read.

    The first interval ends at ``first_end``; ``read_s`` is the time from the first reading to the last. From
    there to the first interval again, power is the smaller of the two at its ends, and never above the day's
    mean: an inverter that wakes in the sun made nothing in the dark, and an oven may have been on at both.
    """

    first_end: int
    watts: Sequence[float]
    read_s: int

    def watts_at(self, end: int) -> float:
        """The power at the same time of day as ``end``."""
        return self.watts[(end - self.first_end) // INTERVAL_S % len(self.watts)]


def spread(kwh: float, powers_w: Sequence[float | None]) -> list[float]:
    """Share ``kwh`` among intervals in proportion to power, or evenly if there is none."""
    weights = [power_w or 0.0 for power_w in powers_w]
    whole = sum(weights)
    if whole <= 0:
        return [kwh / len(weights)] * len(weights)
    return [kwh * weight / whole for weight in weights]

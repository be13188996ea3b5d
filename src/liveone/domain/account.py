"""One energy counter over a row of intervals: where its steps go, and where power stands in for it.

Rule: every interval is written once - by a believed step, measured or spread, or else by the integral.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter, sub

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.counters import GAP_S_MAX, breaks, doubted
from liveone.domain.intervals import INTERVAL_S
from liveone.domain.reading import COUNTERS
from liveone.domain.shape import bridge, integral_kwh, spread

BRIDGE_INTERVALS_MAX = 12
"""The integral draws power across missing intervals for at most an hour; a longer hole has none."""

SOURCES = {
    "solar": ("solar_w_avg", 1),
    "load": ("load_w_avg", 1),
    "battery_in": ("battery_w_avg", -1),
    "battery_out": ("battery_w_avg", 1),
    "grid_in": ("grid_w_avg", 1),
    "grid_out": ("grid_w_avg", -1),
}
"""The power that drives each counter, and the sign that makes it rise."""


class Timeline:
    """All intervals from the first row to the last; ``rows`` has None where one is missing.

    A hole of more than 400 days (a device clock that was wrong) is left out.
    """

    def __init__(self, ordered: Sequence[FiveMinutes]) -> None:
        self.ends: list[int] = []
        self.rows: list[FiveMinutes | None] = []
        expected = ordered[0].interval_end if ordered else 0
        for row in ordered:
            end = row.interval_end
            if expected < end <= expected + GAP_S_MAX:
                missing = range(expected, end, INTERVAL_S)
                self.ends.extend(missing)
                self.rows.extend([None] * len(missing))
            self.ends.append(end)
            self.rows.append(row)
            expected = end + INTERVAL_S

    def counter(self, name: str) -> list[float | None]:
        """The values (kWh) of the counter ``name`` at all places."""
        value_of = attrgetter(f"{name}_kwh_total_last")
        return [None if row is None else value_of(row) for row in self.rows]


@dataclass(frozen=True, slots=True)
class _Chain:
    """The believed values: where, how much, and the positions at which the counter starts anew."""

    places: list[int]
    totals: list[float]
    starts_anew: set[int]


class Account:
    """Energy of one counter by interval: ``kwh``, ``estimated``, and ``kwh_total`` where it is believed."""

    def __init__(self, timeline: Timeline, name: str, rated_kw: float) -> None:
        size = len(timeline.ends)
        self.kwh: list[float | None] = [None] * size
        self.estimated = [False] * size
        self.kwh_total: list[float | None] = [None] * size
        self._timeline = timeline
        self._source, self._sign = SOURCES[name]
        self._fill(_chain(timeline.ends, timeline.counter(name), rated_kw))

    def _fill(self, chain: _Chain) -> None:
        """Write every step into the interval where it arrives, then mend the places where that is wrong."""
        places, totals = chain.places, chain.totals
        for place, total in zip(places, totals, strict=True):
            self.kwh_total[place] = total
        for place, step in zip(places[1:], map(sub, totals[1:], totals), strict=True):
            self.kwh[place] = step
        gaps = (p for p, (before, after) in enumerate(pairwise(places), start=1) if after - before > 1)
        for position in chain.starts_anew.union(gaps):
            first, last = places[position - 1] + 1, places[position]
            if position in chain.starts_anew:
                self._integrate(first, last)
            else:
                self._spread(first, last, totals[position] - totals[position - 1])
        self._integrate_ends(places)

    def _integrate_ends(self, places: Sequence[int]) -> None:
        """Power stands in before the first believed value and after the last."""
        last = len(self.kwh) - 1
        if places and places[0] > 0:
            self._integrate(0, places[0])
        after = places[-1] + 1 if places else 0
        if after <= last:
            self._integrate(after, last)

    def total_kwh(self, places: slice) -> float | None:
        """The sum over ``places``; a sum of unknowns is unknown."""
        known = [kwh for kwh in self.kwh[places] if kwh is not None]
        return sum(known) if known else None

    def last_kwh_total(self, places: slice) -> float | None:
        """The newest believed counter within ``places``."""
        return next((kwh for kwh in reversed(self.kwh_total[places]) if kwh is not None), None)

    def _spread(self, first: int, last: int, kwh: float) -> None:
        powers_w = bridge(self._powers_w(first - 1, last), longest=last - first)
        self._estimate(first, spread(kwh, powers_w[1:]))

    def _integrate(self, first: int, last: int) -> None:
        start = max(0, first - 1)
        powers_w = bridge(self._powers_w(start, last), longest=BRIDGE_INTERVALS_MAX)
        self._estimate(first, [integral_kwh(power_w) for power_w in powers_w[first - start :]])

    def _powers_w(self, first: int, last: int) -> list[float | None]:
        powers_w = [getattr(row, self._source, None) for row in self._timeline.rows[first : last + 1]]
        return [None if power_w is None else power_w * self._sign for power_w in powers_w]

    def _estimate(self, first: int, energies: Sequence[float | None]) -> None:
        end = first + len(energies)
        self.kwh[first:end] = energies
        self.estimated[first:end] = [kwh is not None for kwh in energies]


def _chain(ends: Sequence[int], column: Sequence[float | None], rated_kw: float) -> _Chain:
    places = [place for place, value in enumerate(column) if value is not None]
    totals = [value for value in column if value is not None]
    points_at = [ends[place] for place in places]
    broken = breaks(points_at, totals, rated_kw)
    refused = doubted(points_at, totals, broken, rated_kw)
    if not refused:
        return _Chain(places, totals, set(broken))
    kept = [position for position in range(len(places)) if position not in refused]
    places, totals = [places[position] for position in kept], [totals[position] for position in kept]
    return _Chain(places, totals, set(breaks([ends[place] for place in places], totals, rated_kw)))


def accounts(ordered: Sequence[FiveMinutes], rated_kw: float) -> tuple[list[int], list[Account]]:
    """The ends of all intervals from the first row to the last, and the six accounts over them."""
    timeline = Timeline(ordered)
    return timeline.ends, [Account(timeline, name, rated_kw) for name in COUNTERS]

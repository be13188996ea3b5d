"""Energy of every five-minute interval, from counters and, where they fail, from power.

Rule: what a counter gained between two believed values is kept exactly once. Between adjacent intervals
it is measured; over a gap it is spread by the shape of power and estimated. Where no believed step covers
an interval (a counter that is missing, or that starts anew) the integral of power stands in, estimated.
An interval depends only on the believed values on both sides of it and on their neighbours, so a day
computed with a few rows around it equals the same day in a rebuild of everything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar, cast

from liveone.domain.account import accounts
from liveone.domain.aggregates import FiveMinutes, Six

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class IntervalEnergy:
    """Six energies of one interval, in the order of ``reading.COUNTERS``.

    ``kwh`` is ``None`` where nothing is known, never below 0 but for a counter's rounding (1 Wh);
    ``estimated`` is False for measured and unknown; ``kwh_total`` is the counter, where it is believed.
    """

    interval_end: int
    kwh: Six[float | None]
    estimated: Six[bool]
    kwh_total: Six[float | None]


@dataclass(frozen=True, slots=True)
class Energy:
    """Six sums in the order of ``reading.COUNTERS``: ``None`` is unknown; ``estimated``: at least in part."""

    kwh: Six[float | None]
    estimated: Six[bool]


def interval_energies(rows: Iterable[FiveMinutes], *, rated_kw: float) -> list[IntervalEnergy]:
    """The energies of every interval from the first row to the last, missing ones included.

    ``rows`` are five-minute aggregates of one system in any order; ``rated_kw`` bounds what a counter
    may gain. A counter value in the very first row has no energy: its step began before the rows.
    """
    ends, six = accounts(sorted(rows, key=attrgetter("interval_end")), rated_kw)
    return list(
        map(
            IntervalEnergy,
            ends,
            _sixes(account.kwh for account in six),
            _sixes(account.estimated for account in six),
            _sixes(account.kwh_total for account in six),
        )
    )


def energy_between(energies: Iterable[IntervalEnergy], start_at: int, end_at: int) -> Energy:
    """The sum over the intervals that end in ``(start_at, end_at]``; a sum of unknowns is unknown."""
    within = [energy for energy in energies if start_at < energy.interval_end <= end_at]
    kwh = [_sum([energy.kwh[place] for energy in within]) for place in range(6)]
    estimated = [any(energy.estimated[place] for energy in within) for place in range(6)]
    return Energy(_six(kwh), _six(estimated))


def _sum(column: Sequence[float | None]) -> float | None:
    known = [kwh for kwh in column if kwh is not None]
    return sum(known) if known else None


def _six(values: Sequence[_T]) -> Six[_T]:
    return cast(Six[_T], tuple(values))


def _sixes(columns: Iterable[Sequence[_T]]) -> Iterable[Six[_T]]:
    return cast(Iterable[Six[_T]], zip(*columns, strict=True))

"""Computes the energies of every five-minute interval from counters and, where these fail, from power.

Rule: what a counter gained between two believed values is counted exactly once. Between adjacent intervals it
is measured. Over a gap or a standstill it is spread by the shape of power, and estimated. If no believed step
covers an interval (the counter is missing, stands or starts anew), the integral of power stands in,
estimated. Energies are computed here and nowhere else: a day, a chart and an export are sums of these, for
the same local day and with the same rows around it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar, cast

from liveone.domain.account import CounterEnergy
from liveone.domain.aggregates import FiveMinutes, Six
from liveone.domain.counters import ROUNDING_KWH, SEEN_ROWS, STOOD_ROWS, UNSEEN_S_MAX, Chain, chain_of
from liveone.domain.intervals import interval_ends
from liveone.domain.reading import COUNTERS
from liveone.domain.series import SOURCES, series_of

RULES = 9
"""The version of these rules; stored days of an older version are computed again."""

ROWS_BEFORE = 2 * STOOD_ROWS + SEEN_ROWS + 3
"""How many rows before a span its energies may depend on."""

ROWS_AFTER = STOOD_ROWS + 3
"""How many rows after a span its energies may depend on."""

EARLIER_S = UNSEEN_S_MAX + 5 * 86_400
"""How far back rows are read in addition if `stands_before`.

The standstill, and rows that show usual power.
"""

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


def chains(ordered: Sequence[FiveMinutes], *, rated_kw: float) -> list[Chain]:
    """The believed values of the six counters, in the order of COUNTERS.

    ``ordered`` are rows of one system, ascending; ``rated_kw`` is the site's rated power.
    """
    ends = list(map(attrgetter("interval_end"), ordered))
    return [chain_of(series_of(ordered, ends, name), rated_kw) for name in COUNTERS]


def stands_before(rows: Sequence[FiveMinutes], start_at: int) -> bool:
    """Whether energies after ``start_at`` depend on the counter before the first of ``rows``.

    That is so if a counter stands or is absent there, no power says what flowed, and it moves after
    ``start_at``.
    """
    if not rows or rows[0].interval_end > start_at:
        return False
    return any(
        _moves_unseen(
            rows, start_at, attrgetter(f"{name}_kwh_total_last"), attrgetter(f"{SOURCES[name][0]}_avg")
        )
        for name in COUNTERS
    )


def _moves_unseen(
    rows: Sequence[FiveMinutes],
    start_at: int,
    total_of: Callable[[FiveMinutes], float | None],
    watts_of: Callable[[FiveMinutes], int | None],
) -> bool:
    if watts_of(rows[0]) is not None or not any(map(total_of, rows)):
        return False
    stood = total_of(rows[0])
    for row in rows:
        total = total_of(row)
        if total and (not stood or abs(total - stood) > ROUNDING_KWH):
            return row.interval_end > start_at
        if watts_of(row) is not None:
            return False
    return False


def accounts(six: Sequence[Chain], start_at: int, end_at: int) -> list[CounterEnergy]:
    """The energies of the six counters in the intervals that end in ``(start_at, end_at]``.

    The chains hold the rows of the span, with ``ROWS_BEFORE`` before and ``ROWS_AFTER`` after it, as far as
    there are.
    """
    return [CounterEnergy(chain, start_at, end_at) for chain in six]


def energies_between(six: Sequence[Chain], start_at: int, end_at: int) -> list[IntervalEnergy]:
    """The energies of every interval that ends in ``(start_at, end_at]``; chains as for ``accounts``."""
    found = accounts(six, start_at, end_at)
    return list(
        map(
            IntervalEnergy,
            interval_ends(start_at, end_at),
            _sixes(account.kwh for account in found),
            _sixes(account.estimated for account in found),
            _sixes(account.kwh_total for account in found),
        )
    )


def _sixes(columns: Iterable[Sequence[_T]]) -> Iterable[Six[_T]]:
    return cast(Iterable[Six[_T]], zip(*columns, strict=True))

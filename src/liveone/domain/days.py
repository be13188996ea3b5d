"""Closes local days: from five-minute rows to one ``Day`` each.

Rule: a day is the sum of its intervals and nothing else. It can be computed alone, with a few rows before and
after it, or together with ten years of others, and is the same.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from liveone.domain.account import CounterEnergy
from liveone.domain.aggregates import ENERGIES, Day, FiveMinutes
from liveone.domain.energy import IntervalEnergy, accounts, chains, energies_between
from liveone.domain.reading import POWERS
from liveone.domain.zones import Zone

KWH_DIGITS = 6
"""Energies are stored to a thousandth of a watt-hour, so that sums of days stay true."""

_END = attrgetter("interval_end")


def close_day(rows: Iterable[FiveMinutes], *, zone: Zone, day: str, rated_kw: float) -> Day | None:
    """The aggregate of one local day of one system; None if nothing is known of it.

    ``rows`` are the day's intervals in any order, with ``ROWS_BEFORE`` rows before the day and ``ROWS_AFTER``
    after it, however far away; more rows make no difference. A day without readings inside a gap of the
    counters has estimated energies and ``interval_count`` 0. Raises BadInput for a bad ``day``.
    """
    return next(close_these(rows, [day], zone=zone, rated_kw=rated_kw), None)


def close_these(
    rows: Iterable[FiveMinutes], days: Iterable[str], *, zone: Zone, rated_kw: float
) -> Iterator[Day]:
    """As ``close_day``, for several days; those of which nothing is known are left out."""
    ordered = sorted(rows, key=_END)
    ends, six = [row.interval_end for row in ordered], chains(ordered, rated_kw=rated_kw)
    for day in days:
        start_at, end_at = zone.bounds(day)
        first, beyond = bisect_right(ends, start_at), bisect_right(ends, end_at)
        energies = _energies(accounts(six, start_at, end_at))
        if first < beyond or any(energies[f"{name}_kwh"] is not None for name in ENERGIES):
            yield _day(day, ordered[first:beyond], energies)


def energies_by_day(
    rows: Iterable[FiveMinutes], span: tuple[int, int], *, zone: Zone, rated_kw: float
) -> Iterator[IntervalEnergy]:
    """The energies, as its day has them, of every interval that ends in ``(span[0], span[1]]``.

    ``rows`` are those of the days that the span touches, with as many around them as for ``close_day``.
    """
    six = chains(sorted(rows, key=_END), rated_kw=rated_kw)
    start_at, end_at = span
    while start_at < end_at:
        bounds = zone.bounds(zone.day_of(start_at + 1))
        for energy in energies_between(six, *bounds):
            if start_at < energy.interval_end <= end_at:
                yield energy
        start_at = bounds[1]


def _day(day: str, rows: Sequence[FiveMinutes], energies: dict[str, Any]) -> Day:
    columns = energies | _charge(rows)
    for name in POWERS:
        columns |= _power(name, rows)
    samples = sum(row.sample_count for row in rows)
    return Day(day=day, **columns, interval_count=len(rows), sample_count=samples)


def _energies(six: Sequence[CounterEnergy]) -> dict[str, Any]:
    columns: dict[str, Any] = {"estimated": tuple(any(account.estimated) for account in six)}
    for name, account in zip(ENERGIES, six, strict=True):
        known = [kwh for kwh in account.kwh if kwh is not None]
        totals = (total for total in reversed(account.kwh_total) if total is not None)
        columns[f"{name}_kwh"] = round(max(0.0, sum(known)), KWH_DIGITS) if known else None
        columns[f"{name}_alltime_kwh"] = next(totals, None)
    return columns


def _power(name: str, rows: Sequence[FiveMinutes]) -> dict[str, int | None]:
    low, mean, high = (_known(rows, f"{name}_w_{kind}") for kind in ("min", "avg", "max"))
    return {
        f"{name}_w_min": min(low, default=None),
        f"{name}_w_avg": round(sum(mean) / len(mean)) if mean else None,
        f"{name}_w_max": max(high, default=None),
    }


def _charge(rows: Sequence[FiveMinutes]) -> dict[str, float | None]:
    levels = _known(rows, "battery_soc_pct_last")
    return {
        "battery_soc_pct_max": max(levels, default=None),
        "battery_soc_pct_min": min(levels, default=None),
        "battery_soc_pct_avg": sum(levels) / len(levels) if levels else None,
        "battery_soc_pct_end": levels[-1] if levels else None,
    }


def _known(rows: Sequence[FiveMinutes], column: str) -> list[Any]:
    return [value for value in map(attrgetter(column), rows) if value is not None]

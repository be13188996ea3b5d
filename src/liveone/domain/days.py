"""Closing local days: five-minute rows in, one ``Day`` each out.

Rule: a day is the sum of its intervals and nothing else, so it can be computed alone, given a few rows
before and after it, or together with ten years of others, and is the same.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from liveone.domain.account import Account, accounts
from liveone.domain.aggregates import ENERGIES, Day, FiveMinutes
from liveone.domain.reading import POWERS
from liveone.domain.zones import Zone

CONTEXT_POINTS = 3
"""How many counter values before and after a day its rows should include, of each counter."""

KWH_DIGITS = 6
"""Stored energies carry a thousandth of a watt-hour, so that sums of days stay true."""

_END = attrgetter("interval_end")


def close_day(rows: Iterable[FiveMinutes], *, zone: Zone, day: str, rated_kw: float) -> Day | None:
    """The aggregate of one local day of one system, or None if nothing is known of it.

    ``rows`` hold the day's intervals in any order, with at least the three nearest values of each
    counter before and after the day, however far away. A day without readings inside a gap of the
    counters has energies (estimated) and ``interval_count`` 0. Raises BadInput for a bad ``day``.
    """
    ordered = sorted(rows, key=_END)
    return next(_days(ordered, zone, [day], rated_kw), None)


def close_days(rows: Iterable[FiveMinutes], *, zone: Zone, rated_kw: float) -> Iterator[Day]:
    """All local days that ``rows`` touch, the first and the last perhaps in part, in order."""
    ordered = sorted(rows, key=_END)
    if not ordered:
        return iter(())
    first, last = zone.day_of(_END(ordered[0])), zone.day_of(_END(ordered[-1]))
    return _days(ordered, zone, _between(zone, first, last), rated_kw)


def _between(zone: Zone, first: str, last: str) -> Iterator[str]:
    day = first
    while day <= last:
        yield day
        day = zone.next_day(day)


def _days(ordered: Sequence[FiveMinutes], zone: Zone, days: Iterable[str], rated_kw: float) -> Iterator[Day]:
    ends, six = accounts(ordered, rated_kw)
    row_ends = [row.interval_end for row in ordered]
    for day in days:
        bounds = zone.bounds(day)
        energies = _energies(six, _within(ends, bounds))
        rows = ordered[_within(row_ends, bounds)]
        if rows or any(energies[f"{name}_kwh"] is not None for name in ENERGIES):
            yield _day(day, rows, energies)


def _within(ends: Sequence[int], bounds: tuple[int, int]) -> slice:
    return slice(bisect_right(ends, bounds[0]), bisect_right(ends, bounds[1]))


def _day(day: str, rows: Sequence[FiveMinutes], energies: dict[str, Any]) -> Day:
    columns = energies | _charge(rows)
    for name in POWERS:
        columns |= _power(name, rows)
    samples = sum(row.sample_count for row in rows)
    return Day(day=day, **columns, interval_count=len(rows), sample_count=samples)


def _energies(six: Sequence[Account], places: slice) -> dict[str, Any]:
    columns: dict[str, Any] = {"estimated": tuple(any(account.estimated[places]) for account in six)}
    for name, account in zip(ENERGIES, six, strict=True):
        kwh = account.total_kwh(places)
        columns[f"{name}_kwh"] = None if kwh is None else round(max(0.0, kwh), KWH_DIGITS)
        columns[f"{name}_alltime_kwh"] = account.last_kwh_total(places)
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

"""Five-minute rows for tests: made from counters and powers, or from a recorded CSV."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from statistics import fmean
from typing import Any

from liveone.domain.aggregates import Day, FiveMinutes
from liveone.domain.counters import GAP_S_MAX
from liveone.domain.days import close_these
from liveone.domain.energy import IntervalEnergy, chains, energies_between
from liveone.domain.intervals import INTERVAL_S, interval_end
from liveone.domain.reading import COUNTERS, POWERS
from liveone.domain.zones import Zone

START = 1_755_352_800
"""2025-08-17 00:00 at +10:00."""


def row(end: int, total: float | None = None, power_w: int | None = None, **columns: Any) -> FiveMinutes:
    """A row in which solar has the counter ``total`` and the average power ``power_w``."""
    return FiveMinutes(end, solar_w_avg=power_w, solar_kwh_total_last=total, sample_count=5, **columns)


def interval_energies(rows: Iterable[FiveMinutes], *, rated_kw: float) -> list[IntervalEnergy]:
    """The energies of every interval from the first row to the last, missing ones included; any order."""
    ordered = sorted(rows, key=attrgetter("interval_end"))
    if not ordered:
        return []
    span = ordered[0].interval_end - INTERVAL_S, ordered[-1].interval_end
    return energies_between(chains(ordered, rated_kw=rated_kw), *span)


@dataclass(frozen=True, slots=True)
class Energy:
    """Six sums in the order of ``reading.COUNTERS``: None is unknown; ``estimated``: at least in part."""

    kwh: tuple[float | None, ...]
    estimated: tuple[bool, ...]


def energy_between(energies: Iterable[IntervalEnergy], start_at: int, end_at: int) -> Energy:
    """The sum over the intervals that end in ``(start_at, end_at]``; a sum of unknowns is unknown."""
    within = [energy for energy in energies if start_at < energy.interval_end <= end_at]
    known = [[one.kwh[place] for one in within if one.kwh[place] is not None] for place in range(6)]
    kwh = (sum(filter(None, column)) if column else None for column in known)
    return Energy(tuple(kwh), tuple(any(one.estimated[place] for one in within) for place in range(6)))


def close_days(rows: Iterable[FiveMinutes], *, zone: Zone, rated_kw: float) -> Iterator[Day]:
    """All local days that ``rows`` touch, the first and the last perhaps in part, in order.

    Days in a hole of more than 400 days are left out.
    """
    ordered = sorted(rows, key=attrgetter("interval_end"))
    days = _days_of([row.interval_end for row in ordered], zone)
    return close_these(ordered, days, zone=zone, rated_kw=rated_kw)


def series(totals: Sequence[float | None], powers_w: list[int] | None = None) -> list[FiveMinutes]:
    """Rows of adjacent intervals from START on."""
    powers = powers_w or [600] * len(totals)
    steps = enumerate(zip(totals, powers, strict=True), start=1)
    return [row(START + 300 * place, total, power_w) for place, (total, power_w) in steps]


def recorded(path: Path) -> list[FiveMinutes]:
    """The recording as rows, with plain means: enough to judge energies that come from counters."""
    with path.open() as file:
        samples = list(csv.DictReader(file))
    held: dict[int, list[dict[str, str]]] = {}
    for sample in samples:
        held.setdefault(interval_end(int(sample["inverter_time"])), []).append(sample)
    return [_row(end, held[end]) for end in sorted(held)]


def _days_of(ends: Sequence[int], zone: Zone) -> Iterator[str]:
    """The days of the ends, and those in between."""
    day, day_end = "", 0
    for end in ends:
        if end <= day_end:
            continue
        last = zone.day_of(end)
        day = zone.next_day(day) if day and end - day_end <= GAP_S_MAX else last
        while day < last:
            yield day
            day = zone.next_day(day)
        yield day
        day_end = zone.bounds(day)[1]


def _row(end: int, samples: list[dict[str, str]]) -> FiveMinutes:
    columns: dict[str, Any] = {}
    for name in POWERS:
        values = [round(float(sample[f"{name}_w"])) for sample in samples]
        columns |= {f"{name}_w_avg": round(fmean(values))}
        columns |= {f"{name}_w_min": min(values), f"{name}_w_max": max(values)}
    for name in COUNTERS:
        columns[f"{name}_kwh_total_last"] = float(samples[-1][f"{name}_kwh_total"])
    soc = float(samples[-1]["battery_soc"])
    return FiveMinutes(end, **columns, battery_soc_pct_last=soc, sample_count=len(samples))

"""Five-minute rows for tests: made from counters and powers, or from a recorded CSV."""

import csv
from collections.abc import Iterable, Sequence
from operator import attrgetter
from pathlib import Path
from statistics import fmean
from typing import Any

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.energy import IntervalEnergy, chains, energies_between
from liveone.domain.intervals import INTERVAL_S, interval_end
from liveone.domain.reading import COUNTERS, POWERS

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

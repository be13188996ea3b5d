"""A system's energies by the hour, as Home Assistant's statistics count them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from liveone.domain.counters import rated_kw
from liveone.domain.energy import chains, energies_between
from liveone.domain.reading import COUNTERS
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.store import aggregates
from liveone.store.store import Store

HOUR_S, INTERVAL_S = 3600, 300


@dataclass(frozen=True, slots=True)
class HourTotal:
    """The sum of an energy from the first hour to the end of the one that starts at ``start_at``, in kWh."""

    start_at: int
    total_kwh: float


def hourly_totals(store: Store, system: System, end_at: int) -> dict[str, list[HourTotal]]:
    """The totals of the whole hours until ``end_at`` of which anything is known, by the names of COUNTERS.

    They are the sums of the same five-minute energies as LiveOne's own days, so both say the same.
    """
    last_end = end_at // HOUR_S * HOUR_S
    hours: dict[str, dict[int, float]] = {name: {} for name in COUNTERS}
    for interval_end, energies in _intervals(store, system, last_end):
        start_at = (interval_end - INTERVAL_S) // HOUR_S * HOUR_S
        for name, kwh in energies.items():
            hours[name][start_at] = hours[name].get(start_at, 0.0) + kwh
    return {name: _summed(found) for name, found in hours.items() if found}


def _intervals(store: Store, system: System, until_at: int) -> Iterator[tuple[int, Mapping[str, float]]]:
    """The known energies of each interval that ends by ``until_at``, day by local day."""
    extent = aggregates.extent(store, system.id)
    if extent is None:
        return
    zone, (from_at, last_at) = zone_of(system), extent
    day, last_day = zone.day_of(from_at + 1), zone.day_of(min(last_at, until_at))
    while day <= last_day:
        start_at, end_at = zone.bounds(day)
        rows = aggregates.five_minutes_around(store, system.id, start_at, end_at)
        if any(start_at < row.interval_end <= end_at for row in rows):
            six = chains(rows, rated_kw=rated_kw(system))
            for each in energies_between(six, start_at, min(end_at, until_at)):
                known: Any = zip(COUNTERS, each.kwh, strict=True)
                yield each.interval_end, {name: kwh for name, kwh in known if kwh is not None}
        day = zone.next_day(day)


def _summed(hours: Mapping[int, float]) -> list[HourTotal]:
    found, total_kwh = [], 0.0
    for start_at in sorted(hours):
        total_kwh += max(0.0, hours[start_at])
        found.append(HourTotal(start_at, round(total_kwh, 6)))
    return found

"""The proof at the end of a simulated month: its energies against those that the houses really had."""

from collections import defaultdict
from dataclasses import dataclass

from tests.domain.rows import interval_energies
from tests.simulation.month import Month
from tests.simulation.rebuilt import (
    NAMES,
    WH,
    days_are_the_sums_of_their_parts,
    days_equal_a_rebuild,
    energies_of,
    five_minutes_equal_a_rebuild,
    whole_energy,
)
from tests.store.test_five_minutes import oracle

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.counters import bound_kwh, rated_kw
from liveone.domain.intervals import INTERVAL_S, interval_end
from liveone.domain.reading import COUNTERS, Reading
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.simulate.house import House
from liveone.store import readings

TOLERANCE_KWH, TOLERANCE = 3.0, 0.005
"""How far a month's energy may be off. Device clocks that are wrong by up to 90 minutes can have the
energy of that time counted again, and a counter that starts anew leaves a step to be estimated; 1.6 kWh
has been seen."""


@dataclass(frozen=True)
class Energies:
    """One energy of one house: what LiveOne says and what was."""

    name: str
    found_kwh: float
    true_kwh: float

    @property
    def error_kwh(self) -> float:
        return self.found_kwh - self.true_kwh


def prove(month: Month) -> None:
    """Aggregates equal plain definition and rebuild; days are their parts; no energy was invented."""
    for site, system in month.observed():
        rows = five_minutes_equal_a_rebuild(month.store, system)
        stored = readings.between(month.store, system.id, 0, 4_000_000_000)
        assert rows == plain_five_minutes(stored, month.plan.cadence_s)
        _are_possible(system, rows)
        days = days_equal_a_rebuild(month.store, system, month.hands.true_at)
        days_are_the_sums_of_their_parts(system, rows, days)
        for day in days:
            start_at, end_at = zone_of(system).bounds(day.day)
            for kwh in energies_of(day):
                assert 0 <= (kwh or 0.0) <= bound_kwh(rated_kw(system), end_at - start_at), day
        for energy in energies(month, site.house, system):
            allowed_kwh = TOLERANCE_KWH + TOLERANCE * energy.true_kwh
            assert abs(energy.error_kwh) <= allowed_kwh, f"site {site.number}: {energy}"


def _are_possible(system: System, rows: list[FiveMinutes]) -> None:
    """No interval's energy is negative, and what is measured is within what the site can do."""
    most_kwh = bound_kwh(rated_kw(system), INTERVAL_S)
    for part in interval_energies(rows, rated_kw=rated_kw(system)):
        for kwh, estimated in zip(part.kwh, part.estimated, strict=True):
            assert kwh is None or kwh >= -2 * WH, part
            assert kwh is None or estimated or kwh <= most_kwh, part


def plain_five_minutes(stored: list[Reading], cadence_s: int) -> list[FiveMinutes]:
    """The 5-minute rows by their plain definition."""
    within: defaultdict[int, list[Reading]] = defaultdict(list)
    for reading in stored:
        within[interval_end(reading.inverter_time)].append(reading)
    return [oracle(found, end, cadence_s) for end, found in sorted(within.items())]


def energies(month: Month, house: House, system: System) -> list[Energies]:
    """The six energies from the first reading to the last."""
    stored = readings.between(month.store, system.id, 0, 4_000_000_000)
    rows = five_minutes_equal_a_rebuild(month.store, system)
    found = whole_energy(system, rows).kwh
    first, last = house.sample(stored[0].inverter_time + 7), house.sample(stored[-1].inverter_time + 7)
    return [
        Energies(name, kwh or 0.0, (last.total_kwh[counter] or 0.0) - (first.total_kwh[counter] or 0.0))
        for name, counter, kwh in zip(NAMES, COUNTERS, found, strict=True)
    ]

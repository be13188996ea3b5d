"""The proof that what was written step by step is what a rebuild from raw rows gives."""

import pytest
from tests.domain.rows import Energy, energy_between, interval_energies

from liveone.collect.days import closer
from liveone.domain.aggregates import Day, FiveMinutes
from liveone.domain.counters import rated_kw
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.store import aggregates
from liveone.store.store import Store

EVER = (0, 4_000_000_000)
WH = 0.001


def five_minutes_equal_a_rebuild(store: Store, system: System, since_at: int = 0) -> list[FiveMinutes]:
    """The rows after ``since_at``, which a rebuild left as they were."""
    before = aggregates.five_minutes(store, system.id, since_at, EVER[1])
    first_at, last_at = aggregates.extent(store, system.id) or EVER
    aggregates.rebuild_5m(store, system.id, max(since_at, first_at - 3600), last_at + 3600)
    after = aggregates.five_minutes(store, system.id, since_at, EVER[1])
    assert before == after, f"system {system.id}: 5-minute rows differ from their rebuild"
    return after


def days_equal_a_rebuild(store: Store, system: System, now_at: float) -> list[Day]:
    """The closed days, which computing all of them anew left as they were."""
    before = closed_days(store, system)
    closer.regenerate(store, system.id, now_at)
    after = {day.day: day for day in closed_days(store, system)}
    for day in before:
        assert after[day.day] == day, f"system {system.id}: {day.day} differs from its rebuild"
    return list(after.values())


def closed_days(store: Store, system: System) -> list[Day]:
    """The days that are closed and not open again, oldest first."""
    every = aggregates.days(store, system.id, "1970-01-01", "2099-12-31")
    return [day for day in every if day.version == 1]


def days_are_the_sums_of_their_parts(system: System, rows: list[FiveMinutes], days: list[Day]) -> None:
    """Each day's six energies are the sum over its intervals, to 1 Wh."""
    parts = interval_energies(rows, rated_kw=rated_kw(system))
    for day in days:
        within = energy_between(parts, *zone_of(system).bounds(day.day))
        for name, part_kwh, day_kwh in zip(NAMES, within.kwh, energies_of(day), strict=True):
            where = f"system {system.id}, {day.day}: {name}"
            assert (part_kwh is None) == (day_kwh is None), where
            assert day_kwh == pytest.approx(part_kwh, abs=WH), where


def whole_energy(system: System, rows: list[FiveMinutes]) -> Energy:
    """The six energies over all rows."""
    return energy_between(interval_energies(rows, rated_kw=rated_kw(system)), *EVER)


NAMES = ("solar", "load", "battery_charge", "battery_discharge", "grid_import", "grid_export")


def energies_of(day: Day) -> list[float | None]:
    """The six energies of a day, in the order of ``reading.COUNTERS``."""
    return [getattr(day, f"{name}_kwh") for name in NAMES]

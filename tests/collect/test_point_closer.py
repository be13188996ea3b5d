"""The days of points: as the house's own of the same power and counter, in any order, at clock changes
too."""

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.collect.support import new_store, recorded

from liveone.collect.days import closer, point_closer
from liveone.domain.points import Point, PointDay
from liveone.domain.zones import Zone, zone_of
from liveone.store import aggregates, point_days, points, readings, systems
from liveone.store.readings import Recorded
from liveone.store.store import Store

BERLIN = Zone(60, "Europe/Berlin")
FIRST_AT = BERLIN.bounds("2025-10-25")[0]
"""The day before the clocks go back."""

DAY_S = 86_400


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(new_store(tmp_path / "data.db")) as store:
        systems.edit_system(store, 1, display_name="Home", timezone_offset_min=60, time_zone="Europe/Berlin")
        yield store


def polls(chance: random.Random, days: int) -> list[Recorded]:
    """A grid that imports by fits and starts, told as the house's and as a point. Its counter ticks, stands
    and is exchanged; some hours are missing."""
    kwh, found = 4711.0, []
    for at in range(FIRST_AT + 300, FIRST_AT + days * DAY_S + 1, 300):
        watts = chance.choice([0, 0, 150, 2000, 7000]) if at % 7200 < 3600 else 300
        kwh += watts / 12_000
        if chance.random() < 0.0008:
            kwh = chance.random()
        if at % (26 * 3600) < 5 * 3600:
            continue
        shown = None if chance.random() < 0.05 else round(kwh, 1)
        told = [Point("car_w", "Car", "W", float(watts))]
        told += [] if shown is None else [Point("car_kwh_total", "Car", "kWh", shown)]
        found.append(replace(recorded(1, at, grid_w=watts, grid_in_kwh_total=shown), points=tuple(told)))
    return found


def days(store: Store, point_id: int) -> list[PointDay]:
    return point_days.days(store, point_id, "2025-01-01", "2025-12-31")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_days_of_a_point_are_those_that_the_house_has_of_the_same_power_and_counter(
    store: Store, seed: int
) -> None:
    chance = random.Random(seed)
    every = polls(chance, 5)
    for part in range(5):
        now_at = FIRST_AT + (part + 1) * DAY_S
        came = [each for each in every if now_at - DAY_S < each.reading.inverter_time <= now_at]
        late = [each for each in came if chance.random() < 0.02]
        readings.record(store, [each for each in came if each not in late])
        closer.catch_up(store, now_at + 200)
        point_closer.catch_up(store, now_at + 200)
        readings.record(store, late)
    end_at = FIRST_AT + 6 * DAY_S
    closer.catch_up(store, end_at)
    point_closer.catch_up(store, end_at)
    house = {day.day: day for day in aggregates.days(store, 1, "2025-01-01", "2025-12-31")}
    found = {day.day: day for day in days(store, 1)}
    assert found.keys() == house.keys()
    assert "2025-10-26" in house
    for day, theirs in house.items():
        mine = found[day]
        # Against the house's sum of import and of export, which a power that never flows back leaves at 0.
        assert mine.kwh == pytest.approx((theirs.grid_import_kwh or 0) - (theirs.grid_export_kwh or 0)), day
        assert (mine.value_min, mine.value_max) == (theirs.grid_w_min, theirs.grid_w_max)
        assert round(mine.value_avg or 0) == theirs.grid_w_avg
        assert mine.interval_count == theirs.interval_count
    assert sum(day.kwh or 0 for day in days(store, 2)) == pytest.approx(
        sum(day.kwh or 0 for day in found.values())
    )


def test_a_day_is_closed_once_and_again_when_a_value_comes_late(store: Store) -> None:
    warm = replace(recorded(1, FIRST_AT + 600), points=(Point("t_c", "T", "°C", 20.0),))
    readings.record(store, [warm])
    assert point_closer.catch_up(store, FIRST_AT + DAY_S + 100) == 0
    assert point_closer.catch_up(store, FIRST_AT + DAY_S + 120) == 1
    assert point_closer.catch_up(store, FIRST_AT + DAY_S + 180) == 0
    points.record_values(store, BERLIN, [(1, FIRST_AT + 900, 30.0)])
    assert point_closer.catch_up(store, FIRST_AT + DAY_S + 240) == 1
    (day,) = days(store, 1)
    assert (day.value_avg, day.value_min, day.value_max, day.value_last) == (25.0, 20.0, 30.0, 30.0)
    assert (day.kwh, day.is_estimated, day.interval_count) == (None, False, 2)


def test_a_counter_that_was_silent_for_days_gives_them_its_energy_and_every_day_has_its_share(
    store: Store,
) -> None:
    for at, kwh in ((FIRST_AT + 300, 100.0), (FIRST_AT + 3 * DAY_S + 7200, 172.0)):
        point = Point("pump_kwh_total", "Pump", "kWh", kwh)
        readings.record(store, [replace(recorded(1, at), points=(point,))])
    point_closer.catch_up(store, FIRST_AT + 5 * DAY_S)
    found = days(store, 1)
    assert [day.day for day in found] == ["2025-10-25", "2025-10-26", "2025-10-27", "2025-10-28"]
    assert sum(day.kwh or 0 for day in found) == pytest.approx(72.0, abs=0.01)
    assert (found[1].kwh or 0) / (found[2].kwh or 1) == pytest.approx(25 / 24, abs=0.001)
    assert all(day.is_estimated for day in found)


def test_another_zone_counts_the_days_anew(store: Store) -> None:
    for hour in range(48):
        point = Point("t_c", "T", "°C", float(hour))
        readings.record(store, [replace(recorded(1, FIRST_AT + 3600 * hour + 600), points=(point,))])
    point_closer.catch_up(store, FIRST_AT + 4 * DAY_S)
    system = systems.edit_system(
        store, 1, display_name="Home", timezone_offset_min=600, time_zone="Australia/Brisbane"
    )
    point_closer.catch_up(store, FIRST_AT + 4 * DAY_S)
    zone = zone_of(system)
    for day in days(store, 1):
        start_at, end_at = zone.bounds(day.day)
        held = [value for _, value in points.values_between(store, 1, start_at, end_at)]
        assert (day.value_min, day.value_max, day.interval_count) == (min(held), max(held), len(held))
    assert sum(day.interval_count for day in days(store, 1)) == 48


def test_who_loses_the_job_stops(store: Store) -> None:
    readings.record(store, [replace(recorded(1, FIRST_AT + 600), points=(Point("t_c", "T", "°C", 20.0),))])
    assert point_closer.catch_up(store, FIRST_AT + 5 * DAY_S, goes_on=lambda: False) == 0
    assert point_closer.catch_up(store, FIRST_AT + 5 * DAY_S) == 1

"""The generated house: one truth for history and live polls, physics that add up, plausible days."""

import itertools
import time
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveone.domain.reading import COUNTERS, Reading
from liveone.errors import BadInput
from liveone.simulate.hiccup import Hiccup
from liveone.simulate.house import House
from liveone.simulate.payload import AC_TICK_KWH, DC_TICK_KWH
from liveone.simulate.plant import Equipment
from liveone.simulate.presets import PRESETS, house
from liveone.simulate.sun import clear_sky

SINCE = "2025-08-10"
SINCE_AT = 1754784000
DAY_S = 86400


def day_of(kind: str, day: int, seed: int = 1) -> list[Reading]:
    made = house(kind, seed=seed, since_day=SINCE)
    start_at = SINCE_AT + day * DAY_S - made.offset_min * 60
    return list(made.readings(start_at, start_at + DAY_S))


def gained(readings: list[Reading], name: str) -> float:
    first, last = (getattr(readings[at], f"{name}_kwh_total") for at in (0, -1))
    return float(last - first)


def test_two_houses_of_one_seed_agree_whatever_was_asked_before() -> None:
    first, second = house(since_day=SINCE), house(since_day=SINCE)
    at = SINCE_AT + 9 * DAY_S + 12345
    for earlier in (8, 2, 5):
        first.sample(SINCE_AT + earlier * DAY_S)
    assert first.sample(at) == second.sample(at)
    assert house(seed=2, since_day=SINCE).sample(at) != second.sample(at)


def test_history_says_exactly_what_a_live_poll_says() -> None:
    history, live = house(since_day=SINCE), house(since_day=SINCE)
    for reading in history.readings(SINCE_AT + DAY_S, SINCE_AT + DAY_S + 7200, 61):
        sample = live.sample(reading.received_time)
        assert sample.taken_at == reading.inverter_time
        assert round(sample.load_w or 0) == reading.load_w
        assert sample.battery_soc_pct == reading.battery_soc_pct
        assert [sample.total_kwh[n] for n in COUNTERS] == [
            getattr(reading, f"{n}_kwh_total") for n in COUNTERS
        ]


def test_what_has_a_meter_of_its_own_is_part_of_the_load() -> None:
    made = house("grid", since_day=SINCE)
    start_at = SINCE_AT + 4 * DAY_S - made.offset_min * 60
    samples = [made.sample(at) for at in range(start_at, start_at + 7 * DAY_S, 900)]
    told = [(made.devices(sample.taken_at), sample) for sample in samples]
    assert {*told[0][0]} == {"car_w", "heat_pump_w", "outside_c"}
    for devices, sample in told:
        assert devices["car_w"] + devices["heat_pump_w"] <= (sample.load_w or 0) + 150
    assert max(devices["car_w"] for devices, _ in told) == made.habits.car_charger_w
    assert {*house("tropics", since_day=SINCE).devices(start_at)} == {"outside_c"}


@pytest.mark.parametrize("kind", PRESETS)
def test_power_balances_and_only_the_losses_remain(kind: str) -> None:
    for reading in day_of(kind, 4):
        assert reading.solar_w is not None
        assert reading.load_w is not None
        assert reading.grid_w is not None
        losses_w = reading.solar_w + (reading.battery_w or 0) + reading.grid_w - reading.load_w
        assert -30 <= losses_w <= 700, reading
        assert reading.solar_w >= 0
        assert reading.load_w >= 0


@pytest.mark.parametrize("kind", PRESETS)
def test_counters_rise_in_ticks_by_the_integral_of_power(kind: str) -> None:
    readings = day_of(kind, 5)
    ticks = {
        "load": AC_TICK_KWH,
        "battery_in": DC_TICK_KWH,
        "battery_out": DC_TICK_KWH,
        "grid_in": AC_TICK_KWH,
    }
    for name, tick_kwh in ticks.items():
        values = [value for r in readings if (value := getattr(r, f"{name}_kwh_total")) is not None]
        steps = {b - a for a, b in itertools.pairwise(values)}
        assert all(step >= 0 and abs(step / tick_kwh - round(step / tick_kwh)) < 1e-6 for step in steps)
    integral_kwh = sum(r.load_w or 0 for r in readings) / 60e3
    assert gained(readings, "load") == pytest.approx(integral_kwh, rel=0.02, abs=2 * AC_TICK_KWH)
    solar_kwh = sum(r.solar_w or 0 for r in readings) / 60e3
    assert gained(readings, "solar") == pytest.approx(solar_kwh, rel=0.03, abs=3 * DC_TICK_KWH)


def test_the_off_grid_house_resembles_the_recorded_one() -> None:
    made = house(since_day=SINCE)
    readings = [r for day in range(3, 17) for r in day_of("off-grid", day)]
    nights = [r for r in readings if (r.inverter_time + 36000) % DAY_S < 4 * 3600]
    assert all(4 <= (r.shunt_w or 0) <= 24 and r.solar_inverter_w == 0 for r in nights)
    assert {r.grid_w for r in nights} <= {0, *range(1, 7000)}
    assert 8 < gained(readings, "load") / 14 < 40
    assert 5 < gained(readings, "solar") / 14 < 55
    assert (
        40
        < fmean((r.solar_w or 0) + (r.battery_w or 0) + (r.grid_w or 0) - (r.load_w or 0) for r in readings)
        < 150
    )
    assert all(10 <= (r.battery_soc_pct or 0) <= 100 for r in readings)
    assert made.equipment.battery_kwh == 63.6


def test_samples_are_as_old_as_recorded() -> None:
    ages = [r.delay_s for day in range(2, 12) for r in day_of("off-grid", day)]
    assert min(ages) >= 0
    assert max(ages) <= 31
    assert sum(age <= 7 for age in ages) / len(ages) > 0.995
    assert any(age > 7 for age in ages)


def test_a_sample_never_gets_older() -> None:
    made = house(since_day=SINCE)
    taken = [made.sample(SINCE_AT + DAY_S + step / 2).taken_at for step in range(7200)]
    assert taken == sorted(taken)
    assert {b - a for a, b in itertools.pairwise(taken) if b > a} >= {5, 6}


def test_the_grid_house_exports_no_more_than_it_may() -> None:
    kit = Equipment(12.0, 0.0, 8000.0, 5.0, export_limit_w=2000.0)
    made = House(-33.9, 151.2, equipment=kit, since_day="2025-01-01")
    readings = list(made.readings(1735732800, 1735732800 + 5 * DAY_S))
    exported_w = [-(r.grid_w or 0) for r in readings]
    assert 1900 <= max(exported_w) <= 2100
    assert min(exported_w) < 0


def test_a_house_without_a_battery_has_no_battery_fields() -> None:
    reading = day_of("no-battery", 2)[700]
    assert reading.battery_w is None
    assert reading.battery_soc_pct is None
    assert reading.battery_in_kwh_total is None
    assert reading.grid_in_kwh_total is not None


def test_a_starving_house_starts_its_generator() -> None:
    kit = Equipment(0.5, 0.3, 7500.0, 8.0, generator_w=6000.0)
    made = House(-36.4, 146.7, equipment=kit, since_day="2025-06-01")
    readings = list(made.readings(1748822400, 1748822400 + DAY_S))
    running = [r for r in readings if r.generator_status == 1]
    assert running
    assert all((r.grid_w or 0) > 0 for r in running)


@settings(max_examples=60, deadline=None)
@given(st.integers(19000, 22000), st.floats(-80, 80), st.floats(-180, 180))
def test_the_sun_is_highest_near_noon_and_summer_is_longer(
    day: int, latitude: float, longitude: float
) -> None:
    offset_min = round(longitude / 15) * 60
    sky = clear_sky(day, latitude, longitude, offset_min, 20.0)
    assert len(sky) == 1440
    assert min(sky) >= 0.0
    assert max(sky) < 1.3
    if max(sky) > 0.05:
        centre = fmean(minute for minute, power in enumerate(sky) if power == max(sky))
        assert abs(centre - 720) < 60


def test_seasons_are_opposite_on_the_two_hemispheres() -> None:
    june, december = 20260, 20443
    for latitude, summer, winter in ((48.0, june, december), (-36.0, december, june)):
        lit = [sum(p > 0 for p in clear_sky(d, latitude, 0.0, 0, 30.0)) for d in (summer, winter)]
        assert lit[0] > lit[1] + 200
    assert sum(clear_sky(december, 72.0, 0.0, 0, 30.0)) == 0


def test_failing_minutes_are_left_out_of_history_as_they_were_live() -> None:
    made, hiccup = house(since_day=SINCE), Hiccup(1)
    readings = list(made.readings(SINCE_AT + DAY_S, SINCE_AT + 5 * DAY_S, skip=hiccup.hides))
    in_minute_50 = sum(r.received_time // 60 % 60 == 50 for r in readings)
    assert 24 <= in_minute_50 <= 72
    assert len(readings) == 4 * 1440 - 96 + in_minute_50


def test_a_later_day_of_history_costs_what_an_early_one_does() -> None:
    def cpu_s(days: int) -> float:
        began_s = time.process_time()
        assert sum(1 for _ in house().rows(1735776000, 1735776000 + days * DAY_S)) == days * 1440
        return time.process_time() - began_s

    assert cpu_s(40) / 40 < 5 * min(cpu_s(4) for _ in range(3)) / 4


def test_a_time_before_the_house_and_a_place_off_the_earth_are_refused() -> None:
    with pytest.raises(BadInput, match="no sample before 2025-08-10"):
        house(since_day=SINCE).sample(SINCE_AT - 2 * DAY_S)
    with pytest.raises(BadInput, match="latitude 99"):
        House(99, 0)
    with pytest.raises(BadInput, match="no kind of house 'castle'"):
        house("castle")

"""Silence, sleeping counters and frozen values are told apart from a quiet house."""

import pytest
from tests.domain.rows import series

from liveone.domain import freshness
from liveone.domain.aggregates import FiveMinutes
from liveone.domain.reading import Reading


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(0, "fresh"), (-5, "fresh"), (179, "fresh"), (180, "late"), (900, "late"), (901, "silent")],
)
def test_a_reading_is_fresh_for_three_polls_and_silent_after_fifteen_minutes(
    age_s: int, expected: str
) -> None:
    assert freshness.of(10_000, 10_000 + age_s, 60) == expected


def test_a_system_without_any_reading_has_never_spoken() -> None:
    assert freshness.of(None, 10_000, 60) == "never"


def test_a_counter_that_sleeps_through_a_kwh_is_frozen() -> None:
    assert freshness.frozen_counters(series([5.0] * 26, [500] * 26)) == ["solar"]
    assert freshness.frozen_counters(series([5.0, None] * 13 + [5.0], [500] * 27)) == ["solar"]


def test_a_counter_that_moved_lately_or_had_nothing_to_count_is_not_frozen() -> None:
    assert freshness.frozen_counters(series([5.0] * 26 + [5.1], [500] * 27)) == []
    assert freshness.frozen_counters(series([5.0] * 100, [20] * 100)) == []
    assert freshness.frozen_counters(series([None] * 100, [5000] * 100)) == []
    assert freshness.frozen_counters([]) == []


def test_a_charging_battery_blames_only_the_charge_counter() -> None:
    rows = [
        FiveMinutes(
            300 * i, battery_w_avg=-3000, battery_in_kwh_total_last=7.0, battery_out_kwh_total_last=8.0
        )
        for i in range(6)
    ]
    assert freshness.frozen_counters(rows) == ["battery_in"]


def readings(count: int, load_w: int, step_s: int = 60) -> list[Reading]:
    return [Reading(i * step_s, i * step_s, solar_w=0, load_w=load_w, battery_w=load_w) for i in range(count)]


def test_ten_samples_of_the_very_same_powers_are_frozen() -> None:
    assert freshness.frozen_values(readings(10, 337))
    assert freshness.frozen_values([Reading(-60, -60, load_w=900), *readings(10, 337)])


def test_few_samples_small_powers_repeats_and_any_movement_are_not_frozen() -> None:
    assert not freshness.frozen_values(readings(9, 337))
    assert not freshness.frozen_values(readings(20, 23))
    assert not freshness.frozen_values(readings(20, 337, step_s=0))
    assert not freshness.frozen_values([*readings(10, 337)[:-1], Reading(600, 600, solar_w=0, load_w=338)])
    assert not freshness.frozen_values([])

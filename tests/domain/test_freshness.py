"""Silence, sleeping counters and frozen values are told apart from a quiet house."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.domain.rows import series

from liveone.domain import freshness
from liveone.domain.aggregates import FiveMinutes
from liveone.domain.reading import Reading

CASES = json.loads((Path(__file__).parents[1] / "freshness.json").read_text())
"""The cases with which tests/js tries the pages."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["cadenceS"]))
def test_a_reading_is_fresh_for_three_polls_and_silent_after_fifteen_minutes(case: dict[str, Any]) -> None:
    cadence_s = case["cadenceS"]
    assert (freshness.late_s(cadence_s), freshness.SILENT_S) == (case["lateS"], case["silentS"])
    found = [[age_s, freshness.of(10_000, 10_000 + age_s, cadence_s)] for age_s, _ in case["states"]]
    assert found == case["states"]


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

"""The battery: what it does, where the last quarter of an hour leads, and the reserve at which it ends."""

import json
from pathlib import Path

import pytest

from liveone.domain.battery import MEAN_S, Outlook, capacity_kwh, learned_reserve_pct, outlook, state_of
from liveone.domain.reading import Reading

CASES = json.loads((Path(__file__).parents[1] / "directions.json").read_text())
NOW_AT = 1_755_475_200


def readings(*powers_w: float | None, soc_pct: float | None = 50.0, every_s: int = 60) -> list[Reading]:
    """One a minute up to now."""
    first_at = NOW_AT - (len(powers_w) - 1) * every_s
    return [
        Reading(first_at + n * every_s, first_at + n * every_s, battery_w=w, battery_soc_pct=soc_pct)  # type: ignore[arg-type]
        for n, w in enumerate(powers_w)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["w"]))
def test_one_threshold_decides_as_the_pages_script_does(case: dict[str, object]) -> None:
    assert state_of(case["w"]) == case["state"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "kwh"),
    [("63.6 kWh", 63.6), ("9600 Wh", 9.6), ("9,6kWh", 9.6), ("0 kWh", None), ("48 V", None), (None, None)],
)
def test_a_capacity_is_read_from_the_vendors_text(text: str | None, kwh: float | None) -> None:
    assert capacity_kwh(text) == kwh


def test_time_to_full_and_empty_is_energy_over_the_mean_power() -> None:
    charging = outlook(readings(*[-1000.0] * 8, *[-3000.0] * 8), 10.0, 0.0, is_fresh=True)
    assert charging.mean_w == pytest.approx(-2067, abs=1)
    assert (charging.towards, charging.hours) == ("full", pytest.approx(2.42, abs=0.01))
    draining = outlook(readings(*[1000.0] * 15), 10.0, 0.0, is_fresh=True)
    assert draining == Outlook("discharging", 1000.0, "empty", 5.0)


def test_empty_means_the_reserve() -> None:
    assert outlook(readings(*[1000.0] * 15), 10.0, 20.0, is_fresh=True).hours == pytest.approx(3.0)
    below = outlook(readings(*[1000.0] * 15, soc_pct=15.0), 10.0, 20.0, is_fresh=True)
    assert below.hours == 0


def test_only_the_last_quarter_of_an_hour_counts() -> None:
    long_ago = readings(*[9000.0] * 15, *[1000.0] * 16)
    assert long_ago[15].inverter_time == NOW_AT - MEAN_S
    assert outlook(long_ago, 10.0, 0.0, is_fresh=True).mean_w == 1000


@pytest.mark.parametrize("every_s", [10, 60, 300, 600])
def test_a_quarter_of_an_hour_is_one_however_often_it_is_read(every_s: int) -> None:
    recent = readings(*[1000.0] * (MEAN_S // every_s + 1), every_s=every_s)
    assert outlook(recent, 10.0, 0.0, is_fresh=True).hours == 5.0


@pytest.mark.parametrize(
    ("recent", "is_fresh"),
    [
        (readings(*[1000.0] * 15), False),
        (readings(*[-3000.0] * 14, 1000.0), True),
        (readings(*[1000.0] * 4), True),
        (readings(*[1000.0] * 20, every_s=10), True),
        (readings(*[20.0] * 15), True),
        (readings(*[None] * 15), True),
        ([], True),
    ],
    ids=["stale", "it has just turned", "too few", "too short", "idle", "unknown", "no reading"],
)
def test_nothing_is_foretold_where_nothing_can_be(recent: list[Reading], is_fresh: bool) -> None:
    found = outlook(recent, 10.0, 0.0, is_fresh=is_fresh)
    assert (found.towards, found.hours) == (None, None)


def test_without_a_capacity_only_the_direction_is_told() -> None:
    found = outlook(readings(*[1000.0] * 15), None, 0.0, is_fresh=True)
    assert (found.towards, found.hours) == ("empty", None)


@pytest.mark.parametrize(
    ("lowest_pct", "reserve_pct"),
    [
        ([20.1, 45.0, 20.0, 20.6, None, 81.0], 20.0),
        ([20.1, 45.0, 81.0, 20.0], None),
        ([60.0, 55.0, 52.0], None),
        ([], None),
        ([None] * 5, None),
    ],
    ids=["three days ended there", "two are chance", "never so low twice", "no days", "no levels"],
)
def test_a_reserve_is_learned_from_days_that_ended_at_the_same_level(
    lowest_pct: list[float | None], reserve_pct: float | None
) -> None:
    assert learned_reserve_pct(lowest_pct) == reserve_pct

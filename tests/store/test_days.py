"""Days as rows: kept whole, closed and open, with the context that closing needs."""

from dataclasses import fields, replace

import pytest
from tests.store.samples import NOON, recorded

from liveone.domain.aggregates import Day, Six
from liveone.domain.energy import ROWS_AFTER, ROWS_BEFORE
from liveone.domain.zones import Zone
from liveone.store import aggregates, readings, systems
from liveone.store.store import Store

DAY_S = 86_400


def a_full_day(day: str) -> Day:
    numbers = {
        each.name: 10 + place
        for place, each in enumerate(fields(Day))
        if each.name not in ("day", "estimated")
    }
    return Day(**{**numbers, "day": day, "version": 1})  # type: ignore[arg-type]


def test_a_day_comes_back_as_it_was(any_store: Store) -> None:
    saved = replace(
        a_full_day("2025-08-16"), grid_w_avg=None, solar_kwh=0.1 + 0.2, battery_soc_pct_end=75.8359375
    )
    aggregates.save_days(any_store, 1, [saved, a_full_day("2025-08-18")])
    (found,) = aggregates.days(any_store, 1, "2025-08-16", "2025-08-17")
    assert found == (saved if any_store.generation > 1 else replace(saved, sample_count=0))


@pytest.mark.parametrize("flags", [(False,) * 6, (True, False, False, True, False, False), (True,) * 6])
def test_what_is_estimated_is_kept_until_the_day_is_opened_again(any_store: Store, flags: Six[bool]) -> None:
    aggregates.save_days(any_store, 1, [Day("2025-08-16", solar_kwh=1.5, estimated=flags)])
    (found,) = aggregates.days(any_store, 1, "2025-08-16", "2025-08-16")
    assert (found.version, found.estimated) == (1, flags)
    aggregates.clear_days(any_store, 1, "2025-08-16", "2025-08-16")
    (found,) = aggregates.days(any_store, 1, "2025-08-16", "2025-08-16")
    assert (found.version, found.estimated) == (0, None)


def test_a_day_saved_again_is_replaced(any_store: Store) -> None:
    aggregates.save_days(any_store, 1, [a_full_day("2025-08-16")])
    aggregates.save_days(any_store, 1, [Day("2025-08-16", solar_kwh=1.5)])
    assert aggregates.days(any_store, 1, "2025-08-16", "2025-08-16") == [Day("2025-08-16", solar_kwh=1.5)]


def test_open_days_are_complete_have_rows_and_are_not_closed(any_store: Store) -> None:
    system = systems.list_systems(any_store)[0]
    readings.record(any_store, [recorded(NOON + each * DAY_S) for each in (0, 1, 3, 4)])
    midnight = Zone(600).bounds("2025-08-20")[0]
    assert aggregates.open_days(any_store, system, now_at=midnight - 1) == ["2025-08-16", "2025-08-17"]
    assert aggregates.open_days(any_store, system, now_at=midnight) == [
        "2025-08-16",
        "2025-08-17",
        "2025-08-19",
    ]
    aggregates.save_days(any_store, 1, [Day("2025-08-16"), Day("2025-08-17", version=0)])
    assert aggregates.open_days(any_store, system, now_at=midnight) == ["2025-08-17", "2025-08-19"]
    assert aggregates.open_days(any_store, system, now_at=midnight, since_day="2025-08-19") == [
        "2025-08-17",
        "2025-08-19",
    ]
    assert aggregates.clear_days(any_store, 1, "2025-08-01", "2025-08-31") == 1
    assert len(aggregates.open_days(any_store, system, now_at=midnight)) == 3


def test_a_reading_at_midnight_belongs_to_the_day_before(any_store: Store) -> None:
    system = systems.list_systems(any_store)[0]
    _, end_at = Zone(600).bounds("2025-08-16")
    readings.record(any_store, [recorded(end_at)])
    assert aggregates.open_days(any_store, system, now_at=end_at) == ["2025-08-16"]


def test_rows_around_a_span_come_with_as_many_as_its_energies_depend_on(store1: Store) -> None:
    before, after = ROWS_BEFORE + 7, ROWS_AFTER + 7
    readings.record(store1, [recorded(NOON + 600 * place) for place in range(-before, after)])
    found = aggregates.five_minutes_around(store1, 1, NOON - 600, NOON)
    ends = [row.interval_end for row in found]
    assert (ends[0], ends[-1]) == (NOON - 600 * ROWS_BEFORE, NOON + 600 * ROWS_AFTER)
    assert len(ends) == ROWS_BEFORE + ROWS_AFTER + 1


def test_rows_around_nothing_are_none(any_store: Store) -> None:
    assert aggregates.five_minutes_around(any_store, 1, NOON, NOON + 300) == []

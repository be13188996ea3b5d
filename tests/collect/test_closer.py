"""Closing days: what is over and open, no more; the same whether alone, again, or all at once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.collect.support import add, new_store, recorded

from liveone.collect.days import closer
from liveone.domain.aggregates import Day
from liveone.domain.system import System
from liveone.errors import BadInput
from liveone.store import aggregates, readings, systems
from liveone.store.store import Store

MIDNIGHT_AT = 1_755_612_000
"""2025-08-20 00:00 at +10:00."""

DAY_S = 86_400


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = new_store(tmp_path / "data.db")
    yield store
    store.close()


def fill(store: Store, system_id: int, start_at: int, end_at: int, *, step_s: int = 300) -> None:
    """Readings of a house that imports 1.2 kW all day; its counter shows it."""
    times = range(start_at + step_s, end_at + 1, step_s)
    counters = [{"grid_in_kwh_total": 1000 + (at - MIDNIGHT_AT) / 3000} for at in times]
    readings.record(
        store,
        [recorded(system_id, at, grid_w=1200, **each) for at, each in zip(times, counters, strict=True)],
    )


def days(store: Store, system_id: int = 1) -> list[Day]:
    return aggregates.days(store, system_id, "2025-01-01", "2025-12-31")


def closed_days(results: Sequence[closer.Closed]) -> dict[int, list[str]]:
    assert not any(result.error for result in results)
    return {result.system_id: list(result.days) for result in results}


def test_a_day_is_closed_two_minutes_after_its_local_midnight_and_then_left_alone(store: Store) -> None:
    fill(store, 1, MIDNIGHT_AT - DAY_S, MIDNIGHT_AT)
    assert closed_days(closer.catch_up(store, MIDNIGHT_AT + 119)) == {}
    assert closed_days(closer.catch_up(store, MIDNIGHT_AT + 120)) == {1: ["2025-08-19"]}
    assert closed_days(closer.catch_up(store, MIDNIGHT_AT + 180)) == {}
    (day,) = days(store)
    assert (day.interval_count, day.version) == (288, 1)
    assert day.grid_import_kwh == pytest.approx(28.8, abs=0.11)


def test_each_system_has_its_own_midnight(store: Store) -> None:
    india = add(store, "200", offset_min=330).id
    for system_id in (1, india):
        fill(store, system_id, MIDNIGHT_AT - DAY_S, MIDNIGHT_AT + 6 * 3600)
    assert closed_days(closer.catch_up(store, MIDNIGHT_AT + 120)) == {
        1: ["2025-08-19"],
        india: ["2025-08-18"],
    }
    its_midnight_at = MIDNIGHT_AT + 4 * 3600 + 1800
    assert closed_days(closer.catch_up(store, its_midnight_at + 119)) == {}
    assert closed_days(closer.catch_up(store, its_midnight_at + 120)) == {india: ["2025-08-19"]}


def test_late_data_opens_a_day_and_it_is_closed_again(store: Store) -> None:
    fill(store, 1, MIDNIGHT_AT - DAY_S, MIDNIGHT_AT)
    closer.catch_up(store, MIDNIGHT_AT + 120)
    fill(store, 1, MIDNIGHT_AT - 7200 - 60, MIDNIGHT_AT - 7200 - 60 + 300)
    assert days(store)[0].version == 0
    assert closed_days(closer.catch_up(store, MIDNIGHT_AT + 300, look_back_days=3)) == {1: ["2025-08-19"]}
    assert days(store)[0].sample_count == 289


def test_the_energy_of_days_without_any_reading_is_kept_in_those_days(store: Store) -> None:
    fill(store, 1, MIDNIGHT_AT - 5 * DAY_S, MIDNIGHT_AT - 4 * DAY_S)
    fill(store, 1, MIDNIGHT_AT - DAY_S, MIDNIGHT_AT)
    closer.catch_up(store, MIDNIGHT_AT + 120)
    assert [(day.day, day.interval_count) for day in days(store)] == [
        ("2025-08-15", 288),
        ("2025-08-16", 0),
        ("2025-08-17", 0),
        ("2025-08-18", 0),
        ("2025-08-19", 288),
    ]
    total_kwh = sum(day.grid_import_kwh or 0 for day in days(store))
    assert total_kwh == pytest.approx(5 * 28.8 - 0.1, abs=0.002)


def test_days_closed_one_by_one_equal_days_made_anew_all_at_once(store: Store) -> None:
    for day in range(10, 0, -1):
        fill(store, 1, MIDNIGHT_AT - day * DAY_S, MIDNIGHT_AT - (day - 1) * DAY_S, step_s=1500)
        closer.catch_up(store, MIDNIGHT_AT - (day - 1) * DAY_S + 120)
    closer.catch_up(store, MIDNIGHT_AT + 120)
    one_by_one = days(store)
    aggregates.clear_days(store, 1, "2025-08-01", "2025-08-31")
    ((result),) = closer.regenerate(store, 1, MIDNIGHT_AT + 120)
    assert list(result.days) == [day.day for day in one_by_one]
    assert days(store) == one_by_one
    assert [closer.close_one(store, 1, day.day).days for day in one_by_one] == [
        [day.day] for day in one_by_one
    ]
    assert days(store) == one_by_one


def test_regenerating_all_systems_leaves_today_open(store: Store) -> None:
    fill(store, 1, MIDNIGHT_AT - DAY_S, MIDNIGHT_AT + 3600)
    assert closed_days(closer.regenerate(store, None, MIDNIGHT_AT + 3600)) == {1: ["2025-08-19"]}


def test_data_that_comes_between_reading_and_saving_a_day_is_not_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 1, MIDNIGHT_AT - DAY_S, MIDNIGHT_AT)
    save, late = aggregates.save_days, [MIDNIGHT_AT - 7260]

    def save_after_late_data(store: Store, system_id: int, closed: Sequence[Day]) -> None:
        if late:
            readings.record(store, [recorded(1, late.pop())])
        save(store, system_id, closed)

    monkeypatch.setattr(aggregates, "save_days", save_after_late_data)
    closer.catch_up(store, MIDNIGHT_AT + 120)
    assert days(store)[0].sample_count == 289


def test_one_system_that_cannot_be_closed_does_not_keep_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = add(store, "200").id
    for system_id in (1, other):
        fill(store, system_id, MIDNIGHT_AT - DAY_S, MIDNIGHT_AT)
    look = aggregates.open_days

    def broken_for_one(store: Store, system: System, **options: Any) -> list[str]:
        if system.id == 1:
            raise BadInput("time zone 'Mars/Base' is not known")
        return look(store, system, **options)

    monkeypatch.setattr(aggregates, "open_days", broken_for_one)
    broken, fine = closer.catch_up(store, MIDNIGHT_AT + 120)
    assert (broken.system_id, list(broken.days), "Mars" in str(broken.error)) == (1, [], True)
    assert (fine.system_id, fine.days, fine.error) == (other, ["2025-08-19"], None)


def test_a_wrong_system_or_day_is_said(store: Store) -> None:
    with pytest.raises(BadInput, match="no system 7"):
        closer.close_one(store, 7, "2025-08-19")
    with pytest.raises(BadInput, match="2025-13-01"):
        closer.close_one(store, 1, "2025-13-01")
    assert systems.get_system(store, 1)
    assert list(closer.close_one(store, 1, "2025-08-19").days) == []

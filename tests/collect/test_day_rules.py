"""Days that older rules made are computed anew once, and only those that follow from readings."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.collect.support import new_store, recorded

from liveone.collect.days import closer
from liveone.domain.aggregates import Day
from liveone.store import aggregates, day_rules, readings
from liveone.store.store import Store

MIDNIGHT_AT = 1_755_612_000
"""2025-08-20 00:00 at +10:00."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = new_store(tmp_path / "data.db")
    readings.record(store, [recorded(1, MIDNIGHT_AT - 300 * place, load_w=1200) for place in range(288)])
    old = [Day("2025-08-18", load_kwh=7.0), Day("2025-08-19", load_kwh=1.0, interval_count=288)]
    aggregates.save_days(store, 1, old)
    yield store
    store.close()


def loads(store: Store) -> dict[str, float | None]:
    return {day.day: day.load_kwh for day in aggregates.days(store, 1, "2025-01-01", "2025-12-31")}


def test_a_day_with_readings_is_computed_anew_and_one_without_stays(store: Store) -> None:
    (done,) = closer.catch_up(store, MIDNIGHT_AT + 3600)
    assert list(done.days) == ["2025-08-19"]
    assert loads(store) == {"2025-08-18": 7.0, "2025-08-19": pytest.approx(28.8)}
    assert day_rules.waiting(store, 1) == 0


def test_it_happens_once_and_not_in_the_short_look_of_every_minute(store: Store) -> None:
    assert closer.catch_up(store, MIDNIGHT_AT + 3600, look_back_days=3) == []
    closer.catch_up(store, MIDNIGHT_AT + 3600)
    aggregates.save_days(store, 1, [Day("2025-08-19", load_kwh=1.0, interval_count=288)])
    assert closer.catch_up(store, MIDNIGHT_AT + 3600) == []


def test_what_was_stopped_is_gone_on_with(store: Store) -> None:
    assert closer.catch_up(store, MIDNIGHT_AT + 3600, goes_on=lambda: False) == []
    assert day_rules.waiting(store, 1) == 1
    (done,) = closer.catch_up(store, MIDNIGHT_AT + 3660, look_back_days=3)
    assert list(done.days) == ["2025-08-19"]

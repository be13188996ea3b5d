"""Imports: fast, repeatable, and the same as recording one by one."""

import json
import random

import pytest
from tests.store.conftest import Make, a_system
from tests.store.samples import NOON, sample

from liveone.domain.aggregates import Day
from liveone.store import aggregates, bulk, readings
from liveone.store.bulk import Imported
from liveone.store.database import ConstraintFailed
from liveone.store.generations import NEWEST
from liveone.store.readings import Recorded, row_of
from liveone.store.store import Store


def rows(number: int) -> list[tuple[object, ...]]:
    chance = random.Random(7)
    return [row_of(sample(NOON + 47 * each, solar_w=chance.randrange(5000))) for each in range(number)]


def test_an_import_equals_recording(make_store: Make, any_store: Store) -> None:
    offered = random.Random(3).sample(rows(500), 500)
    done = bulk.import_readings(any_store, 1, offered, batch=70)
    assert (done.offered, done.new) == (500, 500)
    imported = aggregates.five_minutes(any_store, 1, 0, NOON + 10**6)
    other = make_store(NEWEST)
    system = a_system(other, "other")
    readings.record(other, [Recorded(system.id, readings.reading_of(row)) for row in rows(500)])  # type: ignore[arg-type]
    assert imported == aggregates.five_minutes(other, system.id, 0, NOON + 10**6)
    assert readings.between(any_store, 1, 0, NOON + 10**6) == readings.between(
        other, system.id, 0, NOON + 10**6
    )


def test_an_import_repeated_adds_nothing_and_opens_nothing(any_store: Store) -> None:
    told: list[Imported] = []
    bulk.import_readings(any_store, 1, iter(rows(300)), batch=100, progress=told.append)
    assert [each.offered for each in told] == [100, 200, 300]
    aggregates.save_days(any_store, 1, [Day("2025-08-16")])
    again = bulk.import_readings(any_store, 1, iter(rows(300)), batch=100)
    assert (again.offered, again.new) == (300, 0)
    assert aggregates.days(any_store, 1, "2025-08-16", "2025-08-16")[0].version == 1
    more = bulk.import_readings(any_store, 1, iter(rows(310)), batch=1000)
    assert more.new == 10
    assert aggregates.days(any_store, 1, "2025-08-16", "2025-08-16")[0].version == 0


def test_an_import_that_breaks_off_keeps_whole_batches(any_store: Store) -> None:
    def breaking() -> object:
        yield from rows(250)
        raise OSError("the CSV is gone")

    with pytest.raises(OSError, match="CSV"):
        bulk.import_readings(any_store, 1, breaking(), batch=100)  # type: ignore[arg-type]
    assert readings.count(any_store, 1) == 200
    stored = aggregates.five_minutes(any_store, 1, 0, NOON + 10**6)
    assert sum(each.sample_count for each in stored) == 200


def test_an_import_for_no_system_stores_nothing(store: Store) -> None:
    with pytest.raises(ConstraintFailed):
        bulk.import_readings(store, 7, rows(10))


def test_what_would_be_new_can_be_asked_first(any_store: Store) -> None:
    bulk.import_readings(any_store, 1, rows(10))
    assert bulk.preview(any_store, 1, rows(12), bulk.Terms()) == Imported(12, 2)
    assert readings.count(any_store, 1) == 10


def test_lone_intervals_are_asked_together(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """8,000 readings ten minutes apart took a minute: each looked around itself through all the others."""
    asked: list[int] = []
    read = store.read

    def counting(name: str, *params: object) -> object:
        if name == "readings_reach":
            asked.append(len(json.loads(str(params[0]))))
        return read(name, *params)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "read", counting)
    a_day_apart = [(NOON + 86_400 * each, NOON, 5, *(None,) * 15) for each in range(300)]
    ten_minutes_apart = [(NOON + 600 * each, NOON, 5, *(None,) * 15) for each in range(2000)]
    bulk.import_readings(store, a_system(store).id, ten_minutes_apart, batch=500)
    bulk.import_readings(store, a_system(store, "other").id, a_day_apart, batch=100)
    assert asked == [1] * 7

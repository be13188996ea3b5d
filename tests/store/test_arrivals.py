"""Whoever follows the readings by time gets each of them, however late it came."""

import pytest
from tests.store.conftest import Make, a_system
from tests.store.samples import NOON, sample

from liveone.store import arrivals, bulk, readings
from liveone.store.arrivals import ArrivalPlace
from liveone.store.generations import NEWEST
from liveone.store.readings import Recorded, row_of
from liveone.store.store import Store


def record(store: Store, *times: int, system_id: int = 1) -> None:
    for at in times:
        readings.record(store, [Recorded(system_id, sample(at))])


def followed(store: Store, place: ArrivalPlace, most: int = 2) -> tuple[list[tuple[int, int]], ArrivalPlace]:
    """All that there is after a place, page by page, as (system, seconds after noon)."""
    found = []
    while page := arrivals.after(store, place, most):
        assert len(page) <= most
        found += [(each.system_id, each.reading.inverter_time - NOON) for each in page]
        place = page[-1].place
    return found, place


def test_each_system_is_followed_in_its_order_and_late_readings_come_too(any_store: Store) -> None:
    record(any_store, NOON)
    _, place = followed(any_store, arrivals.place_now(any_store))
    record(any_store, NOON + 60, NOON + 120)
    found, place = followed(any_store, place)
    assert found == [(1, 60), (1, 120)]
    record(any_store, NOON - 7200, NOON + 180)
    bulk.import_readings(any_store, 1, [row_of(sample(NOON - 90_000 + 300 * place)) for place in range(5)])
    found, place = followed(any_store, place)
    assert found == [(1, -7200), *((1, -90_000 + 300 * n) for n in range(5)), (1, 180)]
    assert followed(any_store, place) == ([], place)


def test_a_late_reading_that_was_reached_in_time_is_not_given_twice(store: Store) -> None:
    a_system(store)
    place = arrivals.place_now(store)
    record(store, NOON, NOON + 600, NOON + 300)
    assert followed(store, place)[0] == [(1, 0), (1, 300), (1, 600)]


def test_systems_go_side_by_side_and_only_those_chosen(store: Store) -> None:
    a_system(store)
    second = a_system(store, "1587").id
    record(store, NOON, NOON + 120)
    record(store, NOON + 60, system_id=second)
    assert followed(store, ArrivalPlace())[0] == [(1, 0), (second, 60), (1, 120)]
    assert [each.system_id for each in arrivals.after(store, ArrivalPlace(), 9, {second})] == [second]


def test_a_place_of_a_database_that_went_on_elsewhere_comes_back_to_what_is_there(store: Store) -> None:
    a_system(store)
    record(store, NOON)
    page = arrivals.after(store, ArrivalPlace({1: NOON + 10**6}, 99), 9)
    assert page == []
    record(store, NOON - 600)
    assert followed(store, ArrivalPlace({1: NOON}, 0))[0] == [(1, -600)]


def test_history_begins_with_the_oldest_reading_however_old(store: Store) -> None:
    a_system(store)
    oldest = -4000 * 86_400
    record(store, NOON + oldest, NOON + oldest + 60, NOON)
    assert followed(store, ArrivalPlace(), most=1)[0] == [(1, oldest), (1, oldest + 60), (1, 0)]


@pytest.mark.parametrize(("reading_id", "seconds"), [(0, [0, 60, 120]), (1, [60, 120]), (3, [])])
def test_a_place_that_release_0_1_remembered_by_id_is_known(
    make_store: Make, reading_id: int, seconds: list[int]
) -> None:
    """From generation 3 on no reading has an id: it goes on behind what is there, or from the beginning."""
    for generation, expected in ((2, seconds), (NEWEST, [] if reading_id else seconds)):
        store = make_store(generation)
        a_system(store)
        record(store, NOON, NOON + 60, NOON + 120)
        found, _ = followed(store, arrivals.place_of_id(store, reading_id))
        assert [at for _, at in found] == expected

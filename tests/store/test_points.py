"""Points in a database: recorded once with what follows from them, in any order, on every driver."""

import random
from dataclasses import replace
from typing import Literal

import pytest
from tests.store.conftest import a_system, rows_of, run
from tests.store.samples import NOON, recorded

from liveone.domain.points import MOST_POINTS, Point
from liveone.domain.zones import Zone
from liveone.errors import BadInput
from liveone.store import changes, point_repair, points, readings, repair, systems
from liveone.store.changes import ChangeEntry
from liveone.store.readings import Recorded
from liveone.store.store import Store

CAR = Point("car_w", "Car", "W", 7000.0)
ZONE = Zone(600)


def told(at: int, *points: Point, **changes: object) -> Recorded:
    return replace(recorded(at, **changes), points=points)


def values(store: Store) -> list[tuple[object, ...]]:
    return rows_of(store, "SELECT point_id, at, value FROM point_readings ORDER BY 1, 2")


def test_points_are_made_by_the_first_poll_and_kept_once(store: Store) -> None:
    a_system(store)
    warm = Point("flow_c", "Flow", "°C", 41.25, source="heat pump")
    for _ in range(2):
        readings.record(store, [told(NOON, CAR, warm)])
    readings.record(store, [told(NOON + 60, replace(CAR, value=0.0, name="Another name"))])
    assert values(store) == [(1, NOON, 7000.0), (1, NOON + 60, 0.0), (2, NOON, 41.25)]
    car, flow = points.list_points(store, 1)
    assert (car.source, car.key, car.unit, car.kind, car.name) == ("", "car_w", "W", "power", "Car")
    assert (flow.source, flow.kind, flow.position, flow.hidden) == ("heat pump", "level", 2, False)
    newest = [(point.id, at, value) for point, at, value in points.newest_values(store, 1, NOON + 3600)]
    assert newest == [(1, NOON + 60, 0.0), (2, NOON, 41.25)]


def test_five_minutes_of_a_point_are_those_that_the_house_has_of_the_same_power(store: Store) -> None:
    """The house's own rule is the oracle: the grid's power told twice, as the house's and as a point."""
    a_system(store)
    chance = random.Random(7)
    moments = sorted(chance.sample(range(NOON, NOON + 3600), 130))
    polls = [
        told(at, replace(CAR, value=float(watts)), grid_w=watts)
        for at in moments
        if (watts := chance.randrange(-3000, 9000)) is not None
    ]
    chance.shuffle(polls)
    for first in range(0, len(polls), 13):
        readings.record(store, polls[first : first + 13])
    columns = "interval_end, {0}_avg, {0}_min, {0}_max, sample_count"
    house = rows_of(store, f"SELECT {columns.format('grid_w')} FROM readings_agg_5m ORDER BY 1")
    point = rows_of(store, f"SELECT {columns.format('value')} FROM point_readings_agg_5m ORDER BY 1")
    assert len(house) > 10
    assert point == house
    last = dict(points.values_between(store, 1, 0, NOON * 2))
    for row in points.intervals(store, 1, 0, NOON * 2):
        newest_at = max(at for at in last if row.interval_end - 300 < at <= row.interval_end)
        assert row.value_last == last[newest_at]


def test_of_a_counter_only_the_last_value_says_anything(store: Store) -> None:
    a_system(store)
    for at, kwh in ((NOON - 60, 10.5), (NOON - 120, 10.25)):
        readings.record(store, [told(at, Point("car_kwh_total", "Car", "kWh", kwh))])
    (row,) = points.intervals(store, 1, 0, NOON)
    assert (row.value_avg, row.value_min, row.value_max, row.value_last, row.sample_count) == (
        *(None, None, None, 10.5, 2),
    )


def test_a_point_that_tells_another_unit_is_brought_to_the_same_or_is_another(store: Store) -> None:
    a_system(store)
    kilo, volts = Point("car_w", "Car", "kW", 7.0), Point("car_w", "Car", "V", 230.0)
    readings.record(store, [told(NOON, kilo), told(NOON + 60, CAR), told(NOON + 120, volts)])
    assert values(store) == [(1, NOON, 7000.0), (1, NOON + 60, 7000.0), (2, NOON + 120, 230.0)]
    assert [point.unit for point in points.list_points(store, 1)] == ["W", "V"]


@pytest.mark.parametrize("key", ["a,b", "point:7", "%_'\"; DROP TABLE points; --", "ü" * 80, "🚗", "9"])
def test_keys_of_any_letters_are_told_apart(store: Store, key: str) -> None:
    a_system(store)
    one, other = Point(key, key[:60], "A", 1.0), Point(key, "", "A", 2.0, source="roof")
    readings.record(store, [told(NOON, one, other)])
    found = points.list_points(store, 1)
    assert [(point.key, point.source) for point in found] == [(key, ""), (key, "roof")]
    assert values(store) == [(1, NOON, 1.0), (2, NOON, 2.0)]


@pytest.mark.parametrize(
    "point",
    [
        Point("", "", "A", 1.0),
        Point("a\nb", "", "A", 1.0),
        Point("\udc80", "", "A", 1.0),
        Point("k" * 81, "", "A", 1.0),
        Point("k", "", "u" * 13, 1.0),
        Point("k", "", "A", float("nan")),
        Point("k", "", "A", 1e300),
    ],
    ids=repr,
)
def test_what_can_be_no_point_is_left_out_and_costs_the_reading_nothing(store: Store, point: Point) -> None:
    a_system(store)
    assert readings.record(store, [told(NOON, point, CAR)]) == [True]
    assert [each.key for each in points.list_points(store, 1)] == ["car_w"]


def test_a_system_has_at_most_so_many_points_and_more_cost_the_others_nothing(store: Store) -> None:
    a_system(store)
    many = [Point(f"k{number}", "", "A", 1.0) for number in range(MOST_POINTS + 50)]
    readings.record(store, [told(NOON, *many)])
    assert len(points.list_points(store, 1)) == MOST_POINTS
    readings.record(store, [told(NOON + 60, many[0], many[-1])])
    assert points.values_between(store, 1, NOON, NOON + 60) == [(NOON + 60, 1.0)]


def test_a_database_without_the_plan_takes_readings_and_no_points_and_those_as_soon_as_it_has_it(
    store: Store,
) -> None:
    a_system(store)
    tables = ("points", "point_readings", "point_readings_agg_5m", "point_readings_agg_1d")
    run(store, *(f"ALTER TABLE {name} RENAME TO changeover_{name}" for name in tables))
    assert readings.record(store, [told(NOON, CAR)]) == [True]
    assert points.list_points(store, 1) == []
    run(store, *(f"ALTER TABLE changeover_{name} RENAME TO {name}" for name in tables))
    assert readings.record(store, [told(NOON + 60, CAR)]) == [True]
    assert values(store) == [(1, NOON + 60, 7000.0)]


def test_a_plan_that_takes_the_tables_away_between_two_statements_costs_no_reading(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_system(store)
    readings.record(store, [told(NOON, CAR)])
    known = points.meet

    def taken_away(store: Store, told: object) -> object:
        ids = known(store, told)  # type: ignore[arg-type]
        run(store, "DROP TABLE point_readings_agg_1d", "DROP TABLE point_readings_agg_5m")
        run(store, "DROP TABLE point_readings", "DROP TABLE points")
        return ids

    monkeypatch.setattr(points, "meet", taken_away)
    assert readings.record(store, [told(NOON + 60, CAR)]) == [True]
    assert readings.count(store, 1) == 2


def test_a_device_clock_that_is_ahead_gives_its_points_the_time_of_the_answer(store: Store) -> None:
    a_system(store)
    ahead = told(NOON + 900, CAR, received_time=NOON)
    readings.record(store, [ahead])
    assert values(store) == [(1, NOON, 7000.0)]


def test_an_owner_names_orders_and_hides_points(store: Store) -> None:
    a_system(store)
    readings.record(store, [told(NOON, CAR, Point("t_c", "T", "°C", 1.0))])
    edited = points.edit_point(store, 1, 1, name=" Zoé ", role="car", position=9, hidden=True)
    assert (edited.name, edited.role, edited.hidden) == ("Zoé", "car", True)
    assert [point.id for point in points.list_points(store, 1)] == [2, 1]
    readings.record(store, [told(NOON + 60, CAR)])
    assert points.find_point(store, 1, 1).name == "Zoé"
    for wrong in ({"name": ""}, {"name": "n" * 61}, {"role": "boat"}):
        with pytest.raises(BadInput):
            points.edit_point(store, 1, 1, **wrong)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="no point 7"):
        points.edit_point(store, 1, 7, name="x")


def test_points_go_with_their_system_and_alone(store: Store) -> None:
    a_system(store)
    readings.record(store, [told(NOON, CAR, Point("t_c", "T", "°C", 1.0))])
    points.remove_point(store, points.find_point(store, 1, 1))
    assert values(store) == [(2, NOON, 1.0)]
    systems.remove_system(store, 1)
    tables = ("points", "point_readings", "point_readings_agg_5m", "point_readings_agg_1d")
    assert [rows_of(store, f"SELECT count(*) FROM {name}") for name in tables] == [[(0,)]] * 4


def test_values_of_the_past_come_in_any_order_and_open_their_days(store: Store) -> None:
    a_system(store)
    readings.record(store, [told(NOON, CAR)])
    run(store, "UPDATE point_readings_agg_1d SET version = 1")
    points.record_values(store, ZONE, [(1, NOON - 90_000, 5.0), (1, NOON - 90_060, 4.0)])
    points.record_values(store, ZONE, [(1, NOON - 90_000, 99.0)])
    assert points.values_between(store, 1, 0, NOON - 1) == [(NOON - 90_060, 4.0), (NOON - 90_000, 5.0)]
    assert rows_of(store, "SELECT day, version FROM point_readings_agg_1d ORDER BY day") == [
        ("2025-08-15", 0),
        ("2025-08-16", 1),
    ]
    spans = [(1, NOON), (1, NOON + 60)]
    assert points.spans_taken(store, spans, 60) == {(1, NOON)}


@pytest.mark.parametrize("kind", ["forget", "exclude"])
def test_what_is_forgotten_takes_the_points_of_its_time_along_and_brings_them_back(
    store: Store, kind: Literal["forget", "exclude"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(point_repair, "PIECE_VALUES", 7)
    a_system(store)
    warm = Point("t_c", "T", "°C", 1.0)
    readings.record(
        store,
        [told(NOON + 30 * n, replace(CAR, value=n), replace(warm, value=n / 3)) for n in range(100)],
    )
    points.record_values(store, ZONE, [(1, NOON + 615, 9.0)])
    everything = contents(store)
    entry = ChangeEntry(kind, "test", "me", NOON + 610, NOON + 1210)
    change = repair.take_out(store, 1, entry)
    assert not [at for _, at, _ in values(store) if NOON + 610 < int(str(at)) <= NOON + 1210]
    assert len(values(store)) == 201 - 41
    kept_aside = contents(store)
    readings.record(store, [])
    point_repair.rebuild(store, systems.list_systems(store)[0])
    assert contents(store) == kept_aside
    repair.undo(store, change.id, "me")
    assert contents(store) == everything
    assert rows_of(store, "SELECT count(*) FROM _liveone_changes_points") == [(0,)]


def test_columns_that_are_excluded_leave_points_alone(store: Store) -> None:
    a_system(store)
    readings.record(store, [told(NOON, CAR)])
    repair.take_out(store, 1, ChangeEntry("exclude", "x", "me", NOON - 1, NOON, ("load_w",)))
    assert values(store) == [(1, NOON, 7000.0)]


def test_a_log_of_changes_of_an_older_release_gets_room_for_points(store: Store) -> None:
    a_system(store)
    readings.record(store, [told(NOON, CAR)])
    changes.make_tables(store)
    run(store, "DROP TABLE _liveone_changes_points")
    change = repair.take_out(store, 1, ChangeEntry("forget", "x", "me", NOON - 1, NOON))
    repair.undo(store, change.id, "me")
    assert values(store) == [(1, NOON, 7000.0)]
    run(store, "DROP TABLE _liveone_changes_points")
    systems.remove_system(store, 1)


def contents(store: Store) -> list[list[tuple[object, ...]]]:
    tables = ("point_readings", "point_readings_agg_5m")
    return [rows_of(store, f"SELECT * FROM {name} ORDER BY 1, 2") for name in tables]

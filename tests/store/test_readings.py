"""Recording: once, with everything that follows, all or nothing, whoever else records the same."""

import multiprocessing
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.conftest import a_system, rows_of, run
from tests.store.samples import FULL, NOON, recorded, sample

from liveone.domain.aggregates import Day
from liveone.store import aggregates, polling, readings, systems
from liveone.store.database import ConstraintFailed
from liveone.store.readings import PartialReading, Recorded
from liveone.store.store import Store, open_store
from liveone.store.system_snapshot import read_snapshot


def test_a_reading_comes_back_as_it_was(any_store: Store) -> None:
    assert readings.record(any_store, [recorded(NOON)]) == [True]
    assert readings.latest(any_store, 1, NOON + 86_400) == FULL
    assert readings.latest_many(any_store, NOON + 86_400) == {1: FULL}
    assert readings.newest_at(any_store) == {1: NOON}
    assert readings.between(any_store, 1, NOON - 1, NOON) == [FULL]
    assert readings.between(any_store, 1, NOON, NOON + 9) == []


def test_the_newest_reading_is_the_newest_that_is_not_of_the_future(any_store: Store) -> None:
    """A device whose clock ran fifty minutes ahead and was set right hid every reading for as long."""
    readings.record(any_store, [recorded(NOON), recorded(NOON + 3000), recorded(NOON + 10 * 365 * 86_400)])
    readings.record(any_store, [recorded(NOON + 60)])
    found = readings.latest(any_store, 1, NOON + 62)
    assert found is not None
    assert found.inverter_time == NOON + 60
    assert readings.latest_many(any_store, NOON + 62) == {1: found}
    assert readings.newest_at(any_store, NOON + 62) == {1: NOON + 60}
    assert readings.newest_at(any_store) == {1: NOON + 10 * 365 * 86_400}


def recorded_ahead(at: int, by_s: int) -> Recorded:
    """What came at ``at`` from a device whose clock is ahead."""
    return recorded(at + by_s, received_time=at)


def test_a_clock_that_was_ahead_hides_nothing_when_it_is_put_right(any_store: Store) -> None:
    """What came half an hour ahead is half an hour old when its time has come."""
    readings.record(any_store, [recorded(NOON)])
    readings.record(any_store, [recorded_ahead(NOON + 60 * each, by_s=1800) for each in range(30)])
    for place in range(30, 45):
        right = recorded(NOON + 60 * place)
        now_at = right.reading.received_time
        before = readings.latest(any_store, 1, now_at)
        assert before is not None
        assert before.delay_s >= 0, "none that is ahead"
        assert readings.record(any_store, [right]) == [True], "also where one that was ahead has its time"
        assert readings.latest(any_store, 1, now_at) == right.reading
        assert readings.latest_many(any_store, now_at) == {1: right.reading}
        assert readings.newest_at(any_store, now_at) == {1: right.reading.inverter_time}
        days = ("2025-08-15", "2025-08-16")
        known = read_snapshot(any_store, 1, (NOON, NOON), days=days, now_at=now_at, recent_s=600)
        assert known.latest == right.reading
        assert all(one.delay_s >= 0 for one in known.recent)


def test_a_clock_that_stays_ahead_is_shown_as_late_as_it_is(any_store: Store) -> None:
    readings.record(any_store, [recorded_ahead(NOON + 60 * each, by_s=600) for each in range(90)])
    found = readings.latest(any_store, 1, NOON + 90 * 60)
    assert found is not None
    assert NOON + 89 * 60 <= found.inverter_time <= NOON + 92 * 60


def test_nothing_recorded_is_nothing_found(any_store: Store) -> None:
    assert readings.record(any_store, []) == []
    assert readings.latest(any_store, 1, NOON + 86_400) is None
    assert (readings.latest_many(any_store, NOON + 86_400), readings.newest_at(any_store)) == ({}, {})


def test_a_repeat_changes_nothing_but_the_polls(any_store: Store) -> None:
    readings.record(any_store, [recorded(NOON)])
    before = aggregates.five_minutes(any_store, 1, NOON - 300, NOON)
    assert readings.record(
        any_store, [recorded(NOON, solar_w=9), recorded(NOON + 5), recorded(NOON + 5)]
    ) == [
        False,
        True,
        False,
    ]
    assert readings.between(any_store, 1, 0, NOON) == [FULL]
    assert aggregates.five_minutes(any_store, 1, NOON - 300, NOON) == before
    assert polling.statuses(any_store)[1].successful_polls == 4


def test_absent_is_stored_as_absent(store: Store) -> None:
    a_system(store)
    readings.record(store, [recorded(NOON, load_w=None, battery_soc_pct=None, grid_in_kwh_total=None)])
    found = readings.latest(store, 1, NOON + 86_400)
    assert found is not None
    assert (found.load_w, found.battery_soc_pct, found.grid_in_kwh_total) == (None, None, None)


def test_a_generation_without_room_for_gaps_takes_all_the_others(store1: Store) -> None:
    offered = [recorded(NOON), recorded(NOON + 60, load_w=None), recorded(NOON + 120, grid_in_kwh_total=None)]
    with pytest.raises(PartialReading, match="liveone upgrade") as caught:
        readings.record(store1, offered)
    assert caught.value.refused == (1,)
    assert caught.value.recorded == [True, False, True]
    assert not caught.value.retryable
    assert [each.inverter_time for each in readings.between(store1, 1, 0, NOON + 999)] == [NOON, NOON + 120]


def test_a_reading_of_no_system_stores_nothing_at_all(store: Store) -> None:
    a_system(store)
    with pytest.raises(ConstraintFailed):
        readings.record(store, [recorded(NOON), recorded(NOON, system_id=7)])
    assert readings.latest(store, 1, NOON + 86_400) is None
    assert polling.statuses(store) == {}


def test_a_thousand_systems_in_one_call(store: Store) -> None:
    for number in range(50):
        a_system(store, site=str(number))
    offered = [recorded(NOON + 60 * minute, system_id=1 + n) for n in range(50) for minute in range(3)]
    assert all(readings.record(store, offered))
    assert set(readings.newest_at(store).values()) == {NOON + 120}
    assert polling.statuses(store)[50].total_polls == 3


def test_the_answer_and_the_memory_of_the_newest_poll_are_kept(any_store: Store) -> None:
    def polled(at: int, step: int) -> Recorded:
        return Recorded(1, sample(at), raw=b'{"x": "\xc3\xa9\\u0000"}', memory={"step": step}, polled_at=at)

    readings.record(any_store, [polled(NOON + 60, 2), polled(NOON, 1)])
    assert polling.memory_of(any_store) == {1: {"step": 2}}
    readings.record(any_store, [polled(NOON - 60, 0)])
    assert polling.memory_of(any_store) == {1: {"step": 2}}
    assert polling.statuses(any_store)[1].last_success_time == NOON + 60


def closed(store: Store, *days: str) -> None:
    aggregates.save_days(store, 1, [Day(day=day) for day in days])


def versions(store: Store) -> dict[str, int]:
    return {day.day: day.version for day in aggregates.days(store, 1, "2025-01-01", "2026-01-01")}


def test_late_data_opens_the_days_of_the_gap_it_closes(any_store: Store) -> None:
    day_s = 86_400
    readings.record(any_store, [recorded(NOON + 300 * n) for n in range(4)])
    readings.record(any_store, [recorded(NOON + 4 * day_s + 300 * n) for n in range(4)])
    closed(any_store, "2025-08-15", "2025-08-16", "2025-08-17", "2025-08-18", "2025-08-20", "2025-08-21")
    readings.record(any_store, [recorded(NOON + 2 * day_s)])
    assert versions(any_store) == {
        "2025-08-15": 1,
        "2025-08-16": 0,
        "2025-08-17": 0,
        "2025-08-18": 0,
        "2025-08-20": 0,
        "2025-08-21": 1,
    }


def test_live_data_opens_no_closed_day_and_neither_does_a_repeat(any_store: Store) -> None:
    readings.record(any_store, [recorded(NOON + 300 * n) for n in range(200)])
    closed(any_store, "2025-08-16")
    readings.record(any_store, [recorded(NOON + 300 * 200), recorded(NOON)])
    assert versions(any_store) == {"2025-08-16": 1}


def test_the_third_row_before_a_new_one_opens_its_day(any_store: Store) -> None:
    midnight = NOON + 43_200
    readings.record(any_store, [recorded(midnight + 60 * minute) for minute in (-5, 5, 10)])
    closed(any_store, "2025-08-16")
    readings.record(any_store, [recorded(midnight + 900)])
    assert versions(any_store) == {"2025-08-16": 0}
    closed(any_store, "2025-08-16")
    readings.record(any_store, [recorded(midnight + 1200)])
    assert versions(any_store) == {"2025-08-16": 1}


def test_a_counter_that_returns_opens_the_days_it_was_away(store: Store) -> None:
    a_system(store)
    readings.record(store, [recorded(NOON + 300 * n) for n in range(4)])
    away = [recorded(NOON + 900 * n, load_kwh_total=None) for n in range(4, 267)]
    readings.record(store, away)
    closed(store, "2025-08-16", "2025-08-17", "2025-08-18")
    readings.record(store, [recorded(NOON + 900 * 267, load_kwh_total=None)])
    assert versions(store) == {"2025-08-16": 1, "2025-08-17": 1, "2025-08-18": 1}
    readings.record(store, [recorded(NOON + 900 * 268)])
    assert versions(store) == {"2025-08-16": 0, "2025-08-17": 0, "2025-08-18": 0}


def _record_minutes(path: Path, minutes: int) -> None:
    with closing(open_store(path, busy_timeout_s=20)) as store:
        for minute in range(minutes):
            readings.record(store, [recorded(NOON + 60 * minute)])


def test_two_processes_recording_the_same_do_no_harm(path: Path) -> None:
    with closing(open_store(path)) as store:
        a_system(store)
        context = multiprocessing.get_context("spawn")
        both = [context.Process(target=_record_minutes, args=(path, 60)) for _ in range(2)]
        for each in both:
            each.start()
        for each in both:
            each.join()
        assert [each.exitcode for each in both] == [0, 0]
        assert readings.count(store, 1) == 60
        assert [row.sample_count for row in aggregates.five_minutes(store, 1, NOON, NOON + 3300)] == [5] * 11
        assert polling.statuses(store)[1].total_polls == 120


def test_kill_9_while_recording_leaves_a_whole_database(path: Path) -> None:
    with closing(open_store(path)) as store:
        a_system(store)
    context = multiprocessing.get_context("spawn")
    for delay_s in (0.0, 0.02, 0.05):
        victim = context.Process(target=_record_minutes, args=(path, 100_000))
        victim.start()
        with closing(open_store(path)) as store:
            before = readings.count(store, 1)
            while victim.is_alive() and readings.count(store, 1) < before + 3:
                time.sleep(0.001)
            time.sleep(delay_s)
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        with closing(open_store(path)) as store:
            stored = readings.count(store, 1)
            assert stored >= before + 3 or stored == before
            rows = aggregates.five_minutes(store, 1, 0, NOON + 10**8)
            assert sum(row.sample_count for row in rows) == stored
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_old_rows_may_hold_text_timestamps(store1: Store) -> None:
    old = "'2025-01-02 03:04:05'"
    run(
        store1,
        f"UPDATE systems SET created_at = {old}, updated_at = {old}",
        f"INSERT INTO polling_status (system_id, updated_at) VALUES (1, {old})",
        f"INSERT INTO readings_agg_1d (system_id, day, created_at) VALUES ('1', '2025-08-16', {old})",
    )
    readings.record(store1, [recorded(NOON)])
    closed(store1, "2025-08-16")
    assert [each.id for each in systems.list_systems(store1)] == [1]
    assert rows_of(store1, "SELECT created_at FROM systems") == [("2025-01-02 03:04:05",)]
    assert rows_of(store1, "SELECT created_at FROM readings_agg_1d") == [("2025-01-02 03:04:05",)]

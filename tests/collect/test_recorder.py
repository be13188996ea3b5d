"""The recorder: a reading that was accepted is in the database or on its way there, in order, once."""

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.collect.support import START_AT, new_store, recorded, times_in

from liveone.clock import SystemClock
from liveone.collect.polling.recorder import GATHER_S, Recorder, RecorderStopped, RecordResult
from liveone.collect.queue.backlog import MEMORY_LIMIT, Backlog
from liveone.collect.queue.spool import Spool, SpoolFull
from liveone.store import polling
from liveone.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = new_store(tmp_path / "data.db", 20, busy_timeout_s=0.1)
    yield store
    store.close()


@pytest.fixture
def recorder(store: Store, tmp_path: Path) -> Iterator[Recorder]:
    recorder = Recorder(store, Backlog(Spool(tmp_path / "spool")), SystemClock())
    yield recorder
    recorder.close()


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The write lock, held by somebody else until ROLLBACK."""
    other = sqlite3.connect(tmp_path / "data.db", isolation_level=None)
    yield other
    other.close()


def test_a_reading_is_new_once_and_a_repeat_ever_after(recorder: Recorder, store: Store) -> None:
    one = recorded(1, START_AT)
    assert recorder.record([one]) == [RecordResult.NEW]
    assert recorder.record([one, recorded(2, START_AT)]) == [RecordResult.REPEAT, RecordResult.NEW]
    status = polling.statuses(store)[1]
    assert (status.total_polls, status.successful_polls) == (2, 2)


def test_readings_that_come_together_are_committed_together(recorder: Recorder, store: Store) -> None:
    ready = threading.Barrier(16)

    def one(number: int) -> list[RecordResult]:
        ready.wait()
        return recorder.record([recorded(number % 16 + 1, START_AT + number)])

    recorder.record([recorded(20, START_AT)])
    with ThreadPoolExecutor(16) as threads:
        fates = list(threads.map(one, range(160)))
    assert fates == [[RecordResult.NEW]] * 160
    assert recorder.counts.commits <= 25


def test_between_two_commits_others_have_time_to_gather(recorder: Recorder) -> None:
    recorder.record([recorded(1, START_AT)])
    began_s = time.monotonic()
    for minute in (1, 2, 3):
        recorder.record([recorded(1, START_AT + 60 * minute)])
    assert time.monotonic() - began_s >= 2 * GATHER_S


def test_a_failed_poll_is_not_counted_before_what_waits(recorder: Recorder, store: Store) -> None:
    recorder.backlog.append([recorded(1, START_AT)])
    assert not recorder.failed(1, START_AT + 60, "The portal is away.")
    assert polling.statuses(store) == {}
    assert recorder.counts.failures_uncounted == 1
    recorder.drain()
    assert recorder.failed(1, START_AT + 120, "The portal is away.")
    assert polling.statuses(store)[1].consecutive_errors == 1


def test_while_the_database_is_locked_readings_wait_on_disk_and_follow_in_order(
    recorder: Recorder, store: Store, locked: sqlite3.Connection
) -> None:
    recorder.record([recorded(1, START_AT)])
    locked.execute("BEGIN IMMEDIATE")
    fates = [recorder.record([recorded(1, START_AT + 60 * minute)]) for minute in range(1, 6)]
    assert fates == [[RecordResult.SPOOLED]] * 5
    assert recorder.drain() == 0
    why = recorder.refusal
    assert why is not None
    locked.execute("ROLLBACK")
    assert recorder.record([recorded(1, START_AT + 360)]) == [RecordResult.SPOOLED], "nothing overtakes"
    assert recorder.drain() == 6
    assert times_in(store) == [START_AT + 60 * minute for minute in range(7)]
    assert recorder.refusal is None
    assert recorder.record([recorded(1, START_AT + 420)]) == [RecordResult.NEW]
    assert polling.statuses(store)[1].successful_polls == 8


def test_only_the_first_reading_waits_for_a_locked_database(
    recorder: Recorder, locked: sqlite3.Connection
) -> None:
    locked.execute("BEGIN IMMEDIATE")
    recorder.record([recorded(1, START_AT)])
    clock = SystemClock()
    took_s = []
    for system_id in range(2, 12):
        began_s = clock.monotonic_s()
        recorder.record([recorded(system_id, START_AT)])
        took_s.append(clock.monotonic_s() - began_s)
    assert min(took_s) < 0.1, "the database is waited for 0.1 s"
    locked.execute("ROLLBACK")


def test_a_vendor_memory_survives_the_spool(
    recorder: Recorder, store: Store, locked: sqlite3.Connection
) -> None:
    locked.execute("BEGIN IMMEDIATE")
    recorder.record([recorded(1, START_AT)])
    locked.execute("ROLLBACK")
    recorder.drain()
    assert polling.memory_of(store)[1] == {"seen": START_AT}


def test_a_reading_of_a_system_that_is_gone_is_held_and_the_others_are_kept(
    recorder: Recorder, store: Store
) -> None:
    batch = [recorded(1, START_AT), recorded(99, START_AT), recorded(2, START_AT)]
    assert recorder.record(batch) == [RecordResult.NEW, RecordResult.HELD, RecordResult.NEW]
    assert recorder.backlog.held == 1
    assert recorder.backlog.waiting == 0


def test_a_value_that_no_database_can_hold_does_not_block_what_is_behind_it(
    recorder: Recorder, store: Store, locked: sqlite3.Connection
) -> None:
    locked.execute("BEGIN IMMEDIATE")
    recorder.record([recorded(1, START_AT, solar_w=2**63)])
    recorder.record([recorded(1, START_AT + 60)])
    locked.execute("ROLLBACK")
    assert recorder.drain() == 2
    assert times_in(store) == [START_AT + 60]
    assert recorder.backlog.held == 1


def test_a_partial_reading_is_held_until_the_generation_can_hold_it(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    store = new_store(path)
    nullable = _forbid_null(path)
    store.detect_again()
    recorder = Recorder(store, Backlog(Spool(tmp_path / "spool")), SystemClock())
    assert recorder.record([recorded(1, START_AT, load_w=None), recorded(1, START_AT + 60)]) == [
        RecordResult.HELD,
        RecordResult.NEW,
    ]
    assert recorder.drain() in {0, 1}
    assert recorder.backlog.held == 1
    _set_schema(path, nullable)
    recorder.drain()
    assert recorder.backlog.held == 0
    assert sorted(times_in(store)) == [START_AT, START_AT + 60]
    recorder.close()
    store.close()


def test_when_the_spool_disk_fails_too_readings_wait_in_memory_and_it_is_said(
    recorder: Recorder, store: Store, locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    locked.execute("BEGIN IMMEDIATE")
    recorder.record([recorded(1, START_AT)])
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full_disk)
        assert recorder.record([recorded(1, START_AT + 60)]) == [RecordResult.IN_MEMORY]
        assert recorder.backlog.in_memory == 1
        assert "No space left" in str(recorder.backlog.problem)
        with pytest.raises(SpoolFull):
            recorder.record([recorded(2, START_AT + number) for number in range(MEMORY_LIMIT)])
    assert recorder.record([recorded(1, START_AT + 120)]) == [RecordResult.SPOOLED]
    assert recorder.backlog.in_memory == 0
    locked.execute("ROLLBACK")
    recorder.drain()
    assert times_in(store) == [START_AT, START_AT + 60, START_AT + 120]


def test_memory_reaches_the_database_even_when_the_spool_disk_stays_broken(
    recorder: Recorder, store: Store, locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_disk(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    locked.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(os, "fsync", broken_disk)
    recorder.record([recorded(1, START_AT)])
    recorder.record([recorded(1, START_AT + 60)])
    locked.execute("ROLLBACK")
    recorder.drain()
    assert times_in(store) == [START_AT, START_AT + 60]
    assert recorder.record([recorded(1, START_AT + 120)]) == [RecordResult.NEW]


def test_what_is_in_memory_at_the_end_is_put_on_disk_if_the_disk_works_again(tmp_path: Path) -> None:
    backlog = Backlog(Spool(tmp_path / "spool"))
    backlog._memory.extend([recorded(1, START_AT)])
    backlog.close()
    again = Spool(tmp_path / "spool")
    assert again.waiting == 1
    again.close()


def test_failed_polls_are_counted_while_the_database_takes_them(
    recorder: Recorder, store: Store, locked: sqlite3.Connection
) -> None:
    assert recorder.failed(1, START_AT, "portal: 500")
    locked.execute("BEGIN IMMEDIATE")
    assert not recorder.failed(1, START_AT + 60, "portal: 500")
    locked.execute("ROLLBACK")
    status = polling.statuses(store)[1]
    assert (status.consecutive_errors, status.last_error, status.last_error_time) == (
        1,
        "portal: 500",
        START_AT,
    )
    assert recorder.counts.failures_uncounted == 1


def test_two_recorders_on_one_database_keep_each_reading_once(store: Store, tmp_path: Path) -> None:
    recorders = [Recorder(store, Backlog(Spool(tmp_path / "spool")), SystemClock()) for _ in range(2)]
    minutes = [recorded(1, START_AT + 60 * minute) for minute in range(50)]

    def all_of(recorder: Recorder) -> list[RecordResult]:
        return [record_result for one in minutes for record_result in recorder.record([one])]

    with ThreadPoolExecutor(2) as threads:
        fates = list(threads.map(all_of, recorders))
    assert times_in(store) == [START_AT + 60 * minute for minute in range(50)]
    assert sum(each.count(RecordResult.NEW) for each in fates) == 50
    for recorder in recorders:
        recorder.close()


def test_a_closed_recorder_takes_nothing_and_leaves_the_spool_to_the_next(
    store: Store, tmp_path: Path, locked: sqlite3.Connection
) -> None:
    first = Recorder(store, Backlog(Spool(tmp_path / "spool")), SystemClock())
    locked.execute("BEGIN IMMEDIATE")
    first.record([recorded(1, START_AT)])
    first.close()
    with pytest.raises(RecorderStopped):
        first.record([recorded(1, START_AT + 60)])
    locked.execute("ROLLBACK")
    second = Recorder(store, Backlog(Spool(tmp_path / "spool")), SystemClock())
    second.drain()
    assert times_in(store) == [START_AT]
    second.close()


def _forbid_null(path: Path) -> str:
    """Turn ``readings`` into the older form whose measurements are NOT NULL; returns the newer form."""
    connection = sqlite3.connect(path)
    (text,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'readings'").fetchone()
    connection.close()
    strict = text
    powers = (
        "solar_w solar_inverter_w shunt_w load_w battery_w grid_w fault_code fault_timestamp generator_status"
    )
    for name in powers.split():
        strict = strict.replace(f"{name} INTEGER", f"{name} INTEGER NOT NULL")
    strict = strict.replace("battery_soc REAL", "battery_soc REAL NOT NULL")
    assert strict != text
    _set_schema(path, strict)
    return str(text)


def _set_schema(path: Path, text: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA schema_version").fetchone()
    connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'readings'", (text,))
    connection.execute(f"PRAGMA schema_version = {version + 1}")
    connection.execute("COMMIT")
    connection.close()


def test_failed_polls_that_come_together_are_one_commit(
    recorder: Recorder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = polling.failed_together

    def counted(store: Store, polls: Sequence[polling.FailedPoll]) -> None:
        written.append(len(polls))
        write(store, polls)

    monkeypatch.setattr(polling, "failed_together", counted)
    recorder.record([recorded(20, START_AT)])
    ready = threading.Barrier(16)

    def one(number: int) -> bool:
        ready.wait()
        return recorder.failed(number % 8 + 1, START_AT + number, f"portal: {number}")

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(one, range(16)))
    assert sum(written) == 16
    assert len(written) <= 4, "an outage of a fleet is not a commit a system"
    statuses = polling.statuses(store)
    assert [(statuses[n].consecutive_errors, statuses[n].total_polls) for n in range(1, 9)] == [(2, 2)] * 8


def test_a_fault_in_counting_failures_keeps_no_reading_from_being_recorded(
    recorder: Recorder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "failed_together", None)
    recorder.record([recorded(20, START_AT)])
    with ThreadPoolExecutor(2) as threads:
        failing = threads.submit(recorder.failed, 1, START_AT, "portal: 500")
        kept = threads.submit(recorder.record, [recorded(2, START_AT)])
        assert kept.result() == [RecordResult.NEW]
        assert not failing.result()
    assert recorder.counts.failures_uncounted == 1

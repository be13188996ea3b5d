"""Backups that nobody has to think of: on time, put back on trial, thinned out, honest when they fail."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.support import COOKIE, SetClock, samples, seeded, services, serving

from liveone.database import backup_schedule
from liveone.database.backup_copies import FolderCopies
from liveone.database.backup_rotation import BackupRotation
from liveone.database.backup_schedule import BackupSchedule
from liveone.database.backup_service import BackupFolder
from liveone.database.backup_state import STATE_NAME, read_state
from liveone.store import backup
from liveone.store.database import Full

DAY_S = 86_400
INSTANTS = st.lists(st.integers(1_600_000_000, 1_900_000_000), min_size=1, max_size=60)


@pytest.fixture
def schedule(tmp_path: Path) -> Iterator[BackupSchedule]:
    path, clock = tmp_path / "live.db", SetClock()
    store = seeded(path, days=1)
    folder = BackupFolder(
        store, clock, tmp_path / "backups", lambda to, at: backup.backup(path, to, at), path, every_s=DAY_S
    )
    yield BackupSchedule(folder, clock, DAY_S, BackupRotation(3, 2, 2), FolderCopies(tmp_path / "elsewhere"))
    store.close()


def clock_of(schedule: BackupSchedule) -> SetClock:
    assert isinstance(schedule.clock, SetClock)
    return schedule.clock


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("backup-*.db"))


@given(INSTANTS, st.integers(0, 9), st.integers(0, 6), st.integers(0, 5))
def test_what_stays_is_the_newest_of_each_last_day_week_and_month(
    made_at: list[int], daily: int, weekly: int, monthly: int
) -> None:
    stay = BackupRotation(daily, weekly, monthly).stay(made_at)
    assert max(made_at) in stay
    assert stay <= set(made_at)
    assert len(stay) <= max(1, daily + weekly + monthly)
    days = sorted({datetime.fromtimestamp(at, UTC).date() for at in made_at}, reverse=True)
    for day in days[:daily]:
        assert max(at for at in made_at if datetime.fromtimestamp(at, UTC).date() == day) in stay


@given(INSTANTS)
def test_thinning_out_day_by_day_leaves_what_thinning_out_at_once_leaves(made_at: list[int]) -> None:
    """Else a month would never come to have its backup."""
    rotation, kept = BackupRotation(3, 2, 3), set[int]()
    for at in sorted(made_at):
        kept = rotation.stay({*kept, at})
    assert kept == rotation.stay(made_at)


def test_one_a_day_is_made_copied_and_thinned_out(schedule: BackupSchedule, tmp_path: Path) -> None:
    clock, folder = clock_of(schedule), schedule.backups.folder
    made = []
    for _ in range(6):
        assert schedule.make_if_due()
        assert not schedule.make_if_due()
        made.append(names(folder)[-1])
        clock.at += DAY_S
    kept = names(folder)
    assert set(made[-3:]) <= set(kept) <= set(made)
    assert len(kept) < len(made)
    assert names(tmp_path / "elsewhere") == kept
    assert read_state(folder).made == tuple(kept)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_what_a_person_made_is_never_dropped(schedule: BackupSchedule) -> None:
    clock, folder = clock_of(schedule), schedule.backups.folder
    by_hand = str(schedule.backups.back_up()["name"])
    for _ in range(5):
        clock.at += DAY_S
        assert schedule.make_if_due()
    assert by_hand in names(folder)


def test_a_backup_is_put_back_on_trial_once_a_week(
    schedule: BackupSchedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    really = backup_schedule.put_back_on_trial
    monkeypatch.setattr(
        backup_schedule,
        "put_back_on_trial",
        lambda path, rows, at: (tried.append(path.name), really(path, rows, at)),
    )
    for _ in range(9):
        assert schedule.make_if_due()
        clock_of(schedule).at += DAY_S
    assert len(tried) == 2
    restored_at = read_state(schedule.backups.folder).restored_at
    assert restored_at == int(clock_of(schedule).at) - 2 * DAY_S


def test_a_trial_that_finds_other_rows_is_a_failure_and_drops_nothing(schedule: BackupSchedule) -> None:
    assert schedule.make_if_due()
    before, really = names(schedule.backups.folder), schedule.backups.make
    clock_of(schedule).at += 8 * DAY_S

    def short(folder: Path, at: float) -> backup.BackupReport:
        done = really(folder, at)
        with closing(sqlite3.connect(done.path)) as database, database:
            database.execute("DELETE FROM readings WHERE inverter_time / 60 % 2")
        return done

    failing = replace(schedule, backups=replace(schedule.backups, make=short))
    assert not failing.make_if_due()
    state = read_state(schedule.backups.folder)
    assert "was put back on trial" in state.error
    assert set(before) <= set(names(schedule.backups.folder))
    clock_of(schedule).at += backup_schedule.AGAIN_AFTER_S - 1
    assert not schedule.make_if_due()
    clock_of(schedule).at += 1
    assert schedule.make_if_due()
    assert read_state(schedule.backups.folder).error == ""


def test_a_full_disk_is_said_and_nothing_is_half_made(
    schedule: BackupSchedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BackupFolder, "free_bytes", lambda self: 1000)
    assert not schedule.make_if_due()
    assert "need" in read_state(schedule.backups.folder).error
    assert names(schedule.backups.folder) == []
    monkeypatch.undo()

    def full(folder: Path, at: float) -> backup.BackupReport:
        raise Full("no space left")

    clock_of(schedule).at += backup_schedule.AGAIN_AFTER_S
    assert not replace(schedule, backups=replace(schedule.backups, make=full)).make_if_due()
    assert "no space left" in read_state(schedule.backups.folder).error


def test_of_two_processes_one_makes_it(schedule: BackupSchedule) -> None:
    schedule.backups.folder.mkdir()
    descriptor = os.open(schedule.backups.folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert not schedule.make_if_due()
        assert names(schedule.backups.folder) == []
    finally:
        os.close(descriptor)
    assert schedule.make_if_due()


def test_a_state_that_cannot_be_read_starts_anew(schedule: BackupSchedule) -> None:
    schedule.backups.folder.mkdir()
    (schedule.backups.folder / STATE_NAME).write_text("{")
    assert schedule.make_if_due()
    assert len(read_state(schedule.backups.folder).made) == 1


def test_metrics_and_the_administrators_page_say_its_age(schedule: BackupSchedule) -> None:
    assert schedule.make_if_due()
    clock_of(schedule).at += 3600
    told = replace(services(schedule.backups.store, clock=clock_of(schedule)), backups=schedule.backups)
    with serving(told) as client:
        said = client.get("/api/admin/backups", headers=COOKIE).json()["schedule"]
        assert said == {"everyS": DAY_S, "error": "", "restoredAt": int(clock_of(schedule).at) - 3600}
        text = client.get("/metrics", headers=COOKIE).text
        assert samples(text, "liveone_backup_age_seconds") == [({}, 3600.0)]
        assert samples(text, "liveone_backup_failing") == [({}, 0.0)]

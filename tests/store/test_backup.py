"""Backups are taken under load and proven; a restore is one transaction, and keeps what it replaces."""

import shutil
import socket
import sqlite3
import subprocess
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from tests.store.conftest import a_system, make_file
from tests.store.samples import NOON, recorded

from liveone.errors import BadInput
from liveone.store import backup as backups
from liveone.store import readings
from liveone.store.database import Busy, Corrupt, Foreign, Unavailable
from liveone.store.generations import NEWEST
from liveone.store.store import Store, open_store


def fill(store: Store, number: int) -> None:
    a_system(store)
    readings.record(store, [recorded(NOON + 60 * each) for each in range(number)])


def counted(path: Path) -> int:
    with closing(open_store(path)) as store:
        return readings.count(store, 1)


def test_a_backup_of_a_live_database_is_proven(path: Path, store: Store, tmp_path: Path) -> None:
    fill(store, 50)
    report = backups.backup(path, tmp_path / "backups", NOON)
    assert report.path == tmp_path / "backups" / "backup-20250816-020000.db"
    assert report.rows["readings"] == 50
    assert (report.generation, report.size_bytes) == (NEWEST, report.path.stat().st_size)
    assert backups.prove(report.path) == report.sha256
    assert counted(report.path) == 50
    with pytest.raises(BadInput, match="already there"):
        backups.backup(path, tmp_path / "backups", NOON)


def test_a_backup_while_a_writer_goes_on_is_whole(path: Path, store: Store, tmp_path: Path) -> None:
    fill(store, 5)
    stop = threading.Event()

    def write() -> None:
        at = NOON + 3600
        while not stop.is_set():
            readings.record(store, [recorded(at)])
            at += 60

    writer = threading.Thread(target=write)
    writer.start()
    try:
        reports = [backups.backup(path, tmp_path / "b", NOON + each) for each in range(5)]
    finally:
        stop.set()
        writer.join()
    numbers = [each.rows["readings"] for each in reports]
    assert numbers == sorted(numbers)
    assert not list((tmp_path / "b").glob("*.partial*"))


def test_a_backup_of_a_damaged_database_fails_and_leaves_none(
    path: Path, store: Store, tmp_path: Path
) -> None:
    fill(store, 300)
    store.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xa5" * 8192)
    with pytest.raises(Corrupt):
        backups.backup(path, tmp_path / "b", NOON)
    assert list((tmp_path / "b").iterdir()) == []


def test_a_restore_puts_the_backup_in_place_and_keeps_the_other(
    path: Path, store: Store, tmp_path: Path
) -> None:
    fill(store, 10)
    report = backups.backup(path, tmp_path / "b", NOON)
    readings.record(store, [recorded(NOON + 9000)])
    store.close()
    restored = backups.restore(report.path, path, NOON)
    assert (counted(path), restored.rows["readings"]) == (10, 10)
    assert restored.replaced is not None
    assert counted(restored.replaced) == 11
    assert counted(report.path) == 10


def test_a_restore_over_a_wal_that_was_left_behind_is_not_undone_by_it(
    path: Path, store: Store, tmp_path: Path
) -> None:
    fill(store, 10)
    report = backups.backup(path, tmp_path / "b", NOON)
    readings.record(store, [recorded(NOON + 9000)])
    crashed = tmp_path / "crashed.db"
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{path}{suffix}", f"{crashed}{suffix}")
    restored = backups.restore(report.path, crashed, NOON)
    assert counted(crashed) == 10
    assert restored.replaced is not None
    assert counted(restored.replaced) == 11


def test_a_restore_over_a_damaged_database_keeps_every_part_of_it(
    path: Path, store: Store, tmp_path: Path
) -> None:
    fill(store, 10)
    report = backups.backup(path, tmp_path / "b", NOON)
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"SQLite format 3\x00" + b"\xa5" * 9000)
    Path(f"{damaged}-wal").write_bytes(b"what was in the wal")
    restored = backups.restore(report.path, damaged, NOON)
    assert counted(damaged) == 10
    assert restored.replaced is not None
    assert restored.replaced.read_bytes().endswith(b"\xa5" * 9000)
    assert Path(f"{restored.replaced}-wal").read_bytes() == b"what was in the wal"


def test_a_restore_where_nothing_is_is_a_copy(path: Path, store: Store, tmp_path: Path) -> None:
    fill(store, 10)
    report = backups.backup(path, tmp_path / "b", NOON)
    assert backups.restore(report.path, tmp_path / "new.db", NOON).replaced is None
    assert counted(tmp_path / "new.db") == 10


def test_a_restore_reaches_a_process_that_has_the_database_open(
    path: Path, store: Store, tmp_path: Path
) -> None:
    fill(store, 10)
    report = backups.backup(path, tmp_path / "b", NOON)
    readings.record(store, [recorded(NOON + 9000)])
    restored = backups.restore(report.path, path, NOON)
    assert readings.count(store, 1) == 10
    readings.record(store, [recorded(NOON + 9060)])
    assert restored.replaced is not None
    assert counted(restored.replaced) == 11
    assert counted(path) == 11


def test_a_restore_ends_while_somebody_holds_the_lock(
    path: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 10)
    report = backups.backup(path, tmp_path / "b", NOON)
    patient = backups.restoring.restore
    monkeypatch.setattr(backups.restoring, "restore", partial(patient, lock_wait_s=0.2))
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="stayed locked"):
            backups.restore(report.path, path, NOON)
    assert counted(path) == 10


def test_backups_into_one_folder_leave_one_another_alone(path: Path, store: Store, tmp_path: Path) -> None:
    fill(store, 5)
    folder = tmp_path / "b"
    inner: list[backups.BackupReport] = []

    def slow(partial: Path) -> None:
        inner.append(backups.backup(path, folder, NOON))
        assert not partial.exists()
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)

    outer = backups.keep(slow, folder, NOON + 1)
    assert counted(inner[0].path) == counted(outer.path) == 5
    assert {each.name for each in folder.glob("*.db")} == {inner[0].path.name, outer.path.name}
    assert not list(folder.glob(".*"))


def test_what_a_killed_backup_left_goes_with_the_next(path: Path, store: Store, tmp_path: Path) -> None:
    fill(store, 5)
    folder = tmp_path / "b"
    folder.mkdir()
    ours, theirs = f"{backups.PARTIAL}{socket.gethostname()}-", f"{backups.PARTIAL}elsewhere-"
    with subprocess.Popen(["true"]) as ended:
        pass
    for name in (f"{ours}{ended.pid}-a", f"{ours}1-b", f"{theirs}{ended.pid}-c"):
        (folder / name).write_bytes(bytes(10))
    assert backups.partial_bytes(folder) == 10
    backups.backup(path, folder, NOON)
    assert {each.name for each in folder.glob(".*")} == {f"{ours}1-b", f"{theirs}{ended.pid}-c"}


def test_a_bad_backup_changes_nothing(path: Path, store: Store, tmp_path: Path) -> None:
    fill(store, 10)
    store.close()
    (tmp_path / "diary").write_text("dear diary")
    with pytest.raises(Foreign):
        backups.restore(tmp_path / "diary", path, NOON)
    with pytest.raises(Unavailable):
        backups.restore(tmp_path / "absent", path, NOON)
    assert counted(path) == 10


def test_generation_1_is_backed_up_too(tmp_path: Path) -> None:
    old = make_file(tmp_path / "old.db", 1)
    report = backups.backup(old, tmp_path / "b", NOON)
    assert (report.generation, report.rows["systems"]) == (1, 1)

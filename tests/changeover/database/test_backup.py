"""Backups under a busy writer, restores under a living application, and the disk that is too small."""

import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.household import ask, make, tell
from tests.changeover.database.killer import stopped_at
from tests.changeover.database.writer import busy_writer

from changeover.database.backup import backup as backups
from changeover.database.backup.restore import processes_with, restore
from changeover.database.rehearse.compare import compare
from changeover.errors import Busy, Damaged, DatabaseError, Full, Refused

AT = 1_755_000_000


def test_a_backup_is_named_hashed_proven_and_equal(database: Path, tmp_path: Path) -> None:
    made = backups.backup(database, tmp_path / "backups", label="0001")
    assert made.path.name == "backup-live-0001.db"
    assert made.sha256 == backups.sha256(made.path)
    assert made.bytes == made.path.stat().st_size
    assert made.tables >= 4
    assert compare(database, made.path).equal
    assert sorted(p.name for p in made.path.parent.iterdir()) == [made.path.name]


def test_what_is_only_in_the_wal_is_in_the_backup(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as living:
        living.execute("INSERT INTO systems (user_id, system_number) VALUES ('wal', '9')")
        assert database.with_name("live.db-wal").stat().st_size > 0
        made = backups.backup(database, tmp_path / "b", label="0001")
    assert ask(made.path, "SELECT count(*) FROM systems WHERE user_id = 'wal'") == [(1,)]


def test_a_backup_ends_although_somebody_writes_all_the_time(tmp_path: Path) -> None:
    path = make(tmp_path / "live.db", minutes=30_000)
    with busy_writer(path) as acknowledged:
        made = backups.backup(path, tmp_path / "b", label="0001")
        before = len(acknowledged)
    assert before > 0
    assert made.copy_s < 5
    (newest,) = ask(
        made.path, "SELECT coalesce(max(inverter_time), 0), count(*) FROM readings WHERE inverter_time < 1e6"
    )
    assert newest[0] == newest[1]


def test_progress_tells_bytes_and_an_estimate(tmp_path: Path) -> None:
    path = make(tmp_path / "live.db", minutes=60_000)
    seen: list[tuple[str, int, int, float | None]] = []
    backups.backup(path, tmp_path / "b", label="0001", progress=lambda *what: seen.append(what))
    copies = [one for one in seen if one[0] == "copy"]
    assert copies[-1][1] == copies[-1][2] == path.stat().st_size
    assert copies[-1][3] == 0.0
    assert [one[1] for one in copies] == sorted(one[1] for one in copies)


def test_a_disk_without_room_is_refused_before_a_byte_is_written(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 9, 1_000))
    with pytest.raises(Full, match=r"The backup needs 0\.\d MB .* 0\.0 MB are free"):
        backups.backup(database, tmp_path / "b", label="0001")
    assert not list((tmp_path / "b").iterdir())


def test_a_damaged_database_gives_no_backup(tmp_path: Path) -> None:
    path = make(tmp_path / "live.db", minutes=3_000)
    tell(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(40 * 4096)
        file.write(b"\xff" * 8192)
    with pytest.raises((Damaged, DatabaseError)):
        backups.backup(path, tmp_path / "b", label="0001")
    assert not list((tmp_path / "b").glob("*.db"))


def test_a_database_whose_rows_break_its_own_rules_is_no_damaged_one(database: Path, tmp_path: Path) -> None:
    tell(
        database,
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'solar_w INTEGER NOT NULL',"
        " 'solar_w INTEGER')",
    )
    tell(database, "UPDATE readings SET solar_w = NULL WHERE id = 5")
    tell(
        database,
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'solar_w INTEGER',"
        " 'solar_w INTEGER NOT NULL')",
    )
    made = backups.backup(database, tmp_path / "b", label="0001")
    assert compare(database, made.path).equal


def test_a_missing_or_foreign_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no database at"):
        backups.copy(tmp_path / "none.db", tmp_path / "x")
    (tmp_path / "text.db").write_text("not a database, but long enough to be taken for one" * 50)
    with pytest.raises(Damaged, match="not an SQLite database"):
        backups.copy(tmp_path / "text.db", tmp_path / "x")


def test_a_restore_under_a_living_wal_is_seen_by_those_who_have_it_open(
    database: Path, tmp_path: Path
) -> None:
    made = backups.backup(database, tmp_path / "b", label="0001")
    with closing(sqlite3.connect(database, isolation_level=None)) as app:
        app.execute("DELETE FROM readings")
        app.execute("CREATE TABLE extra (x)")
        with closing(sqlite3.connect(database, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM readings").fetchone()
            done = restore(made.path, database, now_at=AT + 60, keep_in=tmp_path / "kept")
            assert reader.execute("SELECT count(*) FROM readings").fetchone() == (0,)
            reader.execute("COMMIT")
        assert app.execute("SELECT count(*) FROM readings").fetchone() == (600,)
        app.execute("INSERT INTO systems (user_id, system_number) VALUES ('after', '1')")
    assert ask(database, "PRAGMA integrity_check") == [("ok",)]
    assert ask(database, "SELECT count(*) FROM systems") == [(4,)]
    assert done.previous is not None
    assert ask(done.previous, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'") == [(1,)]


def test_what_is_written_while_a_restore_begins_is_kept_and_never_lost(
    database: Path, tmp_path: Path
) -> None:
    made = backups.backup(database, tmp_path / "b", label="0001")
    moments: list[str] = []
    with closing(sqlite3.connect(database, isolation_level=None)) as app:

        def write_once(moment: str) -> None:
            moments.append(moment)
            if moments.count("kept") == 1 and moment == "kept":
                app.execute("INSERT INTO systems (user_id, system_number) VALUES ('late', '1')")

        done = restore(made.path, database, now_at=AT, keep_in=tmp_path / "kept", hook=write_once)
    assert moments == ["verified", "kept", "kept", "written"]
    assert done.previous is not None
    assert list((tmp_path / "kept").iterdir()) == [done.previous]
    assert ask(done.previous, "SELECT count(*) FROM systems WHERE user_id = 'late'") == [(1,)]
    assert compare(database, made.path).equal


def test_a_restore_gives_up_where_somebody_writes_all_the_time(database: Path, tmp_path: Path) -> None:
    made = backups.backup(database, tmp_path / "b", label="0001")
    with closing(sqlite3.connect(database, isolation_level=None)) as app:

        def write(moment: str) -> None:
            if moment == "kept":
                app.execute("INSERT INTO systems (user_id, system_number) VALUES ('late', '1')")

        with pytest.raises(Busy, match="Somebody wrote"):
            restore(made.path, database, now_at=AT, keep_in=tmp_path / "kept", hook=write)
    assert ask(database, "SELECT count(*) FROM systems WHERE user_id = 'late'") == [(3,)]
    assert not list((tmp_path / "kept").iterdir())


def test_backups_of_many_databases_in_one_folder_never_mix(tmp_path: Path) -> None:
    places = [tmp_path / f"tenant-{number}" / "live.db" for number in range(6)]
    for number, place in enumerate(places):
        place.parent.mkdir()
        make(place, minutes=10 + number)
    with ThreadPoolExecutor(len(places)) as pool:
        made = list(pool.map(lambda place: backups.backup(place, tmp_path / "b", label="0001"), places))
    assert len({one.path for one in made}) == len(places)
    for place, one in zip(places, made, strict=True):
        assert compare(place, one.path).equal
        assert backups.sha256(one.path) == one.sha256


def test_copying_a_backup_over_a_live_wal_undoes_the_restore_and_ours_does_not(
    database: Path, tmp_path: Path
) -> None:
    made = backups.backup(database, tmp_path / "b", label="0001")
    with closing(sqlite3.connect(database, isolation_level=None)) as app:
        app.execute("DELETE FROM systems")
        shutil.copy(made.path, database)
        with closing(sqlite3.connect(database)) as other:
            assert other.execute("SELECT count(*) FROM systems").fetchone() == (0,)
        restore(made.path, database, now_at=AT + 60)
        assert app.execute("SELECT count(*) FROM systems").fetchone() == (3,)


def test_a_locked_target_is_waited_for_and_then_left_as_it_was(database: Path, tmp_path: Path) -> None:
    made = backups.backup(database, tmp_path / "b", label="0001")
    with closing(sqlite3.connect(database, isolation_level=None)) as app:
        app.execute("BEGIN IMMEDIATE")
        app.execute("DELETE FROM systems")
        with pytest.raises(Busy):
            restore(made.path, database, now_at=AT, lock_wait_s=0.3)
        app.execute("COMMIT")
    assert ask(database, "SELECT count(*) FROM systems") == [(0,)]


def test_a_backup_that_was_changed_is_not_restored(database: Path, tmp_path: Path) -> None:
    made = backups.backup(database, tmp_path / "b", label="0001")
    tell(made.path, "UPDATE systems SET user_id = 'x'")
    with pytest.raises(Damaged, match="not the backup that was made"):
        restore(made.path, database, now_at=AT, expected_sha256=made.sha256)
    with made.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\x00" * 4096)
    with pytest.raises((Damaged, DatabaseError)):
        restore(made.path, database, now_at=AT)
    assert ask(database, "SELECT count(*) FROM systems WHERE user_id = 'x'") == [(0,)]


def test_where_there_is_nothing_a_stale_wal_is_moved_out_of_the_way(database: Path, tmp_path: Path) -> None:
    made = backups.backup(database, tmp_path / "b", label="0001")
    with closing(sqlite3.connect(database, isolation_level=None)) as app:
        app.execute("DELETE FROM systems")
        shutil.copy(database.with_name("live.db-wal"), tmp_path / "gone.db-wal")
    done = restore(made.path, tmp_path / "gone.db", now_at=AT)
    assert done.previous is None
    assert ask(tmp_path / "gone.db", "SELECT count(*) FROM systems") == [(3,)]


def test_a_damaged_database_is_kept_beside_and_replaced_only_if_nobody_has_it_open(
    database: Path, tmp_path: Path
) -> None:
    made = backups.backup(database, tmp_path / "b", label="0001")
    database.write_bytes(b"garbage" * 2_000)

    def hold(hook: object) -> None:
        with database.open("rb"):
            hook("open")

    with stopped_at(hold, "open") as user:
        assert processes_with(database) == [user.pid]
        with pytest.raises(Refused, match=f"still open in process {user.pid}"):
            restore(made.path, database, now_at=AT)
    done = restore(made.path, database, now_at=AT)
    assert done.previous is not None
    assert done.previous.read_bytes().startswith(b"garbage")
    assert compare(made.path, database).equal


def test_a_database_with_another_page_size_is_refused_with_what_to_do(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    tell(other, "PRAGMA page_size = 8192; CREATE TABLE t (x); INSERT INTO t VALUES (1)")
    with pytest.raises(Refused, match="pages of 8192 bytes"):
        restore(other, database, now_at=AT)
    assert ask(database, "SELECT count(*) FROM systems") == [(3,)]


def test_a_database_without_a_wal_is_backed_up_and_restored_too(database: Path, tmp_path: Path) -> None:
    tell(database, "PRAGMA journal_mode = DELETE")
    made = backups.backup(database, tmp_path / "b", label="0001")
    tell(database, "DELETE FROM readings")
    restore(made.path, database, now_at=AT, expected_sha256=made.sha256)
    assert compare(made.path, database).equal
    assert ask(database, "PRAGMA journal_mode") == [("delete",)]


def test_a_backup_gives_up_no_lock_of_others_in_this_process(database: Path) -> None:
    """Closing a descriptor of a file gives up all POSIX locks of the process on it.

    Another process that closes the database then takes itself for the last one, and deletes a log in use.
    """
    log = database.with_name(f"{database.name}-wal")
    look = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA schema_version'); c.close()"
    )
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
        connection.execute("CREATE TABLE one_more (a)")
        backups.backup(database, database.parent / "backups", label="beside")
        subprocess.run([sys.executable, "-c", look, database], check=True)
        assert log.exists()

"""SIGKILL at every boundary of every phase: the database is whole, and either old or new, never between."""

import shutil
from pathlib import Path

import pytest
from tests.changeover.database.household import (
    BACKWARD,
    FORWARD,
    ask,
    boundaries,
    change,
    context,
    make,
    script,
    tell,
)
from tests.changeover.database.killer import Hook, killed_after, killed_at

from changeover.database import ledger
from changeover.database.backup import backup as backups
from changeover.database.backup.restore import restore
from changeover.database.change.apply import ProgressHooks, migrate
from changeover.database.change.invariants import Depth, integrity
from changeover.database.connect import opened
from changeover.database.ledger import Direction
from changeover.database.rehearse.compare import compare

FORWARDS = boundaries(len(script(FORWARD)))
BACKWARDS = boundaries(len(script(BACKWARD)))


def forward(path: Path, hook: Hook = lambda moment: None) -> None:
    with opened(path) as connection:
        migrate(connection, change(), context(), depth=Depth.SWIFT, hooks=ProgressHooks(hook=hook))


def backward(path: Path, hook: Hook = lambda moment: None) -> None:
    with opened(path) as connection:
        work = context(Direction.ROLLBACK)
        migrate(connection, change(BACKWARD), work, depth=Depth.SWIFT, hooks=ProgressHooks(hook=hook))


def whole(path: Path) -> bool:
    with opened(path) as connection:
        return integrity(connection) == []


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return make(tmp_path / "old.db", minutes=40)


@pytest.fixture
def new(old: Path, tmp_path: Path) -> Path:
    """The oracle: the same database migrated offline."""
    path = copied(old, tmp_path / "new.db")
    forward(path)
    return path


def copied(source: Path, target: Path) -> Path:
    tell(source, "PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(source, target)
    return target


@pytest.mark.parametrize("moment", FORWARDS)
def test_forward_killed_anywhere_is_old_or_new_and_can_be_finished(old: Path, new: Path, moment: str) -> None:
    live = copied(old, old.with_name("live.db"))
    assert killed_at(lambda hook: forward(live, hook), moment)
    assert whole(live)
    committed = moment == "committed"
    assert compare(new if committed else old, live).equal
    with opened(live) as connection:
        assert ledger.was_done(connection, "run-1", "migrate", Direction.FORWARD) is committed
    if not committed:
        forward(live)
    assert compare(new, live).equal


@pytest.mark.parametrize("moment", BACKWARDS)
def test_rollback_killed_anywhere_is_new_or_old_and_can_be_finished(
    old: Path, new: Path, moment: str
) -> None:
    live = copied(new, old.with_name("live.db"))
    assert killed_at(lambda hook: backward(live, hook), moment)
    assert whole(live)
    committed = moment == "committed"
    assert compare(old if committed else new, live).equal
    if not committed:
        backward(live)
    assert compare(old, live).equal


def test_a_writer_gets_the_lock_at_once_after_the_runner_was_killed(old: Path) -> None:
    assert killed_at(lambda hook: forward(old, hook), "after statement 4")
    tell(old, "PRAGMA busy_timeout = 0; INSERT INTO systems (user_id, system_number) VALUES ('x', '1')")
    assert ask(old, "SELECT count(*) FROM systems") == [(4,)]


@pytest.mark.parametrize("moment", ["copied", "synced", "checked", "renamed"])
def test_a_backup_killed_anywhere_is_whole_or_not_there(old: Path, tmp_path: Path, moment: str) -> None:
    folder = tmp_path / "backups"
    assert killed_at(lambda hook: backups.backup(old, folder, label="0001", hook=hook), moment)
    found = list(folder.glob("*.db"))
    assert len(found) == (moment == "renamed")
    assert all(compare(old, path).equal for path in found)
    again = backups.backup(old, folder, label="0001")
    assert compare(old, again.path).equal
    assert not list(folder.glob("*.partial"))


@pytest.mark.parametrize("moment", ["verified", "kept", "written"])
def test_a_restore_killed_between_its_steps_is_old_or_new(
    old: Path, new: Path, tmp_path: Path, moment: str
) -> None:
    saved = backups.backup(old, tmp_path / "backups", label="0001").path
    live = copied(new, tmp_path / "live.db")
    assert killed_at(
        lambda hook: restore(saved, live, now_at=60, keep_in=tmp_path / "kept", hook=hook), moment
    )
    assert whole(live)
    assert compare(old if moment == "written" else new, live).equal


def test_a_restore_killed_while_it_writes_is_old_or_new(tmp_path: Path) -> None:
    live = make(tmp_path / "live.db", minutes=100_000)
    before = copied(live, tmp_path / "before.db")
    saved = backups.backup(live, tmp_path / "backups", label="0001").path
    tell(live, "DELETE FROM readings WHERE id % 2; PRAGMA wal_checkpoint(TRUNCATE)")
    harmed = copied(live, tmp_path / "harmed.db")
    outcomes = set()
    for milliseconds in (15, 30, 45, 60, 90, 120, 160):
        work_on = copied(harmed, tmp_path / f"live-{milliseconds}.db")
        assert killed_after(lambda hook, p=work_on: restore(saved, p, now_at=60), milliseconds / 1000) in (
            True,
            False,
        )
        assert whole(work_on)
        rows = ask(work_on, "SELECT count(*) FROM readings")[0][0]
        outcomes.add(rows)
        assert compare(before if rows == 300_000 else harmed, work_on).equal
    assert 150_000 in outcomes


def test_a_backup_killed_while_it_copies_leaves_only_a_partial_file(tmp_path: Path) -> None:
    live = make(tmp_path / "live.db", minutes=100_000)
    folder = tmp_path / "backups"
    killed = [
        killed_after(lambda hook: backups.backup(live, folder, label="0001"), seconds)
        for seconds in (0.02, 0.05, 0.08)
    ]
    assert any(killed)
    for path in folder.glob("backup-*.db"):
        assert compare(live, path).equal

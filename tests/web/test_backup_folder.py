"""The list of backups: what only looks like one is none, and what a restore replaced is in it."""

from pathlib import Path

import pytest
from tests.store.conftest import a_system
from tests.store.samples import NOON, recorded
from tests.web.support import SetClock

from liveone.database.backup_service import BackupFolder
from liveone.errors import BadInput
from liveone.store import backup, readings
from liveone.store.files import create
from liveone.store.store import open_store


@pytest.fixture
def folder(tmp_path: Path) -> BackupFolder:
    path = tmp_path / "live.db"
    create(path)
    store = open_store(path)
    a_system(store)
    readings.record(store, [recorded(NOON)])
    return BackupFolder(
        store, SetClock(), tmp_path / "backups", lambda into, at: backup.backup(path, into, at), path
    )


@pytest.mark.parametrize(
    "name", ["backup-20259999-999999.db", "backup-20260105-246060.db", "backup-.db", "backup-mine.db"]
)
def test_a_file_with_an_impossible_name_is_no_backup(folder: BackupFolder, name: str) -> None:
    made = folder.back_up()
    (folder.folder / name).write_text("not a backup")
    assert [one["name"] for one in folder.found()] == [made["name"]]
    with pytest.raises(BadInput, match="no backup"):
        folder.file(name)


def test_a_file_that_goes_while_the_list_is_made_is_left_out(folder: BackupFolder) -> None:
    made = folder.back_up()
    (folder.folder / "backup-20260105-010203.db").symlink_to(folder.folder / "gone.db")
    assert [one["name"] for one in folder.found()] == [made["name"]]


def test_a_restore_lists_what_it_replaced(folder: BackupFolder) -> None:
    made = folder.back_up()
    readings.record(folder.store, [recorded(NOON + 60)])
    done = folder.restore(made["name"])
    assert readings.count(folder.store, 1) == 1
    assert {one["name"] for one in folder.found()} == {made["name"], done["keptAs"]}
    assert backup.contents(folder.file(done["keptAs"]))[1]["readings"] == 2

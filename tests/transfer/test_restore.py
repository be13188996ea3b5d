"""`liveone db restore`: a backup becomes the database, killed anywhere; nobody writes to the old one then."""

import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.collect.support import START_AT, recorded, times_in
from tests.sample import drawn
from tests.store.conftest import a_system
from tests.store.sqld import Sqld

from liveone.cli.root import root
from liveone.clock import SystemClock
from liveone.collect.polling.recorder import Recorder, RecordResult
from liveone.collect.queue.backlog import Backlog
from liveone.collect.queue.spool import Spool
from liveone.errors import BadInput
from liveone.settings.config import load
from liveone.store import backup, readings
from liveone.store.database import Corrupt, Foreign, Retired, StoreError
from liveone.store.files import create
from liveone.store.libsql.create import create_tables
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.libsql.holds import successor_of
from liveone.store.store import Store, open_store
from liveone.transfer import restore

CHILD = Path(__file__).with_name("restore_child.py")
SETTINGS = """\
[database]
url = "{url}"   # where it is
replica_url = ""

[serve]
role = "all"
"""
KEPT = 40
MOMENTS = (
    *("proven", "made", "noted", "filling systems", "filling readings", "comparing readings"),
    *("filled", "retired", "switched"),
)


@dataclass
class Place:
    """An installation on a server, a backup of an earlier state of it, and a name for the new database."""

    sqld: Sqld
    folder: Path
    old: str
    new: str
    backup: Path

    @property
    def settings(self) -> Path:
        return self.folder / "liveone.toml"

    def command(self, *words: str, **more: str) -> Result:
        environment = {"CHANGEOVER_ADMIN_URL": f"http://127.0.0.1:{self.sqld.admin_port}", **more}
        call = ["--config", str(self.settings), "db", *words]
        return CliRunner().invoke(root, call, env=environment)

    def restored(self, *words: str) -> str:
        done = self.command("restore", str(self.backup), self.new, "--yes", *words)
        assert done.exception is None, done.exception
        return done.output

    def url_in_settings(self) -> str:
        return load(self.settings, {}).database.url


def made_backup(folder: Path, count: int = KEPT) -> Path:
    """A backup of a database with so many readings."""
    create(folder / "source.db")
    with closing(open_store(folder / "source.db")) as store:
        a_system(store)
        for minute in range(count):
            readings.record(store, [recorded(1, START_AT + 60 * minute)])
    return backup.backup(folder / "source.db", folder / "backups", START_AT).path


@pytest.fixture
def place(sqld: Sqld, server_url: str, tmp_path: Path) -> Iterator[Place]:
    with closing(LibsqlDatabase(server_url)) as database:
        create_tables(database)
        with closing(Store(database)) as store:
            a_system(store)
            readings.record(store, [recorded(1, START_AT)])
    name = f"n{uuid.uuid4().hex[:12]}"
    place = Place(sqld, tmp_path, server_url, f"{sqld.url}?namespace={name}", made_backup(tmp_path))
    place.settings.write_text(SETTINGS.format(url=server_url))
    yield place
    sqld.http.request("DELETE", f"http://127.0.0.1:{sqld.admin_port}/v1/namespaces/{name}", json={})


def holds(url: str, count: int) -> bool:
    with closing(open_store(url)) as store:
        return readings.count(store, 1) == count


def test_a_new_namespace_is_made_filled_and_named_and_the_old_one_takes_no_more_writes(place: Place) -> None:
    said = place.restored()
    assert holds(place.new, KEPT)
    assert place.url_in_settings() == place.new
    assert "# where it is" in place.settings.read_text()
    assert "takes no more writes" in said
    with closing(open_store(place.old)) as old:
        assert readings.count(old, 1) == 1, "it is as it was"
        with pytest.raises(Retired, match="another database has taken its place"):
            readings.record(old, [recorded(1, START_AT + 60)])
        assert successor_of(old.database) == place.new
    again = place.restored()
    assert "had been filled" in again
    assert holds(place.new, KEPT)


def test_what_is_polled_meanwhile_waits_and_follows_into_the_new_database_once(place: Place) -> None:
    """A poller on the old one, on whatever machine, loses nothing: its spool drains after its restart."""
    later = [START_AT + 60 * (KEPT + minute) for minute in range(3)]
    with closing(open_store(place.old)) as old:
        recorder = Recorder(old, Backlog(Spool(place.folder / "spool")), SystemClock())
        assert recorder.record([recorded(1, START_AT + 60)]) == [RecordResult.NEW]
        place.restored()
        assert [recorder.record([recorded(1, at)]) for at in later] == [[RecordResult.SPOOLED]] * 3
        assert recorder.drain() == 0
        recorder.close()
    with closing(open_store(place.new)) as new:
        recorder = Recorder(new, Backlog(Spool(place.folder / "spool")), SystemClock())
        assert recorder.drain() == 3
        recorder.close()
        assert times_in(new) == [START_AT + 60 * minute for minute in range(KEPT + 3)]


@pytest.mark.sampled
@pytest.mark.parametrize("die_at", drawn(MOMENTS, 3))
def test_killed_anywhere_the_old_one_serves_on_and_the_same_command_goes_on(
    place: Place, die_at: str
) -> None:
    """kill -9 in the middle: LiveOne reads the old database or the whole new one, never a part of it."""
    environment = {**os.environ, "CHANGEOVER_ADMIN_URL": f"http://127.0.0.1:{place.sqld.admin_port}"}
    words = [str(place.backup), place.new, str(place.settings), die_at]
    killed = subprocess.run(
        [sys.executable, str(CHILD), *words], env=environment, check=False, timeout=120, capture_output=True
    )
    assert killed.returncode == -9, killed.stderr
    configured = place.url_in_settings()
    assert configured == (place.new if die_at == "switched" else place.old)
    assert holds(configured, KEPT if die_at == "switched" else 1)
    with closing(open_store(place.old)) as old:
        is_retired = successor_of(old.database) is not None
    assert is_retired == (die_at in ("retired", "switched"))
    if die_at.startswith(("filling", "comparing")):
        with pytest.raises(Foreign, match="a move that is not finished"):
            open_store(place.new)
    place.restored()
    assert holds(place.new, KEPT)
    assert place.url_in_settings() == place.new


def test_what_is_no_whole_backup_touches_nothing(place: Place) -> None:
    whole = place.backup.read_bytes()
    broken, torn, other, empty = (
        place.folder / f"{name}.db" for name in ("broken", "torn", "other", "empty")
    )
    broken.write_bytes(whole[:8192] + b"\xff" * 200 + whole[8392:])
    torn.write_bytes(whole[: len(whole) // 2])
    empty.write_bytes(b"")
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    for path in (broken, torn, other, empty, place.folder / "none.db"):
        done = place.command("restore", str(path), place.new, "--yes")
        assert isinstance(done.exception, StoreError), (path, done.exception)
    assert isinstance(place.command("restore", str(torn), place.new, "--yes").exception, Corrupt)
    assert place.url_in_settings() == place.old
    with closing(open_store(place.old)) as old:
        readings.record(old, [recorded(1, START_AT + 60)])
    listed = place.sqld.http.get(place.new.replace("?namespace=", "/x?namespace="))
    assert listed.status_code != 200


def test_a_database_that_holds_something_is_no_target(place: Place) -> None:
    done = place.command("restore", str(place.backup), place.old, "--yes")
    assert isinstance(done.exception, BadInput)
    assert "not empty" in str(done.exception)
    place.restored()
    place.backup.rename(place.folder / "a.db")
    (place.folder / "more").mkdir()
    place.backup = made_backup(place.folder / "more", KEPT + 1)
    done = place.command("restore", str(place.backup), place.new, "--yes")
    assert "restored from another backup" in str(done.exception)
    assert holds(place.new, KEPT)


def test_where_the_old_server_is_gone_it_is_said_and_the_new_one_is_used(place: Place) -> None:
    """The reason for restoring, mostly."""
    place.settings.write_text(SETTINGS.format(url="http://127.0.0.1:1"))
    said = place.restored()
    assert "could not be retired" in said
    assert "liveone db retire http://127.0.0.1:1 --successor" in said
    assert place.url_in_settings() == place.new


def test_without_the_admin_api_a_database_that_is_not_there_is_said(place: Place) -> None:
    done = place.command("restore", str(place.backup), place.new, "--yes", CHANGEOVER_ADMIN_URL="")
    assert isinstance(done.exception, StoreError)
    wrong = place.command(
        "restore", str(place.backup), place.new, "--yes", CHANGEOVER_ADMIN_URL="http://127.0.0.1:1"
    )
    assert "admin API" in str(wrong.exception)
    assert place.url_in_settings() == place.old


def test_back_to_the_old_one_by_reopening_it(place: Place) -> None:
    place.restored()
    assert place.command("reopen", place.old).exception is None
    with closing(open_store(place.old)) as old:
        readings.record(old, [recorded(1, START_AT + 60)])
        assert successor_of(old.database) is None
    assert place.command("retire", place.old, "--successor", "it's http://new").exception is None
    with closing(open_store(place.old)) as old, pytest.raises(Retired):
        readings.record(old, [recorded(1, START_AT + 120)])
    assert "is a file" in str(place.command("retire", "live.db", "--successor", "x").exception)


def test_leaving_the_server_for_a_file(place: Place) -> None:
    place.new = str(place.folder / "live.db")
    assert place.restored("--no-switch")
    assert place.url_in_settings() == place.old
    with closing(open_store(place.old)) as old:
        readings.record(old, [recorded(1, START_AT + 60)])
    said = place.restored()
    assert "is kept as" in said
    assert place.url_in_settings() == place.new
    assert holds(place.new, KEPT)
    with closing(open_store(place.old)) as old, pytest.raises(Retired):
        readings.record(old, [recorded(1, START_AT + 120)])


def test_a_file_under_a_running_program_is_replaced_in_one_transaction(tmp_path: Path) -> None:
    source = made_backup(tmp_path)
    settings = tmp_path / "liveone.toml"
    settings.write_text("[database]\nurl = 'live.db'\n")
    create(tmp_path / "live.db")
    with closing(open_store(tmp_path / "live.db")) as store:
        a_system(store)
        readings.record(store, [recorded(1, START_AT)])
        call = ["--config", str(settings), "db", "restore", str(source), str(tmp_path / "live.db"), "--yes"]
        assert CliRunner().invoke(root, call).exception is None
        assert readings.count(store, 1) == KEPT, "the open store goes on with what was restored"
        readings.record(store, [recorded(1, START_AT + 60 * KEPT)])
    assert settings.read_text() == "[database]\nurl = 'live.db'\n"
    again = [*call[:4], str(tmp_path / "live.db"), *call[5:]]
    assert "is the backup itself" in str(CliRunner().invoke(root, again).exception)


def test_a_target_that_cannot_be_written_is_said_and_nothing_is_switched(place: Place) -> None:
    locked = place.folder / "locked"
    locked.mkdir()
    place.new = str(locked / "missing" / "live.db")
    done = place.command("restore", str(place.backup), place.new, "--yes")
    assert isinstance(done.exception, StoreError)
    assert place.url_in_settings() == place.old
    with closing(open_store(place.old)) as old:
        assert successor_of(old.database) is None


def test_it_asks_before_it_does_anything(place: Place) -> None:
    done = place.command("restore", str(place.backup), place.new)
    assert "leave" in done.output
    assert place.url_in_settings() == place.old
    with closing(open_store(place.old)) as old:
        assert successor_of(old.database) is None


def test_settings_written_in_another_way_are_left_and_the_line_to_write_is_said(place: Place) -> None:
    shutil.copy(place.settings, place.folder / "kept.toml")
    place.settings.write_text(f"database.url = '{place.old}'\n")
    done = place.command("restore", str(place.backup), place.new, "--yes")
    assert "Write it by hand" in str(done.exception)
    assert place.settings.read_text() == f"database.url = '{place.old}'\n"
    shutil.copy(place.folder / "kept.toml", place.settings)
    assert "had been filled" in place.restored()


def test_the_replica_of_another_server_is_not_read_after_the_switch(place: Place) -> None:
    settings = SETTINGS.replace('replica_url = ""', 'replica_url = "http://127.0.0.1:2"')
    place.settings.write_text(settings.format(url="http://127.0.0.1:1"))
    place.restored()
    assert load(place.settings, {}).database == restore_database(place.new)


def restore_database(url: str) -> object:
    from liveone.settings.config import DatabaseConfig

    return DatabaseConfig(url, "")


def test_the_environment_wins_and_is_told_of(place: Place) -> None:
    done = place.command("restore", str(place.backup), place.new, "--yes", LIVEONE_DATABASE_URL=place.old)
    assert f"Use it: LIVEONE_DATABASE_URL={place.new}" in done.output
    assert place.url_in_settings() == place.old
    assert restore.NOTE.startswith("_liveone_"), "no move takes it along"

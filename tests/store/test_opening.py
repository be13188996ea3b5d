"""Every way in which a database file can be wrong has a message that a stranger can act on."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.conftest import a_system
from tests.store.samples import NOON, recorded

from liveone.errors import BadInput
from liveone.store import readings
from liveone.store.database import Corrupt, Foreign, Full, ReadOnly, StoreError, Unavailable
from liveone.store.files import create, refuse_unusable
from liveone.store.generations import NEWEST
from liveone.store.sqlite import SqliteDatabase
from liveone.store.store import Query, Store, open_store, path_of


def test_create_makes_the_newest_generation_and_never_overwrites(tmp_path: Path) -> None:
    create(tmp_path / "a.db")
    with closing(open_store(tmp_path / "a.db")) as store:
        assert store.generation == NEWEST
        a_system(store)
    with pytest.raises(BadInput, match="already holds a database"):
        create(tmp_path / "a.db")
    (tmp_path / "text").write_text("my diary")
    with pytest.raises(Foreign, match="left as it is"):
        create(tmp_path / "text")
    assert (tmp_path / "text").read_text() == "my diary"


def test_an_empty_file_needs_init_and_init_fills_it(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    with pytest.raises(Foreign, match="liveone init"):
        open_store(tmp_path / "a.db")
    create(tmp_path / "a.db")
    open_store(tmp_path / "a.db").close()


def test_a_database_without_tables_needs_init_too(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    with pytest.raises(Foreign, match="liveone init"):
        open_store(tmp_path / "a.db")
    create(tmp_path / "a.db")


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("absent.db", Unavailable, "does not exist"),
        ("nowhere/a.db", Unavailable, "folder .*nowhere does not exist"),
        ("folder", Unavailable, "is a folder"),
        ("text", Foreign, "not an SQLite database"),
    ],
)
def test_what_is_no_database_is_refused(
    tmp_path: Path, name: str, kind: type[StoreError], words: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("hello")
    with pytest.raises(kind, match=words) as caught:
        open_store(tmp_path / name)
    assert caught.value.hint


def test_a_damaged_page_is_corrupt_wherever_it_is_met(path: Path) -> None:
    with closing(open_store(path)) as store:
        a_system(store)
        for number in range(0, 600, 60):
            readings.record(store, [recorded(NOON + number)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'readings'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    with closing(open_store(path)) as store:
        with pytest.raises(Corrupt, match="liveone restore"):
            readings.between(store, 1, 0, NOON + 9999)
        with pytest.raises(Corrupt):
            readings.record(store, [recorded(NOON + 6000)])


def test_a_damaged_schema_is_corrupt(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * 3000)
    with pytest.raises(Corrupt):
        open_store(path)


def record_many(store: Store, number: int) -> None:
    for minute in range(1, number):
        readings.record(store, [recorded(NOON + 60 * minute)])


def test_a_full_disk_is_full_and_loses_nothing(path: Path) -> None:
    with closing(open_store(path)) as store:
        a_system(store)
        readings.record(store, [recorded(NOON)])
        assert isinstance(store.database, SqliteDatabase)
        writer = store.database._open_writer()
        writer.execute("PRAGMA max_page_count = 1")
        with pytest.raises(Full) as caught:
            record_many(store, 500)
        assert caught.value.retryable
        assert "Free some space" in caught.value.hint
        kept = readings.count(store, 1)
        writer.execute("PRAGMA max_page_count = 1000000")
        assert readings.record(store, [recorded(NOON + 60 * 1000)]) == [True]
        assert readings.count(store, 1) == kept + 1


@pytest.mark.parametrize("guarded", ["file", "folder"])
def test_a_read_only_file_or_folder_is_refused_with_a_hint(tmp_path: Path, guarded: str) -> None:
    folder = Path("/tmp") / f"liveone-{os.getpid()}-{guarded}"
    folder.mkdir(0o777)
    try:
        path = folder / "a.db"
        create(path)
        path.chmod(0o444 if guarded == "file" else 0o666)
        folder.chmod(0o555 if guarded == "folder" else 0o777)
        assert in_child(lambda: refused_to_write(path)) == 0
    finally:
        shutil.rmtree(folder)


def refused_to_write(path: Path) -> bool:
    """Try to write as an unprivileged user, for whom permissions mean something."""
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    try:
        with closing(open_store(path)) as store:
            store.write([Query("polling_set_active", (1, 1))])
    except (ReadOnly, Unavailable) as error:
        return "permission" in error.hint or "may read and write" in error.hint
    return False


def in_child(work: Callable[[], bool]) -> int:
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        except BaseException:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_reading_a_database_changes_no_byte_of_it(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    before = path.read_bytes()
    with closing(open_store(path)) as store:
        readings.latest(store, 1, 4e9)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("data.db", "data.db"),
        ("sqlite:data.db", "data.db"),
        ("sqlite:///srv/data.db", "/srv/data.db"),
        ("file:/srv/data.db", "/srv/data.db"),
    ],
)
def test_a_url_names_a_file(url: str, expected: str) -> None:
    assert path_of(url) == Path(expected)


def test_a_look_at_the_file_gives_up_no_lock_of_this_process(tmp_path: Path) -> None:
    """Else another process that closes the database deletes the log that this one goes on writing to."""
    path = tmp_path / "live.db"
    create(path)
    look = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA schema_version'); c.close()"
    )
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 7")
        refuse_unusable(path)
        subprocess.run([sys.executable, "-c", look, path], check=True)
        assert path.with_name("live.db-wal").exists()

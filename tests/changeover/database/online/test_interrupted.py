"""A disk that is full, a runner that was stopped, a machine that slept: whole, and gone on with.

The oracle is the same table, rebuilt at rest.
"""

import os
import re
import resource
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.changeover.database.online import entries
from tests.changeover.database.online.entries import Entry
from tests.changeover.database.online.shapes import SWIFT, parsed

from changeover.database import lease as leases
from changeover.database.connect import connect
from changeover.database.lease import Lease
from changeover.database.lock import Holder
from changeover.database.online import state as states
from changeover.database.online.prepare import prepare
from changeover.database.online.rebuild import OnlineRebuild
from changeover.database.online.worker import OnlinePace, Worker
from changeover.errors import ChangeoverError, LeaseLost
from changeover.sql import rebuild

ENTRY = Entry(
    made="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24)"
    " INSERT INTO t SELECT i, 'u' || i, hex(zeroblob(900)) FROM n;",
    old="(id INTEGER PRIMARY KEY, u TEXT UNIQUE, v TEXT)",
    new="(u TEXT UNIQUE, v TEXT, more TEXT DEFAULT 'm', id INTEGER PRIMARY KEY)",
    columns="id, u, v",
    meanwhile=(),
)
PACE = replace(SWIFT, most_rows=8)
SINCE = "UPDATE t SET v = hex(zeroblob(1500)), more = 'kept' WHERE id % 2; DELETE FROM t WHERE id = 4;"


def go(
    connection: sqlite3.Connection,
    way: str,
    hook: Callable[[str], None] = lambda moment: None,
    *,
    pace: OnlinePace = PACE,
    lease: Lease | None = None,
) -> Worker:
    """One way, from wherever it stands."""
    worker = Worker(connection=connection, rows=8, hook=hook, pace=pace, lease=lease)
    run = OnlineRebuild(worker, "t", "entry")
    match way:
        case "forward":
            run.forward(prepare(connection, parsed(ENTRY.forward)), lambda: None)
        case "back":
            there = rebuild.read(parsed(ENTRY.forward))
            run.back(rebuild.read(parsed(ENTRY.backward)), lambda: None, there)
        case _:
            run.finish()
    return worker


def at_once(path: Path, way: str) -> None:
    """The rest of a way, with nothing that gets in it; nothing where it is done."""
    with closing(connect(path)) as connection:
        if way != "forward" or phase_of(connection) != "soak":
            go(connection, way)


def phase_of(connection: sqlite3.Connection) -> str:
    """Where the rebuild stands; empty where there is none."""
    return next((str(one.phase) for one in states.read_all(connection)), "")


def phase(path: Path) -> str:
    """The same, as it is committed."""
    with closing(sqlite3.connect(path)) as connection:
        return phase_of(connection)


@pytest.fixture
def begun(work: Path, way: str) -> Path:
    """The database at the beginning of a way."""
    path = work / "t.db"
    entries.make(ENTRY, path)
    if way != "forward":
        at_once(path, "forward")
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(SINCE)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


class Pages:
    """No page more than there are."""

    def begin(self, connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def end(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count = 1000000")


class Log:
    """The write-ahead log grows no more: writing past the limit fails, as on a disk that is full."""

    def begin(self, connection: sqlite3.Connection) -> None:
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        self.usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = Path(f"{file}-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 500, self.usual[1]))

    def end(self, connection: sqlite3.Connection) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.usual)


def failure_at(path: Path, way: str, place: int, quota: Pages | Log) -> str | None:
    """What a way fails of with no room in the transaction of this place; None where it has not so many."""
    transactions, limited = 0, False
    connection = connect(path)

    def hear(moment: str) -> None:
        nonlocal transactions, limited
        if moment == "begun":
            transactions += 1
            if transactions == place:
                limited = True
                quota.begin(connection)
        elif moment == "committed" and limited:
            limited = False
            quota.end(connection)

    with closing(connection):
        try:
            go(connection, way, hear)
        except (sqlite3.Error, ChangeoverError) as error:
            return str(error)
        finally:
            if limited:
                quota.end(connection)
    return "" if transactions >= place else None


@pytest.mark.parametrize("quota", [Pages(), Log()], ids=["pages", "log"])
@pytest.mark.parametrize("way", ["forward", "back", "finish"])
def test_a_disk_that_is_full_at_each_transaction(
    begun: Path, work: Path, way: str, quota: Pages | Log
) -> None:
    path, wanted, before, failed = work / "here.db", work / "wanted.db", entries.contents(begun), 0
    shutil.copy(begun, wanted)
    at_once(wanted, way)
    for place in range(1, 1_000):
        shutil.copy(begun, path)
        if (fails := failure_at(path, way, place, quota)) is None:
            break
        failed += bool(fails)
        assert not fails or re.search("full|I/O", fails)
        if fails and way != "finish" and phase(path) != "discard":
            assert entries.contents(path)["t"] == before["t"], "the old rows, or the new ones, and no others"
        if fails:
            at_once(path, way)
        assert entries.contents(path) == entries.contents(wanted), place
        path.unlink()
    # Deleting leaves free pages: what is kept for the way back can always be given up.
    assert (failed > 1) is (way != "finish" or isinstance(quota, Log))


@pytest.mark.parametrize("way", ["forward"])
def test_a_machine_that_slept_past_its_lease_writes_nothing(
    begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two transactions it is lost; in one nobody can have taken it. A wall clock says nothing."""
    asleep_s, heard, awake_s, now = 0.0, 0, leases.awake_s, time.time
    monkeypatch.setattr(leases, "awake_s", lambda: awake_s() + asleep_s)
    monkeypatch.setattr(time, "time", lambda: now() - 1e6 * heard)

    def hear(moment: str) -> None:
        nonlocal asleep_s, heard
        heard += moment in ("online: before commit", "committed")
        if (moment, heard) in (("online: before commit", 5), ("committed", 8)):
            asleep_s += 3600

    with closing(connect(begun)) as connection:
        lease = leases.acquire(connection, Holder("one", 1, "here", 0))
        with pytest.raises(LeaseLost, match="slept for 3600 s"):
            go(connection, "forward", hear, lease=lease)
        (copied,) = connection.execute("SELECT rows_copied FROM changeover_online").fetchone()
        assert 0 < copied < 24
        other = leases.acquire(connection, Holder("two", 2, "here", 0))
        assert go(connection, "forward", lease=other).measures.rows_copied == 24 - copied


@pytest.mark.parametrize("way", ["forward"])
@pytest.mark.parametrize("then", [signal.SIGCONT, signal.SIGKILL])
def test_a_runner_stopped_while_the_swap_holds_the_lock(begun: Path, then: signal.Signals) -> None:
    """Readers read on and writers wait; when it goes on it is past its deadline, and tries again."""
    child = os.fork()
    if child == 0:
        os._exit(_stopped_in_the_swap(begun))
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    with closing(sqlite3.connect(begun, isolation_level=None, timeout=0.2)) as application:
        assert application.execute("SELECT count(*) FROM t").fetchone() == (24,)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            application.execute("DELETE FROM t WHERE id = 1")
        os.kill(child, then)
        _, status = os.waitpid(child, 0)
        if then is signal.SIGCONT:
            assert os.waitstatus_to_exitcode(status) == 2, "the second try was the swap"
        else:
            assert phase(begun) == "verify"
            at_once(begun, "forward")
        application.execute("DELETE FROM t WHERE id = 1")
        assert application.execute("SELECT count(*), max(more) FROM t").fetchone() == (23, "m")


def _stopped_in_the_swap(path: Path) -> int:
    """How often the swap was tried, by a runner that stops itself in the first, before COMMIT."""
    stopped = False
    connection = connect(path)

    def hear(moment: str) -> None:
        nonlocal stopped
        if moment == "online: before commit" and not stopped and phase_of(connection) == "soak":
            stopped = True
            os.kill(os.getpid(), signal.SIGSTOP)

    try:
        return go(connection, "forward", hear, pace=replace(PACE, swap_s=0.1)).measures.swap_tries
    except BaseException:
        return 99

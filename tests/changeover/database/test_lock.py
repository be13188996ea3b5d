"""One runner at a time: the lock file, the lease, and a runner that slept past it."""

import fcntl
import os
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.changeover.database.household import ask, change, context
from tests.changeover.database.killer import Hook, stopped_at

from changeover.database import lease as leases
from changeover.database import lock
from changeover.database.change.apply import ProgressHooks, migrate
from changeover.database.change.invariants import Depth
from changeover.database.connect import opened
from changeover.database.local import lock_file
from changeover.database.lock import Holder, this_runner
from changeover.errors import LeaseLost, Locked

ME = this_runner("run-1", since_at=0)
OTHER = Holder("run-2", 4711, "elsewhere", 0)


def migrating(path: Path, *, lasts_s: float = 30) -> "object":
    def work(hook: Hook) -> None:
        holder = this_runner("stopped", since_at=0)
        with lock.take(path, holder), opened(path) as connection:
            lease = leases.acquire(connection, holder, lasts_s=lasts_s)
            hook("leased")
            migrate(
                connection, change(), context(lease=lease), depth=Depth.SWIFT, hooks=ProgressHooks(hook=hook)
            )

    return work


def test_two_runners_at_once_the_second_is_told_who_the_first_is(database: Path) -> None:
    with stopped_at(migrating(database), "leased") as first:
        said = rf"run stopped, process {first.pid} .* \(stopped\)"
        with pytest.raises(Locked, match=said) as caught:
            lock.take(database, ME)
        assert f"kill -CONT {first.pid}" in caught.value.hint
        assert lock.is_taken(database)
        assert first.go_on() == 0


def test_a_killed_runner_leaves_no_lock(database: Path) -> None:
    with stopped_at(migrating(database), "leased") as runner:
        runner.kill()
    assert not lock.is_taken(database)
    with lock.take(database, ME):
        assert lock.holder_of(database) == ME
    assert lock.holder_of(database) is None


def test_the_lock_follows_a_link_to_the_same_file(database: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(database)
    with lock.take(database, ME), pytest.raises(Locked):
        lock.take(link, ME)


def test_a_runner_stopped_longer_than_its_lease_writes_nothing_when_it_wakes(database: Path) -> None:
    with stopped_at(migrating(database, lasts_s=0.2), "leased") as runner:
        time.sleep(0.3)
        with opened(database) as connection:
            assert leases.acquire(connection, ME).token == 2
        assert runner.go_on() == 1
    made = "SELECT name FROM sqlite_schema WHERE name IN ('user_systems', 'changeover_ledger')"
    assert ask(database, made) == []
    assert ask(database, "SELECT token, run_id FROM changeover_state") == [(2, "run-1")]


def test_it_writes_nothing_even_if_nobody_took_over(database: Path) -> None:
    with stopped_at(migrating(database, lasts_s=0.2), "leased") as runner:
        time.sleep(0.3)
        assert runner.go_on() == 1
    assert ask(database, "SELECT name FROM sqlite_schema WHERE name = 'user_systems'") == []


def test_a_runner_that_was_overtaken_finds_a_token_that_is_not_its_own(
    connection: sqlite3.Connection,
) -> None:
    mine = leases.acquire(connection, ME)
    connection.execute("UPDATE changeover_state SET token = token + 1, run_id = 'run-2', pid = 1, host = 'h'")
    with pytest.raises(LeaseLost, match="run run-2"):
        migrate(connection, change(), context(lease=mine), depth=Depth.SWIFT)
    assert connection.execute(
        "SELECT count(*) FROM sqlite_schema WHERE name = 'user_systems'"
    ).fetchone() == (0,)


def test_a_lease_that_lasts_is_not_taken_away(connection: sqlite3.Connection) -> None:
    leases.acquire(connection, OTHER)
    with pytest.raises(Locked, match="run run-2"):
        leases.acquire(connection, ME)


def test_a_lease_given_back_can_be_taken_and_its_token_never_returns(connection: sqlite3.Connection) -> None:
    first = leases.acquire(connection, OTHER)
    leases.release(connection, first)
    second = leases.acquire(connection, ME)
    assert second.token == first.token + 1
    leases.release(connection, first)
    leases.beat(connection, second)


def test_a_wall_clock_that_jumps_neither_ends_nor_prolongs_a_lease(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = leases.acquire(connection, OTHER, lasts_s=5)
    monkeypatch.setattr(time, "time", lambda: 9e12)
    with pytest.raises(Locked):
        leases.acquire(connection, ME)
    leases.beat(connection, mine)


def test_a_lease_of_another_machine_is_watched_and_not_judged_by_its_date(
    connection: sqlite3.Connection,
) -> None:
    leases.acquire(connection, OTHER, lasts_s=0.1)
    connection.execute("UPDATE changeover_state SET boot = 'another machine', beaten_s = -1e9")
    seen = leases.look(connection)
    assert seen is not None
    assert leases.expired(seen, now_s=0, this_boot=leases.boot()) is None
    with pytest.raises(Locked):
        leases.acquire(connection, ME)
    watched = leases.watch(connection)
    assert leases.acquire(connection, ME, watched=watched).token == 2


def test_a_lease_that_moved_while_it_was_watched_is_alive(
    database: Path, connection: sqlite3.Connection
) -> None:
    theirs = leases.acquire(connection, OTHER, lasts_s=0.2)
    connection.execute("UPDATE changeover_state SET boot = 'another machine'")
    before = leases.look(connection)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        leases.beat(other, theirs)
    with pytest.raises(Locked):
        leases.acquire(connection, ME, watched=before)


def test_every_beat_prolongs_the_lease(connection: sqlite3.Connection) -> None:
    mine = leases.acquire(connection, ME, lasts_s=5)
    old = replace(mine, beaten_s=mine.beaten_s - 4)
    leases.beat(connection, old)
    assert old.beaten_s > mine.beaten_s
    asleep = replace(mine, beaten_s=mine.beaten_s - 6)
    with pytest.raises(LeaseLost, match="slept for 6 s"):
        leases.beat(connection, asleep)


def test_a_change_that_takes_longer_than_the_lease_still_holds_it_afterwards(
    database: Path, connection: sqlite3.Connection
) -> None:
    mine = leases.acquire(connection, ME, lasts_s=1.0)
    nap = ProgressHooks(hook=lambda moment: time.sleep(1.2 if moment == "prepared" else 0))
    migrate(connection, change(), context(lease=mine), depth=Depth.SWIFT, hooks=nap)
    with pytest.raises(Locked):
        leases.acquire(connection, OTHER)
    leases.beat(connection, mine)


def test_whoever_only_looks_keeps_no_runner_out_and_takes_no_other_for_one(database: Path) -> None:
    """`changeover status`, at the very moment at which a run begins."""
    lock.take(database, ME).release()
    looking = os.open(lock_file(database, None), os.O_RDWR)
    fcntl.flock(looking, fcntl.LOCK_SH)
    assert not lock.is_taken(database)
    gone = threading.Timer(0.03, os.close, (looking,))
    gone.start()
    lock.take(database, ME).release()
    gone.join()

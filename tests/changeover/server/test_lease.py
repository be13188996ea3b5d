"""The lease is one thing on a file and on a server: taken by one statement, as it was seen, or not at all."""

import contextlib
import sqlite3
import threading
from dataclasses import replace

import pytest

from changeover.database import lease as leases
from changeover.database.connect import opened
from changeover.database.lease import Lease, LeaseSnapshot
from changeover.database.lock import Holder
from changeover.database.server.remote import Remote
from changeover.database.where import Server
from changeover.errors import LeaseLost, Locked

Either = sqlite3.Connection | Remote
ME, OTHER = Holder("run-1", 1, "here", 0), Holder("run-2", 2, "there", 0)


def test_it_is_taken_kept_given_back_and_taken_by_the_next(either: Either) -> None:
    assert leases.look(either) is None
    mine = leases.acquire(either, ME)
    with pytest.raises(Locked, match="run run-1"):
        leases.acquire(either, OTHER)
    leases.beat(either, mine)
    leases.release(either, mine)
    theirs = leases.acquire(either, OTHER)
    assert theirs.token == mine.token + 1
    with pytest.raises(LeaseLost, match="run run-2"):
        leases.beat(either, mine)
    leases.release(either, mine)
    leases.beat(either, theirs)


def test_whoever_looked_at_the_same_moment_gets_it_only_once(
    either: Either, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases.release(either, leases.acquire(either, OTHER))
    stale, look = leases.look(either), leases.look
    mine = leases.acquire(either, ME)
    given: list[LeaseSnapshot | None] = [stale]
    monkeypatch.setattr(leases, "look", lambda c: given.pop() if given else look(c))
    with pytest.raises(Locked, match="run run-1"):
        leases.acquire(either, OTHER)
    leases.beat(either, mine)


def test_of_many_runners_at_once_one_has_it(server: Server) -> None:
    taken: list[Lease] = []
    ready = threading.Barrier(8)

    def take(number: int) -> None:
        with opened(server) as connection:
            ready.wait()
            with contextlib.suppress(Locked):
                taken.append(leases.acquire(connection, Holder(f"run-{number}", number, "there", 0)))

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1


def test_a_lease_of_another_machine_is_watched_for_as_long_as_it_lasts(either: Either) -> None:
    theirs = leases.acquire(either, OTHER, lasts_s=0.2)
    either.execute("UPDATE changeover_state SET boot = 'another machine', beaten_s = -1e9")
    with pytest.raises(Locked):
        leases.acquire(either, ME)
    before = leases.look(either)
    leases.beat(either, replace(theirs))
    with pytest.raises(Locked):
        leases.acquire(either, ME, watched=before)
    assert leases.acquire(either, ME, watched=leases.watch(either)).token == 2


def test_a_token_made_higher_is_still_ours_and_what_had_the_old_one_is_not(either: Either) -> None:
    mine = leases.acquire(either, ME)
    before = replace(mine)
    leases.renew(either, mine)
    assert mine.token == before.token + 1
    leases.beat(either, mine)
    with pytest.raises(LeaseLost):
        leases.beat(either, before)
    either.execute("UPDATE changeover_state SET token = 9, run_id = 'run-2'")
    with pytest.raises(LeaseLost, match="run run-2"):
        leases.renew(either, mine)


def test_a_runner_that_slept_past_its_lease_writes_nothing(either: Either) -> None:
    mine = leases.acquire(either, ME, lasts_s=5)
    with pytest.raises(LeaseLost, match="slept for 6 s"):
        leases.beat(either, replace(mine, beaten_s=mine.beaten_s - 6))

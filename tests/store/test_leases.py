"""The contract of leases on both drivers: one right at a time, by the database's own clock."""

import threading
import time
from collections.abc import Callable

import pytest
from tests.store.conftest import a_system, rows_of, run

from liveone.store import leases
from liveone.store.database import SchemaChanged
from liveone.store.generations import detect
from liveone.store.leases import Taking
from liveone.store.store import Store

NEW = Taking({})
PAUSE_S = 57.0


@pytest.fixture
def shared(store: Store) -> Store:
    """A store with systems 1 to 4 and the tables of leases."""
    for site in range(4):
        a_system(store, str(1586 + site))
    leases.make_tables(store)
    return store


def back(store: Store, seconds_s: float) -> None:
    """Let time pass for everything that is noted so far."""
    run(
        store,
        f"UPDATE _liveone_leases SET polled_at = polled_at - {seconds_s}, since_at = since_at - {seconds_s}",
        f"UPDATE _liveone_pollers SET seen_at = seen_at - {seconds_s}",
        f"UPDATE _liveone_jobs SET until_at = until_at - {seconds_s}",
    )


def claim(store: Store, me: str, *system_ids: int) -> set[int]:
    return leases.claim(store, (me, f"host:{me}"), set(system_ids), PAUSE_S)[0]


def test_without_the_tables_nothing_is_written_and_nobody_polls(store: Store) -> None:
    before = rows_of(store, "SELECT name FROM sqlite_schema")
    assert not leases.are_kept(store)
    assert not leases.anybody(store)
    assert leases.holders(store, {1}, time.time()) == {}
    assert leases.waits(store, {1}, PAUSE_S) == {}
    assert rows_of(store, "SELECT name FROM sqlite_schema") == before


def test_the_tables_change_neither_generation_nor_anything_else(any_store: Store) -> None:
    shape = detect(any_store.database)
    leases.make_tables(any_store)
    leases.make_tables(any_store)
    leases.beat(any_store, "a", "host:1")
    assert detect(any_store.database) == shape
    assert leases.anybody(any_store)


def test_a_system_has_one_holder_who_alone_may_claim_it(shared: Store) -> None:
    leases.beat(shared, "a", "host:a")
    leases.beat(shared, "b", "host:b")
    assert leases.take(shared, "a", {1, 2}, NEW) == {1, 2}
    assert leases.take(shared, "b", {2, 3}, NEW) == {3}
    board = leases.beat(shared, "b", "host:b")
    assert (board.held, board.beats) == ({"a": {1, 2}, "b": {3}}, {"a": 1, "b": 2})
    assert claim(shared, "a", 1, 2, 3) == {1, 2}
    assert claim(shared, "b", 1, 2, 3) == {3}
    granted, refused = leases.claim(shared, ("b", "host:b"), {1}, PAUSE_S)
    assert not granted
    assert refused[1].holder == "host:a"
    assert 50 < refused[1].wait_s <= PAUSE_S


def test_who_takes_over_keeps_the_distance_and_the_holder_may_try_again(
    shared: Store,
) -> None:
    leases.beat(shared, "a", "host:a")
    leases.take(shared, "a", {1}, NEW)
    assert claim(shared, "a", 1) == {1}
    assert claim(shared, "a", 1) == {1}, "a poll that failed is tried again within the minute"
    leases.give(shared, "a", {1})
    assert claim(shared, "a", 1) == set()
    assert leases.take(shared, "b", {1}, NEW) == {1}
    assert claim(shared, "b", 1) == set()
    back(shared, 50)
    assert claim(shared, "b", 1) == set()
    back(shared, 8)
    assert claim(shared, "b", 1) == {1}


def test_only_the_dead_lose_their_systems_and_only_while_they_stay_dead(shared: Store) -> None:
    for poller in ("a", "b"):
        leases.beat(shared, poller, f"host:{poller}")
    leases.take(shared, "a", {1, 2}, NEW)
    watched = leases.beat(shared, "b", "host:b").beats["a"]
    leases.beat(shared, "a", "host:a")
    assert leases.take(shared, "b", {1, 2}, Taking({"a": watched})) == set(), "it lived after all"
    watched = leases.beat(shared, "b", "host:b").beats["a"]
    assert leases.take(shared, "b", {1}, Taking({"a": watched}, polled_ago_s=5.0)) == {1}
    assert claim(shared, "a", 1, 2) == {2}, "what was not taken yet is still its own"
    assert claim(shared, "b", 1) == set(), "the dead one may have polled without the database until just now"
    back(shared, PAUSE_S - 4)
    assert claim(shared, "b", 1) == {1}


def test_polls_that_were_not_said_count_when_the_system_is_given_away(shared: Store) -> None:
    for poller in ("a", "b"):
        leases.beat(shared, poller, f"host:{poller}")
    leases.take(shared, "a", {1, 2}, NEW)
    leases.give(shared, "a", {1, 2}, unsaid={2})
    leases.take(shared, "b", {1, 2}, NEW)
    assert claim(shared, "b", 1, 2) == {1}


def test_whoever_gives_up_everything_is_gone(shared: Store) -> None:
    leases.beat(shared, "a", "host:a")
    leases.take(shared, "a", {1, 2}, NEW)
    assert leases.begin_job(shared, "days", "a", 60)
    leases.leave(shared, "a", {1, 2})
    board = leases.beat(shared, "b", "host:b")
    assert (list(board.beats), board.held) == (["b"], {})
    assert leases.take(shared, "b", {1, 2}, NEW) == {1, 2}
    assert leases.begin_job(shared, "days", "b", 60)


def test_a_visitor_polls_what_nobody_living_holds_once_a_minute(shared: Store) -> None:
    def visit(who: str) -> set[int]:
        return leases.visit(shared, who, {1, 2, 3}, pause_s=PAUSE_S, dead_after_s=30)[0]

    leases.beat(shared, "a", "host:a")
    leases.take(shared, "a", {1}, NEW)
    assert visit("cron1") == {2, 3}
    assert visit("cron2") == visit("cron1") == set(), "not twice, by whomever"
    back(shared, PAUSE_S + 1)
    assert visit("cron2") == {1, 2, 3}, "a is dead: it was not seen for half a minute"
    assert claim(shared, "a", 1) == set(), "and when it wakes it keeps the distance"


def test_times_in_the_future_block_nothing(shared: Store) -> None:
    """A database restored elsewhere, or a clock that was set back."""
    leases.beat(shared, "a", "host:a")
    leases.take(shared, "a", {1}, NEW)
    claim(shared, "a", 1)
    assert leases.begin_job(shared, "days", "a", 150)
    back(shared, -86_400)
    assert leases.visit(shared, "cron", {1}, pause_s=PAUSE_S, dead_after_s=30)[0] == {1}
    assert leases.begin_job(shared, "days", "b", 150)
    leases.clear(shared)
    assert leases.take(shared, "b", {1}, NEW) == {1}
    back(shared, -86_400)
    assert claim(shared, "b", 1) == {1}


def test_a_job_is_done_by_one_and_passes_on_when_that_one_dies(shared: Store) -> None:
    assert leases.begin_job(shared, "days", "a", 60)
    assert not leases.begin_job(shared, "days", "b", 60)
    assert leases.begin_job(shared, "days", "a", 60), "who does it goes on"
    back(shared, 59)
    assert not leases.begin_job(shared, "days", "b", 60)
    back(shared, 2)
    assert leases.begin_job(shared, "days", "b", 60)
    assert not leases.begin_job(shared, "days", "a", 60), "the one that woke learns that it lost it"


def test_of_many_at_once_one_gets_it(shared: Store) -> None:
    got: list[set[int]] = []

    def race(step: Callable[[int], set[int]]) -> int:
        got.clear()
        threads = [threading.Thread(target=lambda n=n: got.append(step(n))) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(len(each) for each in got)

    for number in range(6):
        leases.beat(shared, f"p{number}", f"host:{number}")
    assert race(lambda n: leases.take(shared, f"p{n}", {1, 2, 3, 4}, NEW)) == 4
    leases.clear(shared)
    assert race(lambda n: leases.visit(shared, f"v{n}", {1, 2}, pause_s=PAUSE_S, dead_after_s=30)[0]) == 2


def test_who_polls_and_since_when_is_shown(shared: Store) -> None:
    leases.beat(shared, "a", "host:a")
    leases.take(shared, "a", {1, 2}, NEW)
    back(shared, 100)
    found = leases.holders(shared, {1, 2, 3}, time.time())
    assert sorted(found) == [1, 2]
    assert found[1].name == "host:a"
    assert 99 < found[1].since_s < 110
    back(shared, 100)
    assert leases.holders(shared, {1, 2, 3}, time.time()) == {}, "long dead"


def test_tables_that_vanish_underneath_are_noticed(shared: Store) -> None:
    run(shared, *(f"DROP TABLE _liveone_{name}" for name in ("pollers", "leases", "jobs")))
    with pytest.raises(SchemaChanged):
        leases.beat(shared, "a", "host:a")
    assert not leases.anybody(shared)


def test_leases_of_systems_that_are_gone_are_forgotten(shared: Store) -> None:
    leases.beat(shared, "a", "host:a")
    leases.take(shared, "a", {1, 2}, NEW)
    run(shared, "DELETE FROM systems WHERE id = 2")
    leases.take(shared, "a", {3}, NEW)
    assert leases.beat(shared, "a", "host:a").held["a"] == {1, 3}


def test_a_claim_is_a_sign_of_life_and_enters_who_was_taken_for_dead(shared: Store) -> None:
    leases.beat(shared, "a", "host:a")
    leases.take(shared, "a", {1, 2}, NEW)
    before = leases.beat(shared, "b", "host:b").beats["a"]
    claim(shared, "a", 1)
    watched = leases.beat(shared, "b", "host:b").beats["a"]
    assert watched > before
    assert leases.take(shared, "b", {1}, Taking({"a": watched})) == {1}
    assert "a" in leases.beat(shared, "b", "host:b").beats, "it holds one still"
    assert leases.take(shared, "b", {2}, Taking({"a": watched})) == {2}
    assert "a" not in leases.beat(shared, "b", "host:b").beats, "the dead are buried"
    assert claim(shared, "a", 1, 2) == set()
    assert "a" in leases.beat(shared, "b", "host:b").beats


def test_a_dead_poller_that_was_heard_polls_again_on_its_minute_and_not_before(shared: Store) -> None:
    for poller in ("a", "b"):
        leases.beat(shared, poller, f"host:{poller}")
    leases.take(shared, "a", {1, 2, 3}, NEW)
    claim(shared, "a", 1)
    back(shared, 40)
    claim(shared, "a", 2)
    back(shared, 45)
    dead = {"a": leases.beat(shared, "b", "host:b").beats["a"]}
    how = Taking(dead, polled_ago_s=5.0, heard={"a"}, again_s=(PAUSE_S, PAUSE_S + 8))
    assert leases.take(shared, "b", {1, 2, 3}, how) == {1, 2, 3}
    assert claim(shared, "b", 1, 2, 3) == set(), "3 may have been polled just now: it was never said when"
    back(shared, PAUSE_S - 44)
    assert claim(shared, "b", 1, 2, 3) == {2}, "45 seconds ago, and not since"
    back(shared, 25)
    assert claim(shared, "b", 1, 3) == {1}, "85 seconds ago, and perhaps 20"
    back(shared, 15)
    assert claim(shared, "b", 3) == {3}


def test_what_was_polled_without_saying_so_is_said_later(shared: Store) -> None:
    leases.beat(shared, "a", "host:a")
    leases.take(shared, "a", {1, 2}, NEW)
    leases.beat(shared, "a", "host:a", {1: 50.0, 3: 1.0})
    leases.give(shared, "a", {1, 2})
    leases.beat(shared, "b", "host:b")
    leases.take(shared, "b", {1, 2}, NEW)
    assert claim(shared, "b", 1, 2) == {2}
    back(shared, 8)
    assert claim(shared, "b", 1) == {1}


def test_who_polled_last_itself_waits_too_after_taking_from_the_dead(shared: Store) -> None:
    for poller in ("a", "b"):
        leases.beat(shared, poller, f"host:{poller}")
    leases.take(shared, "b", {1}, NEW)
    assert claim(shared, "b", 1) == {1}
    leases.give(shared, "b", {1})
    leases.take(shared, "a", {1}, NEW)
    back(shared, 600)
    dead = {"a": leases.beat(shared, "b", "host:b").beats["a"]}
    assert leases.take(shared, "b", {1}, Taking(dead, polled_ago_s=5.0)) == {1}
    assert claim(shared, "b", 1) == set(), "the dead one may have polled without saying so"


def test_after_clearing_nobody_is_there_and_nothing_is_held(shared: Store) -> None:
    leases.beat(shared, "a", "host:a")
    leases.take(shared, "a", {1, 2}, NEW)
    claim(shared, "a", 1)
    leases.clear(shared)
    board = leases.beat(shared, "b", "host:b")
    assert (list(board.beats), board.held) == (["b"], {})
    assert leases.waits(shared, {1}, PAUSE_S)[1] > 0, "when it was polled is kept"


def test_what_a_poller_without_an_entry_holds_may_be_taken(shared: Store) -> None:
    leases.beat(shared, "a", "host:a")
    leases.take(shared, "a", {1}, NEW)
    run(shared, "DELETE FROM _liveone_pollers WHERE id = 'a'")
    leases.beat(shared, "b", "host:b")
    assert leases.take(shared, "b", {1}, NEW) == {1}

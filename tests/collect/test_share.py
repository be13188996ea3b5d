"""The share of one process: alone on a file it writes nothing; with others it polls only what it may."""

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial

import pytest
from tests.collect.crew import ALL, NOTHING, TIMES, Crew, back
from tests.collect.support import add
from tests.store.proxy import Fault, Proxy
from tests.store.sqld import Sqld

from liveone.store import leases
from liveone.store.database import Database, Held, Statement, StoreError
from liveone.store.exclusive_poller import exclusive_poller
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.outage import nobody_writes
from liveone.store.store import Store


def test_alone_on_a_file_nothing_is_written_and_everything_may_be_polled(crew: Crew) -> None:
    store = crew.store
    before = store.database.change_token()
    share = crew.join()
    for _ in range(3):
        share.renew(ALL, NOTHING)
        assert share.claim(ALL).granted == ALL
        assert share.begin_job("days", 60)
    assert share.is_alone
    assert store.database.change_token() == before
    assert not leases.are_kept(store)
    assert (exclusive_poller(store.database) or ("",))[0]


def test_a_second_process_on_a_file_polls_nothing_until_the_first_has_noticed_it(crew: Crew) -> None:
    first, second = crew.join(), crew.join()
    first.renew(ALL, NOTHING)
    assert first.claim(ALL).granted == ALL
    second.renew(ALL, NOTHING)
    assert second.mine == NOTHING
    assert first.claim(ALL).granted == NOTHING, "it looked before it polled"
    assert first.hurry
    first.renew(ALL, NOTHING)
    assert (first.mine, first.is_alone) == (ALL, False)
    crew.pass_s(60, first, second)
    assert sorted(map(len, (first.mine, second.mine))) == [2, 2]
    assert not first.mine & second.mine
    assert second.claim(second.mine).granted == NOTHING, "the first polled these a moment ago"
    back(crew.store, 60)
    assert second.claim(second.mine).granted == second.mine


def test_who_is_left_on_a_file_is_alone_again_and_keeps_the_distance(crew: Crew) -> None:
    first, second = crew.pair()
    back(crew.store, 60)
    polled = first.mine
    assert first.claim(polled).granted == polled
    crew.leave(first)
    crew.pass_s(20, second)
    assert (second.mine, second.is_alone) == (ALL, True)
    assert not leases.anybody(crew.store)
    claimed = second.claim(ALL)
    assert (claimed.granted, set(claimed.refused)) == (ALL - polled, polled)
    assert all(0 < refusal.wait_s <= TIMES.pause_s for refusal in claimed.refused.values())
    assert second.claim(polled).granted == polled, "it waited as long as it was told"


def test_a_first_process_that_hangs_is_replaced_and_polls_nothing_when_it_wakes(crew: Crew) -> None:
    first, second = crew.join(), crew.join()
    first.renew(ALL, NOTHING)
    second.renew(ALL, NOTHING)
    crew.pass_s(20, second)
    assert second.mine == NOTHING
    crew.pass_s(20, second)
    assert second.mine == ALL
    assert second.claim(ALL).granted == NOTHING, "the first may have polled until just now"
    back(crew.store, 60)
    assert second.claim(ALL).granted == ALL
    assert first.claim(ALL).granted == NOTHING
    first.renew(ALL, NOTHING)
    assert first.mine == NOTHING


@pytest.fixture
def remote(remote_store: Store) -> Crew:
    for number in range(4):
        add(remote_store, str(100 + number))
    return Crew(remote_store)


def within_seconds(holds: Callable[[], bool]) -> None:
    """A server that was silent is asked again within five seconds."""
    give_up_s = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < give_up_s
        time.sleep(0.1)


def answers(database: Database) -> bool:
    try:
        return bool(database.read([Statement("SELECT 1")]))
    except StoreError:
        return False


def test_cut_off_from_the_database_a_poller_stops_before_others_take_over(remote: Crew, proxy: Proxy) -> None:
    first, second = remote.pair()
    one, another = ({key} for key in sorted(first.mine))
    assert first.claim(one).granted == one
    remote.pass_s(20, first, second)
    assert first.claim(another).granted == another
    remote.pass_s(40, first, second)
    proxy.cut(Fault.SILENCE, times=100)
    for passed_s, asked, may in ((0, one, True), (20, another, True), (10, one, False)):
        remote.pass_s(passed_s)
        claimed = first.claim(asked)
        assert bool(claimed.granted) is may, passed_s
    proxy.cut(Fault.NONE)
    own = second.mine
    within_seconds(lambda: second.claim(own).granted == own)


def test_while_reads_are_answered_and_writes_are_not_a_poller_goes_on_until_another_took_over(
    remote: Crew, proxy: Proxy, server: Sqld
) -> None:
    first, second = remote.pair()
    before = (first.mine, second.mine)
    proxy.cut(Fault.NO_WRITES, times=1)
    remote.pass_s(300)
    for share, mine in zip((first, second), before, strict=True):
        claimed = share.claim(mine)
        assert (claimed.granted, claimed.is_blind) == (NOTHING, True)
        assert share.look(mine).granted == mine, "nobody has taken over: nobody could"
    with closing(Store(LibsqlDatabase(server.url, timeout_s=2.0))) as direct:
        second._store = direct
        remote.pass_s(60, second)
        assert second.mine == ALL, "it can write, the first cannot"
        assert first.look(before[0]).granted == NOTHING
        assert first.mine == NOTHING
    proxy.cut(Fault.NONE)


def test_the_only_poller_goes_on_however_long_the_database_is_silent(remote: Crew, proxy: Proxy) -> None:
    only = remote.join()
    only.renew(ALL, NOTHING)
    proxy.cut(Fault.SILENCE, times=100)
    remote.pass_s(600)
    assert only.claim(ALL).granted == ALL
    proxy.cut(Fault.NONE)


def test_what_was_just_taken_keeps_its_distance_without_the_database_too(remote: Crew, proxy: Proxy) -> None:
    first, second = remote.pair()
    own, others = second.mine, first.mine
    assert second.claim(own).granted == own
    assert first.claim(others).granted == others
    remote.leave(first)
    remote.pass_s(10, second)
    assert second.mine == ALL
    proxy.cut(Fault.SILENCE, times=100)
    claimed = second.claim(ALL)
    assert (claimed.granted, set(claimed.refused)) == (own, others), "the other polled these a moment ago"
    assert all(40 < refusal.wait_s <= TIMES.pause_s for refusal in claimed.refused.values())
    remote.pass_s(TIMES.pause_s)
    assert second.claim(ALL).granted == ALL
    proxy.cut(Fault.NONE)


@pytest.mark.parametrize(("ends", "begins"), [("kill", "start"), ("pause", "go_on")])
def test_while_the_primary_refuses_everybody_or_hangs_all_go_on_and_nothing_moves_afterwards(
    remote: Crew, server: Sqld, ends: str, begins: str
) -> None:
    first, second = remote.pair()
    before = (first.mine, second.mine)
    direct = [Store(LibsqlDatabase(server.url, timeout_s=1.2)) for _ in before]
    for share, store in zip((first, second), direct, strict=True):
        share._store = store
    getattr(server, ends)()
    remote.pass_s(300)
    for share in (first, second):
        assert share.claim(share.mine).granted == share.mine
        with pytest.raises(StoreError):
            share.renew(ALL, NOTHING)
    getattr(server, begins)()
    for store in direct:
        within_seconds(partial(answers, store.database))
    for share in (second, first):
        share.renew(ALL, NOTHING)
    remote.pass_s(60, first, second)
    assert (first.mine, second.mine) == before
    for store in direct:
        store.close()


def test_suspended_past_its_lease_it_hears_that_it_lost_its_systems(remote: Crew) -> None:
    first, second = remote.pair()
    lost = first.mine
    remote.pass_s(60, second)
    assert second.mine == ALL
    assert first.claim(lost).granted == NOTHING
    assert (first.mine, first.hurry) == (NOTHING, True)
    assert second.claim(ALL).granted < ALL, "the dead one may have polled a moment before it died"


def test_a_stop_gives_everything_back_at_once(remote: Crew) -> None:
    first, second = remote.pair()
    first.leave()
    remote.pass_s(10, second)
    assert second.mine == ALL


def test_what_an_error_says_of_others(server: Sqld, proxy: Proxy, crew: Crew) -> None:
    def error_of(database: LibsqlDatabase) -> StoreError:
        with pytest.raises(StoreError) as caught:
            database.write([Statement("CREATE TABLE t (a)")])
        return caught.value

    with (
        closing(LibsqlDatabase(f"http://127.0.0.1:{proxy.port}", timeout_s=1.0)) as through,
        closing(LibsqlDatabase(server.url, timeout_s=2.0)) as direct,
    ):
        proxy.cut(Fault.SILENCE, times=5)
        assert not nobody_writes(through, error_of(through))
        proxy.cut(Fault.NONE)
        within_seconds(lambda: answers(through))
        blocked = {"block_reads": False, "block_writes": True, "block_reason": "migration"}
        server.admin("POST", "namespaces/default/config", blocked)
        assert nobody_writes(through, error_of(through))
        server.kill()
        assert nobody_writes(direct, error_of(direct))
        assert nobody_writes(direct, Held("a migration"))
        assert nobody_writes(crew.store.database, StoreError("locked"))
        assert not nobody_writes(direct, StoreError("database http://blocked.example is locked"))


def test_a_claim_grows_old_and_elapsed_time_is_that_of_the_clock_that_says_more(crew: Crew) -> None:
    share = crew.join()
    share.renew(ALL, NOTHING)
    assert not share.is_fresh(1)
    share.claim(ALL)
    crew.clock.elapsed_s += TIMES.fresh_s
    assert share.is_fresh(1)
    crew.clock.elapsed_s += 0.1
    assert not share.is_fresh(1)
    share.claim(ALL)
    crew.clock.wall_at += 3600
    assert not share.is_fresh(1), "the machine was suspended: its monotonic clock stood still"

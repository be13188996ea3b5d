"""What a share may and may not, rule by rule, on a file."""

import time
from pathlib import Path

from tests.collect.crew import ALL, NOTHING, TIMES, Crew, back

from liveone.collect.leases.lease_times import times_for
from liveone.store import leases
from liveone.store.database import Statement
from liveone.store.exclusive_poller import ExclusiveLock, exclusive_lock, exclusive_poller
from liveone.store.files import create
from liveone.store.sqlite import SqliteDatabase

DAYS, DAYS_S = "closing days", 90.0


def test_it_is_shown_who_polls_alone_and_since_when(crew: Crew) -> None:
    share = crew.join()
    now_at = time.time()
    assert leases.holders(crew.store, ALL, now_at) == {}
    share.renew(ALL, NOTHING)
    found = leases.holders(crew.store, ALL, now_at + 60)
    assert set(found) == ALL
    assert {holder.name for holder in found.values()} == {(exclusive_poller(crew.store.database) or ("",))[0]}
    assert all(40 < holder.since_s <= 61 for holder in found.values())


def test_only_what_is_ours_is_granted_also_to_who_is_alone(crew: Crew) -> None:
    share = crew.join()
    assert share.claim(ALL).granted == NOTHING, "before it has asked which are its own"
    share.renew({1, 2}, NOTHING)
    assert share.claim(ALL).granted == {1, 2}


def test_polls_that_were_not_said_keep_the_next_one_away_until_one_is_said(crew: Crew) -> None:
    first, second = crew.pair()
    back(crew.store, 60)
    silent, said = sorted(first.mine)
    assert first.without_database({silent, said}).granted == {silent, said}
    assert first.claim({said}).granted == {said}
    back(crew.store, 60)
    crew.leave(first)
    crew.pass_s(10, second)
    assert second.mine == ALL
    claimed = second.claim({silent, said})
    assert (claimed.granted, set(claimed.refused)) == ({said}, {silent})


def test_an_answer_to_a_claim_counts_as_hearing_of_the_database(crew: Crew) -> None:
    first, _ = crew.pair()
    asked, others = {min(first.mine)}, {max(first.mine)}
    crew.pass_s(20)
    first.claim(asked)
    crew.pass_s(20)
    assert first.without_database(others).granted == others
    crew.pass_s(10)
    assert first.without_database(others).granted == NOTHING


def test_without_the_database_a_system_is_polled_when_whoever_takes_over_reckons_with_it(crew: Crew) -> None:
    first, second = crew.pair()
    one = {min(first.mine)}
    assert first.claim(one).granted == one
    assert first.claim(one).granted == one, "a poll that failed is tried again"
    crew.pass_s(20, first, second)
    claimed = first.without_database(one)
    assert (claimed.granted, claimed.refused[min(one)].wait_s) == (NOTHING, TIMES.pause_s - 20)
    crew.pass_s(40, first, second)
    assert first.without_database(one).granted == one
    crew.pass_s(60, second, first)
    crew.pass_s(10, second)
    assert first.without_database(one).granted == NOTHING, "later than it is reckoned with"


def test_what_is_being_polled_is_not_given_away(crew: Crew) -> None:
    first, second = crew.join(), crew.join()
    for share in (first, second):
        share.renew(ALL, NOTHING)
    for _ in range(6):
        crew.clock.elapsed_s += 10
        first.renew(ALL, {1, 2, 3})
        second.renew(ALL, NOTHING)
    assert (first.mine, second.mine) == ({1, 2, 3}, {4})


def test_a_system_that_is_gone_is_let_go(crew: Crew) -> None:
    first, second = crew.pair()
    gone = min(first.mine)
    for share in (first, second):
        share.renew(ALL - {gone}, NOTHING)
    assert gone not in first.mine
    assert gone not in first._beat().held[first._id]


def test_tables_that_vanish_are_made_again_and_nobody_polls_before(crew: Crew) -> None:
    first, second = crew.pair()
    vanish = [Statement(f"DROP TABLE _liveone_{name}") for name in ("pollers", "leases", "jobs")]
    crew.store.database.write(vanish)
    assert first.claim(ALL).granted == NOTHING
    assert first.hurry, "it is asked about at once"
    for share in (first, second):
        share.renew(ALL, NOTHING)
    crew.store.database.write(vanish)
    crew.pass_s(60, second, first)
    assert first.mine | second.mine == ALL
    assert not first.mine & second.mine


def test_two_of_one_name_are_two(crew: Crew) -> None:
    """Containers of one host name, each with process 1."""
    first, second = crew.pair()
    second.name = first.name
    lost = first.mine
    crew.pass_s(60, second)
    assert second.mine == ALL
    assert first.claim(lost).granted == NOTHING
    assert first.mine == NOTHING


def test_this_process_polled_within_the_pause_or_not(crew: Crew) -> None:
    share = crew.join()
    share.renew(ALL, NOTHING)
    assert share.has_rested(1)
    share.claim({1})
    assert (share.has_rested(1), share.has_rested(2)) == (False, True)
    crew.clock.elapsed_s += TIMES.pause_s
    assert share.has_rested(1)


def test_a_visitor_gives_way_to_who_is_alone_and_leaves_no_lock_behind(crew: Crew) -> None:
    visitor, share = crew.join(), crew.join()
    assert visitor.visit({1, 2}).granted == {1, 2}
    share.renew(ALL, NOTHING)
    assert share.is_alone
    claimed = visitor.visit(ALL)
    assert (claimed.granted, set(claimed.refused)) == (NOTHING, ALL)
    assert all(refusal.holder for refusal in claimed.refused.values()), "it says who is alone"
    assert share.claim(ALL).granted == {3, 4}, "the visitor was there a moment ago"


def test_while_nobody_can_write_a_visitor_keeps_its_own_distance(crew: Crew) -> None:
    visitor = crew.join()
    assert visitor.visit({1}).granted == {1}
    crew.store.database.close()
    assert visitor.visit({1, 2}).granted == {2}


def test_days_are_closed_by_who_is_alone_and_by_nobody_beside(crew: Crew) -> None:
    share, visitor = crew.join(), crew.join()
    assert visitor.begin_job(DAYS, DAYS_S), "nobody polls: a cron call closes"
    share.renew(ALL, NOTHING)
    assert share.begin_job(DAYS, DAYS_S)
    assert not visitor.begin_job(DAYS, DAYS_S)
    crew.leave(share)
    assert visitor.begin_job(DAYS, DAYS_S)
    assert not leases.are_kept(crew.store), "and nothing was written for it"


def test_who_has_left_takes_nothing_back(crew: Crew) -> None:
    first, second = crew.pair()
    assert first.begin_job(DAYS, DAYS_S)
    assert not second.begin_job(DAYS, DAYS_S)
    before = first.mine
    first.leave()
    assert not first.begin_job(DAYS, DAYS_S), "what is under way ends"
    assert second.begin_job(DAYS, DAYS_S)
    first.renew(ALL, NOTHING)
    assert first.claim(before).granted == first.mine == NOTHING
    assert list(second._beat().beats) == [second._id]
    first.leave()


def test_a_cadence_has_its_times() -> None:
    assert times_for(60) == TIMES
    assert (TIMES.lease_s, TIMES.renew_s, TIMES.safe_s, TIMES.pause_s, TIMES.fresh_s) == (30, 10, 25, 57, 2)
    assert TIMES.safe_s + TIMES.fresh_s < TIMES.lease_s, "who is cut off stops before others take over"
    assert TIMES.again_s == 65, "a minute, the patience for an answer, and what may lie before the poll"
    assert times_for(300).pause_s == 285
    assert times_for(3).lease_s == 3


def test_a_lock_is_one_for_all_names_of_a_file_and_says_whose_it_is(tmp_path: Path) -> None:
    create(tmp_path / "live.db")
    (tmp_path / "other.db").symlink_to(tmp_path / "live.db")
    database, other = SqliteDatabase(tmp_path / "live.db"), SqliteDatabase(tmp_path / "other.db")
    first, second = exclusive_lock(database, "a:1"), exclusive_lock(other, "b:2")
    assert first is not None
    assert second is not None
    assert first.alone()
    assert not second.alone()
    assert exclusive_poller(other) is not None
    assert (exclusive_poller(other) or ("", 0))[0] == "a:1"
    first.close()
    assert second.alone()
    assert (exclusive_poller(database) or ("", 0))[0] == "b:2"
    for lock in (second, second):
        lock.close()
    for each in (database, other):
        each.close()


def test_who_shares_a_lock_and_cannot_have_it_alone_keeps_its_part(tmp_path: Path) -> None:
    first, second = ExclusiveLock(tmp_path / "lock", "a"), ExclusiveLock(tmp_path / "lock", "b")
    third = ExclusiveLock(tmp_path / "lock", "c")
    assert first.together()
    assert second.together()
    assert not first.alone()
    second.release()
    assert not third.alone(), "the first has its part still"
    for lock in (first, second, third):
        lock.close()


def test_where_no_lock_can_be_had_leases_do(tmp_path: Path) -> None:
    create(tmp_path / "live.db")
    database = SqliteDatabase(tmp_path / "live.db")
    (tmp_path / "live.db-poller").mkdir()
    assert exclusive_lock(database, "a:1") is None
    database.close()

"""The minute grid and the schedule on it: pure, so most of it is stated as properties."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveone.collect.polling import grid
from liveone.collect.schedule import PATIENCE_S, SLOWEST_S, Moment, Schedule, ScheduledSystem
from liveone.domain.system import System
from liveone.errors import LiveOneError
from liveone.vendors.base import CredentialsRefused, RateLimited, TemporaryFailure

CADENCE_S = 60
times = st.floats(1.7e9, 1.9e9)


def system(number: int = 1, *, active: bool = True) -> System:
    return System(number, "anna", "select.live", str(1500 + number), "House", 600, is_active=active)


def schedule_of(count: int = 1) -> Schedule:
    schedule = Schedule(CADENCE_S)
    schedule.update([system(number) for number in range(1, count + 1)], Moment(1_755_600_000.0, 0.0))
    return schedule


def settled_into(schedule: Schedule, moment: Moment) -> ScheduledSystem:
    """Past the first poll, so that the turn is on the grid."""
    (entry,) = schedule.due(moment)
    schedule.reschedule(entry, moment)
    return entry


def test_a_site_keeps_its_second_of_the_minute_forever() -> None:
    assert grid.offset_s("select.live", "1586", 60) == 7
    assert grid.offset_s("select.live", "1587", 60) == 17


def test_a_thousand_sites_are_spread_over_forty_seconds() -> None:
    seconds = Counter(grid.offset_s("select.live", str(site), 60) for site in range(1000))
    assert set(seconds) == set(range(40))
    assert max(seconds.values()) < 50


@given(times, st.integers(0, 39), st.floats(0, 4000))
def test_the_next_moment_of_the_grid_is_on_it_and_the_first_that_is_far_enough(
    now_at: float, offset_s: int, least_s: float
) -> None:
    wait_s = grid.wait_s(now_at, offset_s, 60, at_least_s=least_s)
    assert least_s - 1e-5 <= wait_s < least_s + 60 + 1e-5
    assert abs((now_at + wait_s - offset_s + 30) % 60 - 30) < 1e-5


@given(times, st.floats(0, 1), st.floats(0.1, 60))
def test_a_retry_comes_20_to_40_seconds_later_and_before_the_next_poll(
    now_at: float, share: float, wait_s: float
) -> None:
    delay_s = grid.retry_wait_s(now_at, wait_s, 60, share=share)
    if delay_s is not None:
        assert 20 <= delay_s <= 40
    if now_at % 60 < 39:
        assert delay_s is not None
        assert now_at % 60 + delay_s < 60


def test_a_wall_clock_that_jumps_neither_stalls_nor_doubles_a_poll() -> None:
    for jump_s in (-7200, -90, -30, 30, 90, 7200, 86_400 * 365):
        schedule = schedule_of()
        settled_into(schedule, Moment(1_755_600_000, 0))
        polls, wall_s = [], 0.0
        for second in range(1, 601):
            wall_s += 1 if second != 150 else 1 + jump_s
            moment = Moment(1_755_600_000 + wall_s, second)
            polls += [second for entry in schedule.due(moment) if not schedule.reschedule(entry, moment)]
        waits = [later - earlier for earlier, later in pairwise([0, *polls])]
        assert min(waits) >= 30, jump_s
        assert max(waits) <= 90, jump_s


def test_after_a_long_sleep_systems_go_on_at_their_own_seconds_without_catching_up() -> None:
    schedule = schedule_of(200)
    for second in range(130):
        for entry in schedule.due(Moment(1_755_600_000 + second, second)):
            schedule.reschedule(entry, Moment(1_755_600_000 + second, second))
    polls: Counter[int] = Counter()
    for second in range(60):
        moment = Moment(1_755_607_200 + second, 7200 + second)
        polls.update(second for _ in schedule.due(moment))
    assert polls.total() == 200
    assert max(polls.values()) < 20


def test_systems_that_appear_together_start_within_forty_seconds_and_one_starts_at_once() -> None:
    assert len(schedule_of(1).due(Moment(1_755_600_000, 0.0))) == 1
    schedule = schedule_of(1000)
    begun = [schedule.due(Moment(1_755_600_000 + second, float(second))) for second in range(41)]
    assert len({entry.system.id for entries in begun for entry in entries}) == 1000
    assert max(len(entries) for entries in begun[:30]) <= 26


def test_a_failure_that_may_pass_is_tried_again_within_the_minute_and_then_the_grid_goes_on() -> None:
    schedule = schedule_of()
    entry = settled_into(schedule, Moment(1_755_600_000, 0))
    due_s = entry.due_s
    failed = Moment(1_755_600_000 + due_s, due_s)
    assert schedule.due(failed) == [entry]
    assert schedule.reschedule(entry, failed, error=TemporaryFailure("500"))
    assert entry.retry_s is not None
    assert 20 <= entry.retry_s - due_s <= 40
    again = Moment(1_755_600_000 + entry.retry_s, entry.retry_s)
    assert schedule.due(again) == [entry]
    assert not schedule.reschedule(entry, again)
    assert entry.due_s == pytest.approx(due_s + 60)


def test_the_same_sample_again_is_tried_again_once_but_not_all_night() -> None:
    schedule = schedule_of()
    moment = Moment(1_755_600_000, 0)
    (entry,) = schedule.due(moment)
    outcomes = [schedule.reschedule(entry, moment, sample_at=1_755_599_990) for _ in range(4)]
    assert outcomes == [False, True, False, False]


def test_refused_credentials_slow_down_to_an_hour_and_success_ends_it() -> None:
    schedule = schedule_of()
    entry, now_s, waits = settled_into(schedule, Moment(1_755_600_000, 0)), 0.0, []
    for _ in range(12):
        schedule.reschedule(entry, Moment(1_755_600_000 + now_s, now_s), error=CredentialsRefused("no"))
        waits.append(entry.due_s - now_s)
        now_s = entry.due_s
    assert waits[0] < 121
    assert all(later >= earlier - 60 for earlier, later in pairwise(waits))
    assert SLOWEST_S <= waits[-1] <= SLOWEST_S + 60
    schedule.reschedule(entry, Moment(1_755_600_000 + now_s, now_s))
    assert entry.refusals == 0
    assert entry.slowed_by is None


@pytest.mark.parametrize(("asked_s", "waits_s"), [(300.0, 300.0), (7200.0, 7200.0), (1e12, PATIENCE_S)])
def test_what_the_portal_asks_for_is_honoured_within_a_day(asked_s: float, waits_s: float) -> None:
    schedule = schedule_of()
    entry = settled_into(schedule, Moment(1_755_600_000, 0))
    error: LiveOneError = RateLimited("slow down", retry_after_s=asked_s)
    assert not schedule.reschedule(entry, Moment(1_755_600_000, 0), error=error)
    assert waits_s <= entry.due_s <= waits_s + 60


def test_systems_that_are_removed_or_switched_off_are_polled_no_more() -> None:
    schedule = schedule_of(3)
    schedule.update([system(1), system(2, active=False)], Moment(1_755_600_001, 1))
    assert [entry.system.id for entry in schedule.entries()] == [1]


def test_a_portal_that_stays_down_is_asked_once_a_minute_only() -> None:
    schedule, polls = schedule_of(), []
    for second in range(1200):
        moment = Moment(1_755_600_000.0 + second, float(second))
        for entry in schedule.due(moment):
            polls.append(second)
            schedule.reschedule(entry, moment, error=TemporaryFailure("503"))
    assert len([second for second in polls if second < 180]) > 5
    assert len([second for second in polls if second >= 600]) == 10


@pytest.mark.parametrize("number", [3, 1000, 10_000])
def test_first_polls_of_systems_that_appear_together_fit_into_a_cadence(number: int) -> None:
    first = [entry.due_s for entry in schedule_of(number).entries()]
    assert len(set(first)) == number, "they do not come all at once"
    assert max(first) <= min(40.0, (number - 1) * 0.04)


@given(st.floats(0, 20), st.floats(0.1, 57))
def test_a_postponed_poll_comes_when_it_may_and_the_one_after_keeps_its_distance(
    past_s: float, wait_s: float
) -> None:
    schedule, began_at = schedule_of(), 1_755_600_000.0
    entry = settled_into(schedule, Moment(began_at, 0.0))
    moment = Moment(began_at + past_s, past_s)
    schedule.reschedule(entry, moment, error=TemporaryFailure("The portal answered 503."))
    schedule.postpone(entry, moment, wait_s)
    assert schedule.next_s() == entry.due_s, "no retry of an earlier failure comes before it may be polled"
    assert wait_s - 1e-5 <= entry.due_s - past_s <= wait_s + CADENCE_S / 4 + 1e-5
    due_s, on_grid = entry.due_s, not entry.off_grid
    assert schedule.due(Moment(began_at + due_s, due_s)) == [entry]
    next_s = entry.due_s - due_s
    assert next_s == pytest.approx(60, abs=1e-5) if on_grid else next_s >= 57 - 1e-5

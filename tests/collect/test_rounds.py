"""Looking at days: everybody's while systems are few, in turn when they are a fleet."""

from liveone.collect.days.rounds import Rounds
from liveone.domain.system import System


def systems(*ids: int) -> list[System]:
    return [System(id, None, "select.live", str(id), "", 0) for id in ids]


def test_few_are_all_looked_at_each_time() -> None:
    rounds = Rounds(3)
    for _ in range(2):
        assert rounds.begins
        assert [one.id for one in rounds.next(systems(3, 1, 2))] == [1, 2, 3]


def test_a_fleet_is_gone_through_in_turn_and_nobody_twice_before_everybody() -> None:
    rounds = Rounds(3)
    every = systems(*range(1, 8))
    looked = [(rounds.begins, [one.id for one in rounds.next(every)]) for _ in range(5)]
    round_one = [(True, [1, 2, 3]), (False, [4, 5, 6]), (False, [7])]
    assert looked == [*round_one, *round_one[:2]]


def test_the_round_goes_on_when_systems_come_and_go() -> None:
    rounds = Rounds(2)
    assert [one.id for one in rounds.next(systems(1, 2, 3, 4))] == [1, 2]
    assert [one.id for one in rounds.next(systems(1, 4, 5, 9))] == [4, 5]

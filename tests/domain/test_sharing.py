"""Sharing systems out: even, stable, nobody polled by two, and no more moves than needed."""

import random
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from liveone.domain.sharing import LastHeartbeat, Member, turnover, watched


@dataclass
class World:
    """Pollers that decide one after the other, each on what the database shows then, as they do."""

    systems: frozenset[int]
    held: dict[str, set[int]] = field(default_factory=dict)
    moves: int = 0

    def owner_count(self, system: int) -> int:
        return sum(system in held for held in self.held.values())

    def round(self, order: list[str], unsettled: frozenset[str] = frozenset()) -> int:
        """Everybody renews once; returns how many systems changed hands."""
        before = self.moves
        for me in order:
            self.act(me, unsettled)
        return self.moves - before

    def act(self, me: str, unsettled: frozenset[str] = frozenset()) -> None:
        free = self.systems - frozenset().union(*self.held.values())
        members = [Member(one, one not in unsettled) for one in sorted(self.held)]
        done = turnover(me, members, self.held, free)
        assert set(done.take) <= free
        assert set(done.give) <= self.held[me]
        assert not (done.take and done.give)
        self.held[me] -= set(done.give)
        self.held[me] |= set(done.take)
        self.moves += len(done.take) + len(done.give)


def spread(world: World) -> int:
    sizes = [len(held) for held in world.held.values()]
    return max(sizes) - min(sizes)


names = st.lists(st.sampled_from([f"p{n}" for n in range(8)]), min_size=1, max_size=8, unique=True)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any number of systems in any hands, some in nobody's."""
    pollers = draw(names)
    systems = draw(st.sets(st.integers(1, 200), max_size=60))
    held: dict[str, set[int]] = {poller: set() for poller in pollers}
    for system in systems:
        if (poller := draw(st.sampled_from([*pollers, None]))) is not None:
            held[poller].add(system)
    return World(frozenset(systems), held)


@settings(max_examples=150, deadline=None)
@given(worlds(), st.integers(0, 10**6))
def test_whatever_the_start_shares_become_even_whole_and_stay_so(world: World, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(4):
        order = sorted(world.held)
        rng.shuffle(order)
        world.round(order)
        assert all(world.owner_count(system) <= 1 for system in world.systems)
    assert all(world.owner_count(system) == 1 for system in world.systems), "every system is polled"
    assert spread(world) <= 1
    assert world.round(sorted(world.held)) == 0, "and then nothing moves any more"


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_no_more_systems_move_than_must(world: World) -> None:
    count, pollers = len(world.systems), len(world.held)
    each, odd = divmod(count, pollers)
    sizes = sorted((len(held) for held in world.held.values()), reverse=True)
    quotas = [each + (place < odd) for place in range(pollers)]
    surplus = sum(max(0, size - quota) for size, quota in zip(sizes, quotas, strict=True))
    free = count - sum(sizes)
    for _ in range(4):
        world.round(sorted(world.held))
    assert world.moves == surplus + (surplus + free), "what is too much is given once, and taken once"


@settings(max_examples=100, deadline=None)
@given(worlds(), st.data())
def test_when_one_dies_only_its_systems_move(world: World, data: st.DataObject) -> None:
    for _ in range(4):
        world.round(sorted(world.held))
    if len(world.held) == 1:
        return
    dead = data.draw(st.sampled_from(sorted(world.held)))
    orphans = world.held.pop(dead)
    before, world.moves = {one: set(held) for one, held in world.held.items()}, 0
    for _ in range(2):
        world.round(sorted(world.held))
    assert world.moves == len(orphans)
    assert all(before[one] <= world.held[one] for one in before), "nobody gives away what it has"


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_a_process_that_keeps_crashing_as_it_starts_draws_nothing(world: World) -> None:
    for _ in range(4):
        world.round(sorted(world.held))
    world.moves = 0
    for _ in range(5):
        world.held["newcomer"] = set()
        world.round([*sorted(set(world.held) - {"newcomer"}), "newcomer"], frozenset({"newcomer"}))
        del world.held["newcomer"]
    assert world.moves == 0


@settings(max_examples=100, deadline=None)
@given(worlds(), st.sets(st.integers(1, 200)))
def test_a_system_whose_poll_is_under_way_is_not_given(world: World, busy: set[int]) -> None:
    for me in world.held:
        free = world.systems - frozenset().union(*world.held.values())
        members = [Member(one) for one in world.held]
        assert not set(turnover(me, members, world.held, free, busy=busy).give) & busy


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_those_who_decide_on_one_view_take_different_systems(world: World) -> None:
    free = world.systems - frozenset().union(*world.held.values())
    members = [Member(one) for one in sorted(world.held)]
    taken = [system for me in world.held for system in turnover(me, members, world.held, free).take]
    assert len(taken) == len(set(taken))
    assert set(taken) <= free


def test_life_is_judged_by_watching_and_everybody_gets_the_full_time_after_we_were_away() -> None:
    first = watched({}, {"a": 5, "b": 9}, 100.0, unbroken=False)
    assert first == {"a": LastHeartbeat(5, 100.0, 100.0), "b": LastHeartbeat(9, 100.0, 100.0)}
    second = watched(first, {"a": 6, "b": 9}, 120.0, unbroken=True)
    assert second == {
        "a": LastHeartbeat(6, 120.0, 100.0, was_heard=True),
        "b": LastHeartbeat(9, 100.0, 100.0),
    }
    third = watched(second, {"b": 9}, 4000.0, unbroken=False)
    assert third == {"b": LastHeartbeat(9, 4000.0, 100.0)}
    again = watched(third, {"b": 1}, 4001.0, unbroken=True)
    assert again["b"].since_s == 4001.0, "fewer beats are a sign of life too: a restored database"

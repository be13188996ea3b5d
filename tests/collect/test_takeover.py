"""How long a system is left alone when its poller dies, and how near two polls come when it only seems to."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from tests.collect.crew import ALL, NOTHING, TIMES, Crew

from liveone.collect.leases.polling_share import PollingShare
from liveone.store.database import Statement

CADENCE_S, RENEW_S = 60, 10
SECONDS = {1: 3, 2: 17, 3: 31, 4: 52}
"""On which second of the minute each system is polled."""


@dataclass
class Minutes:
    """Pollers that live through some minutes, second by second; ``polls`` are (when, by whom) by system."""

    crew: Crew
    at: int = 0
    polls: dict[int, list[tuple[int, str]]] = field(default_factory=lambda: {key: [] for key in ALL})
    due: dict[tuple[str, int], float] = field(default_factory=dict)

    def live(self, until: int, *awake: PollingShare, cut_off: PollingShare | None = None) -> None:
        """Whoever is awake polls and renews; who is cut off hears nothing of the database meanwhile."""
        while self.at < until:
            self._pass(1)
            for share in awake:
                is_cut_off = share is cut_off
                if self.at % RENEW_S == 3 * self.crew.shares.index(share) and not is_cut_off:
                    share.renew(ALL, NOTHING)
                self._poll(share, is_cut_off=is_cut_off)

    def _poll(self, share: PollingShare, *, is_cut_off: bool) -> None:
        due = {key for key in share.mine if self.due.get((share.name, key), 0.0) <= self.at}
        if not due:
            return
        claimed = share.without_database(due) if is_cut_off else share.claim(due)
        for key in due:
            if key in claimed.granted:
                self.polls[key].append((self.at, share.name))
                self.due[share.name, key] = self.at + 57 + (SECONDS[key] - self.at - 57) % CADENCE_S
            else:
                refusal = claimed.refused.get(key)
                self.due[share.name, key] = self.at + max(1.0, refusal.wait_s if refusal else 1.0)

    def _pass(self, seconds: int) -> None:
        self.at += seconds
        self.crew.clock.elapsed_s += seconds
        self.crew.clock.wall_at += seconds
        shift = ("_liveone_leases SET polled_at = polled_at -", "_liveone_pollers SET seen_at = seen_at -")
        self.crew.store.database.write([Statement(f"UPDATE {one} {seconds}") for one in shift])


def gaps(polls: list[tuple[int, str]]) -> list[int]:
    return [later - earlier for (earlier, _), (later, _) in pairwise(polls)]


@pytest.mark.parametrize("dies_s", range(0, CADENCE_S, 12))
def test_a_poller_that_dies_costs_one_poll_of_a_system_at_most(crew: Crew, dies_s: int) -> None:
    first, second = crew.pair()
    minutes = Minutes(crew)
    minutes.live(2 * CADENCE_S + dies_s, first, second)
    minutes.live(5 * CADENCE_S, second)
    for key, polls in minutes.polls.items():
        assert max(gaps(polls)) <= 2 * CADENCE_S + 5, (key, polls)
        assert polls[-1][0] > 4 * CADENCE_S - 5, (key, polls)


@pytest.mark.parametrize("cut_s", range(0, CADENCE_S, 12))
def test_who_is_cut_off_and_lives_is_not_met_by_who_takes_over(crew: Crew, cut_s: int) -> None:
    first, second = crew.pair()
    minutes = Minutes(crew)
    minutes.live(2 * CADENCE_S + cut_s, first, second)
    minutes.live(5 * CADENCE_S, first, second, cut_off=first)
    for key, polls in minutes.polls.items():
        assert min(gaps(polls)) >= TIMES.pause_s, (key, polls)
    assert {by for polls in minutes.polls.values() for _, by in polls} == {first.name, second.name}

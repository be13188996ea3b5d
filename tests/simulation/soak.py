"""A soak: two pollers and two web instances on a primary and its replica, each killed once in every window.

Rule: the seed decides who is killed when and for how long; a run that fails is repeated by its seed. What
must hold while it lasts and at its end is checked here, by the portal's own log; a broken promise raises.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import httpx2
from tests.simulation.cluster import Cluster, Node, cluster, longest_gap_s, shortest_gap_s
from tests.simulation.rebuilt import closed_days, days_equal_a_rebuild, five_minutes_equal_a_rebuild
from tests.store.sqld import Sqld
from tests.web.support import house

from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.store import aggregates, bulk, readings
from liveone.store.database import StoreError
from liveone.store.readings import row_of

KINDS = ("poller", "web", "primary", "replica")
PAST_S = 2 * 86_400
IN_FLIGHT_S = 4.0
"""How long an answer may be on its way into database or spool: not accepted yet, a kill may take it."""
UNANSWERED_S_MAX = 25.0
"""How long a web instance may answer with an error, while it runs and one of the two servers does."""
RESOLVE_S = 90.0
DAYS_S = 180.0
"""A day is closed within a minute, or two and a half after whoever closed days was killed."""


@dataclass(frozen=True)
class SoakPlan:
    """How long, and how hard."""

    seed: int
    seconds_s: float
    window_s: float = 30.0
    systems: int = 12
    cadence_s: int = 3


@dataclass
class Outcome:
    """What a soak gave. ``in_flight`` readings were not accepted yet when their poller was killed."""

    kills: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    polls: int = 0
    stored: int = 0
    in_flight: int = 0
    answers: int = 0
    refusals: int = 0
    replica_restarts: int = 0
    days_reopened: int = 0
    unanswered_s: float = 0.0
    nearest_s: float = 0.0
    longest_s: float = 0.0

    def __str__(self) -> str:
        killed = ", ".join(f"{kind} {count}" for kind, count in self.kills.items())
        lost = f"{self.in_flight} in flight at a kill, 0 lost, 0 twice"
        return (
            f"kills: {killed}; {self.polls} polls, {self.stored} readings stored, {lost}; "
            f"polls {self.nearest_s:.1f} to {self.longest_s:.1f} s apart; "
            f"web: {self.answers} answers, {self.refusals} times 503, {self.unanswered_s:.1f} s without one; "
            f"replica restarted {self.replica_restarts} times; {self.days_reopened} days re-opened"
        )


class Soak:
    """One soak on a cluster of its own."""

    def __init__(self, made: Cluster, plan: SoakPlan) -> None:
        self.made, self.plan, self.outcome = made, plan, Outcome()
        self._stopping, self._over = threading.Event(), threading.Event()
        self._errors: list[BaseException] = []
        self._up_since: dict[str, float] = {}
        self._answered_s: dict[str, float] = {}
        self._unwell_since: float | None = None
        self._replica_lock = threading.Lock()

    def run(self) -> Outcome:
        """All of it. Raises AssertionError, or what a thread raised."""
        self._prepare()
        threads = [threading.Thread(target=self._kept, args=(kind,)) for kind in KINDS]
        for thread in threads:
            thread.start()
        try:
            self._endure()
            self._settle()
            self._prove()
        finally:
            self._stopping.set()
            self._over.set()
            for thread in threads:
                thread.join()
        return self.outcome

    def _endure(self) -> None:
        end_s = time.monotonic() + self.plan.seconds_s
        for beat in itertools.count():
            if time.monotonic() > end_s or self._errors:
                break
            self._look(beat)
            time.sleep(0.5)
        self._stopping.set()
        if self._errors:
            raise self._errors[0]

    def _prepare(self) -> None:
        self.began_at = int(time.time())
        for system in self.made.systems:
            past = house(self.began_at - PAST_S, self.began_at - 600, every_s=300)
            bulk.import_readings(self.made.store, system.id, map(row_of, past))
        for number in (1, 2):
            self.made.add(f"poller{number}", "poller").start()
            self.made.add(f"web{number}", "web").start()
        now_s = time.monotonic()
        self._up_since = dict.fromkeys([*self.made.nodes, "primary", "replica"], now_s)

    def _kept(self, kind: str) -> None:
        """Kill and start those of one kind. The thread outlives what it started, which would end with it."""
        try:
            for at_s, down_s, number in self._kills(kind):
                if self._stopping.wait(max(0.0, at_s - time.monotonic())):
                    break
                self._kill_one(kind, down_s, number)
        except BaseException as error:
            self._errors.append(error)
        self._over.wait()

    def _kills(self, kind: str) -> Iterator[tuple[float, float, int]]:
        """When (monotonic), how long it stays down, and which one."""
        rng, window_s = random.Random(f"{self.plan.seed} {kind}"), self.plan.window_s
        began_s = time.monotonic()
        for window in range(int(self.plan.seconds_s / window_s)):
            at_s = began_s + window * window_s + rng.uniform(0, window_s * 0.7)
            yield at_s, rng.uniform(0.3, window_s * 0.2), rng.choice((1, 2))

    def _kill_one(self, kind: str, down_s: float, number: int) -> None:
        self.outcome.kills[kind] += 1
        if kind in ("poller", "web"):
            node = self.made.nodes[f"{kind}{number}"]
            self._bounce(node.name, node.kill, lambda: node.start(60), down_s)
        elif kind == "primary":
            self._bounce(kind, self.made.primary.kill, self.made.primary.start, down_s)
        else:
            with self._replica_lock:
                self._bounce(kind, self._replica.kill, self._replica.start, down_s)

    def _bounce(
        self, name: str, kill: Callable[[], object], start: Callable[[], object], down_s: float
    ) -> None:
        self._up_since.pop(name, None)
        kill()
        time.sleep(down_s)
        start()
        self._up_since[name] = time.monotonic()

    @property
    def _replica(self) -> Sqld:
        assert self.made.replica is not None
        return self.made.replica

    def _look(self, beat: int) -> None:
        """What is looked at twice a second while things die."""
        for node in self._webs():
            self._ask(node, self.made.systems[beat % len(self.made.systems)])
        self._supervise_replica()
        if beat % 20 == 10:
            self._reopen_a_day(self.made.systems[beat // 20 % len(self.made.systems)])
            self._nothing_invented()

    def _webs(self) -> list[Node]:
        return [node for name, node in self.made.nodes.items() if name.startswith("web")]

    def _ask(self, node: Node, system: System) -> None:
        asked_s, status = time.monotonic(), 0
        with suppress(httpx2.HTTPError):
            status = node.get(f"/api/data?systemId={system.id}").status_code
        now_s = time.monotonic()
        assert now_s - asked_s < UNANSWERED_S_MAX, f"{node.name} hung for {now_s - asked_s:.0f} s"
        if status == 200:
            self.outcome.answers += 1
            self._answered_s[node.name] = now_s
            return
        self.outcome.refusals += status == 503
        assert status in (0, 503), f"{node.name} answered {status}"
        servers = [self._up_since[name] for name in ("primary", "replica") if name in self._up_since]
        if node.name in self._up_since and servers:
            last_s = max(self._answered_s.get(node.name, 0.0), self._up_since[node.name], min(servers))
            self.outcome.unanswered_s = max(self.outcome.unanswered_s, now_s - last_s)
            assert now_s - last_s < UNANSWERED_S_MAX, f"{node.name} does not answer: {node.log()[-2000:]}"

    def _supervise_replica(self) -> None:
        """A replica that stays at 404 after its primary's crash is restarted, as a supervisor would."""
        if not self._replica_lock.acquire(blocking=False):
            return
        try:
            if self._is_well(self._replica) or "primary" not in self._up_since:
                self._unwell_since = None
            elif self._unwell_since is None:
                self._unwell_since = time.monotonic()
            elif time.monotonic() - self._unwell_since > 5:
                self.outcome.replica_restarts += 1
                self._bounce("replica", self._replica.kill, self._replica.start, 0.0)
                self._unwell_since = None
        finally:
            self._replica_lock.release()

    def _is_well(self, server: Sqld) -> bool:
        asked = {"requests": [{"type": "execute", "stmt": {"sql": "SELECT count(*) FROM systems"}}]}
        with suppress(httpx2.HTTPError):
            return httpx2.post(f"{server.url}/v3/pipeline", json=asked, timeout=3).status_code == 200
        return False

    def _reopen_a_day(self, system: System) -> None:
        """A late reading of yesterday: the day has to be closed anew, by whoever closes days now."""
        at = self.began_at - 86_400 + 7 + self.outcome.days_reopened
        late = [row_of(one) for one in house(at, at + 1)]
        with suppress(StoreError):
            bulk.import_readings(self.made.store, system.id, late)
            self.outcome.days_reopened += 1

    def _nothing_invented(self) -> None:
        """Whatever is stored was served, each once."""
        for system in self.made.systems:
            try:
                kept = self._kept_times(system)
            except StoreError:
                return
            assert len(kept) == len(set(kept)), f"{system}: readings are there twice"
            served = {entry.inverter_time for entry in self.made.portal.entries(system.vendor_site_id)}
            assert set(kept) <= served, f"{system}: {set(kept) - served} were never served"

    def _kept_times(self, system: System) -> list[int]:
        found = readings.between(self.made.store, system.id, self.began_at - 60, 2**40)
        return [reading.inverter_time for reading in found]

    def _settle(self) -> None:
        """Everything runs again: every web instance answers, every spool empties itself."""
        assert self._is_well(self.made.primary)
        end_s = time.monotonic() + RESOLVE_S
        for node in self.made.nodes.values():
            while not self._is_settled(node):
                assert time.monotonic() < end_s, f"{node.name} does not recover: {node.log()[-2000:]}"
                time.sleep(0.5)
        shares = sorted(self.made.shares().values(), key=len)
        assert sorted(itertools.chain(*shares)) == [system.id for system in self.made.systems], shares
        end_s = time.monotonic() + DAYS_S
        while not all(self._days_are_closed(system) for system in self.made.systems):
            assert time.monotonic() < end_s, "days that were re-opened are not closed"
            time.sleep(1)
        for name, node in self.made.nodes.items():
            if name.startswith("poller"):
                node.stop()

    def _is_settled(self, node: Node) -> bool:
        with suppress(httpx2.HTTPError):
            if node.name.startswith("web"):
                return node.get("/api/data").status_code == 200
            said = node.health()
            is_even = len(said["polls"]) == len(self.made.systems) // 2
            return is_even and said["status"] == "ok" and not said["collector"]["spool_waiting"]
        return False

    def _prove(self) -> None:
        self._nothing_invented()
        gaps = self.made.polled_at().values()
        self.outcome.polls = sum(len(times) for times in gaps)
        self.outcome.nearest_s = min(shortest_gap_s(times) for times in gaps)
        self.outcome.longest_s = max(longest_gap_s(times) for times in gaps)
        assert self.outcome.nearest_s > self.plan.cadence_s / 2, "a system was polled twice in a cadence"
        for system in self.made.systems:
            self._nothing_lost(system)
            five_minutes_equal_a_rebuild(self.made.store, system)
            self._days_are_there_once(system)

    def _nothing_lost(self, system: System) -> None:
        kept = set(self._kept_times(system))
        self.outcome.stored += len(kept)
        kills = [at for node in self.made.nodes.values() for at in node.killed_at]
        for entry in self.made.portal.entries(system.vendor_site_id):
            if not entry.clean or entry.inverter_time in kept:
                continue
            late = any(at - IN_FLIGHT_S <= entry.served_at <= at for at in kills)
            assert late, f"{system}: the reading of {entry.inverter_time} is lost"
            self.outcome.in_flight += 1

    def _days_are_there_once(self, system: System) -> None:
        store = self.made.store
        every = [day.day for day in aggregates.days(store, system.id, "1970-01-01", "2099-12-31")]
        assert len(every) == len(set(every)), f"{system}: a day is there twice"
        assert self._days_are_closed(system), f"{system}: {every}"
        days_equal_a_rebuild(store, system, time.time())

    def _days_are_closed(self, system: System) -> bool:
        """Whether every day that is over has its row, up to the latest of what was read late."""
        zone = zone_of(system)
        over = _days_between(zone.day_of(self.began_at - PAST_S), zone.day_of(time.time()))
        return [day.day for day in closed_days(self.made.store, system)][: len(over)] == over


def _days_between(first: str, today: str) -> list[str]:
    """The local days from ``first`` up to the one before ``today``."""
    start, count = date.fromisoformat(first), (date.fromisoformat(today) - date.fromisoformat(first)).days
    return [(start + timedelta(days=number)).isoformat() for number in range(count)]


@contextmanager
def soak(folder: Path, plan: SoakPlan) -> Iterator[Soak]:
    """A soak that is ready to run."""
    with cluster(folder, count=plan.systems, cadence_s=plan.cadence_s, with_replica=True) as made:
        yield Soak(made, plan)

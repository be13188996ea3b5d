"""A month of two houses with all that goes wrong, and after each event the proof that nothing was lost.

The portal runs here, the collector in a child process on a clock of its own, as fast as both can. What
happens when follows from the seed alone; only where a ``kill -9`` strikes is left to the machine.
"""

import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.programs import Program
from tests.simulation.account import Account
from tests.simulation.clockwork import Hands
from tests.simulation.rebuilt import five_minutes_equal_a_rebuild

from liveone.collect.queue import lines
from liveone.domain.reading import Reading
from liveone.domain.system import System
from liveone.simulate import presets
from liveone.simulate.hiccup import Hiccup
from liveone.simulate.house import House
from liveone.simulate.portal import Portal, PortalSite
from liveone.store import polling, readings, systems
from liveone.store.sql import schema_path
from liveone.store.store import Store, open_store

ROOT = Path(__file__).parents[2]
START_AT = 1_756_684_800
"""2025-09-01 in UTC."""

HOUR_S, DAY_S = 3600, 86_400
STUCK_S = 60.0
"""Real seconds without progress after which a simulation has failed."""


@dataclass(frozen=True)
class Plan:
    """How long, how closely watched, how rough; the rest follows from ``seed``.

    ``share`` is how much of the list of events happens; ``generation`` that of the database.
    """

    seed: int
    days: float = 30.0
    cadence_s: int = 300
    tick_s: float = 60.0
    kills: int = 16
    share: float = 1.0
    generation: int = 2


@dataclass
class Site:
    """A house behind the portal, the system it is, and the account of what it was asked."""

    number: str
    house: House
    offset_min: int
    account: Account = field(default_factory=Account)


class Month:
    """One simulation. ``run`` yields after each event, with the child at rest or gone."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.plan, self.folder = plan, folder
        self.random = random.Random(plan.seed)
        self.database, self.spool = folder / "liveone.db", folder / "spool"
        self.hands = Hands.in_file(folder / "hands")
        self.hands.true_at = START_AT
        self.hands.standing_s = -1.0
        self.sites = _sites(plan)
        self.events: Counter[str] = Counter()
        self.kills = 0
        self._create()
        self.store: Store = open_store(self.database, cadence_s=plan.cadence_s)
        self.systems = [self.add(self.sites[0])]
        self.portal = Portal(
            [PortalSite(site.number, site.house) for site in self.sites],
            now=lambda: self.hands.true_at,
            seed=plan.seed,
            hiccup=Hiccup(plan.seed),
        )
        self._child: Program | None = None
        self._checked_at = float(START_AT)

    def run(self, events: "Sequence[Callable[[Month], None]]") -> Iterator[str]:
        """Live through the month; yields the name of each event after it has happened."""
        gap_s = self.plan.days * DAY_S / len(events)
        with self.portal:
            try:
                self.start()
                for event in events:
                    self.advance(self.random.uniform(0.3, 1.2) * gap_s)
                    self._check_alive()
                    event(self)
                    name = event.__name__
                    self.events[name] += 1
                    yield name
                left_s = START_AT + self.plan.days * DAY_S - self.hands.true_at
                self.advance(max(left_s, 0) + 2 * HOUR_S)
                self.stop()
                yield "end"
            finally:
                self._end_child()

    def check(self) -> None:
        """The invariants that hold whenever the child is at rest or gone, and nobody holds a lock."""
        self.check_kept()
        for system in self.systems:
            five_minutes_equal_a_rebuild(self.store, system, int(self._checked_at) - DAY_S)
        self._checked_at = self.hands.true_at

    def check_kept(self) -> None:
        """Nothing is lost, doubled or invented, and the file is sound."""
        self.read_log()
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
            assert verdict == "ok", verdict
        waiting = self.waiting()
        for site, system in self.observed():
            self._check_readings(site, system, waiting)
            self._check_status(site, system)

    def read_log(self) -> None:
        """Take what was served into the accounts; needed before the collector's clock is set."""
        for site in self.sites:
            site.account.read(self.portal.log.entries(site.number), self.hands.error_s)

    def observed(self) -> list[tuple[Site, System]]:
        """The sites that are polled by now, with their systems."""
        return list(zip(self.sites, self.systems, strict=False))

    def waiting(self) -> dict[int, dict[int, Reading]]:
        """What is durable in the spool, waiting or held, by system and time."""
        found: dict[int, dict[int, Reading]] = {system.id: {} for system in self.systems}
        for path in self.spool.rglob("*.jsonl"):
            if path.parent.name != "damaged":
                for line in path.read_bytes().split(b"\n"):
                    if one := lines.decode(line):
                        found[one.system_id].setdefault(one.reading.inverter_time, one.reading)
        return found

    def close(self) -> None:
        """Release the database."""
        self.store.close()

    def stop(self) -> None:
        """End the child as an operator does; it has ten seconds."""
        assert self._child is not None
        self._child.send_signal(signal.SIGTERM)
        code = self._child.wait(10)
        assert code == 0, f"the collector ended with {code}: {self._said()}"
        self._child = None

    def _check_alive(self) -> None:
        """After hours without trouble every site is polled as often as it should be."""
        for site, _ in self.observed():
            asked_at = self.portal.log.entries(site.number)[-1].served_at
            late_s = self.hands.true_at - asked_at
            assert late_s <= 2 * self.plan.cadence_s, f"site {site.number}: no poll for {late_s:.0f} s"

    def _check_readings(self, site: Site, system: System, waiting: dict[int, dict[int, Reading]]) -> None:
        stored = readings.between(self.store, system.id, 0, 4_000_000_000)
        times = [reading.inverter_time for reading in stored]
        assert len(times) == len(set(times)), "a reading is there twice"
        kept = waiting[system.id] | {reading.inverter_time: reading for reading in stored}
        account, where = site.account, f"site {site.number} at {self.hands.true_at:.0f}"
        assert not account.missing(kept), f"{where}: lost {sorted(account.missing(kept))}; {self._said()}"
        assert not account.unheard_of(kept), f"{where}: never served {sorted(account.unheard_of(kept))}"
        assert not (wrong := account.wrong(kept)), f"{where}: not as served: {wrong[:3]}"

    def _check_status(self, site: Site, system: System) -> None:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            ids = [row[0] for row in connection.execute("SELECT system_id FROM polling_status")]
        status, count = polling.statuses(self.store).get(system.id), readings.count(self.store, system.id)
        if status is None:
            assert count == 0, f"system {system.id} has readings and was never polled"
            return
        assert Counter(ids)[system.id] == 1
        assert count <= status.successful_polls <= status.total_polls
        assert status.total_polls - status.successful_polls >= status.consecutive_errors
        replayed = 500 * self.events["killed_while_locked"]
        assert status.successful_polls <= site.account.accepted + replayed
        if status.consecutive_errors:
            assert status.last_error

    def any_site(self) -> str:
        return self.random.choice(self.observed())[0].number

    def lock(self) -> "closing[sqlite3.Connection]":
        """Hold the write lock, as a migration or a careless shell does, until the block ends."""
        connection = sqlite3.connect(self.database, isolation_level=None, timeout=10)
        connection.execute("BEGIN IMMEDIATE")
        return closing(connection)

    def start(self) -> None:
        job = {
            "database": str(self.database),
            "spool": str(self.spool),
            "hands": str(self.folder / "hands"),
            "url": self.portal.url,
            "cadence_s": self.plan.cadence_s,
            "tick_s": self.plan.tick_s,
        }
        command = ["tests.simulation.collecting_child", json.dumps(job)]
        with (self.folder / "stderr").open("ab") as errors:
            self._child = Program(command, env=os.environ, cwd=ROOT, stdout=errors, stderr=errors)

    def _end_child(self) -> None:
        if self._child is not None:
            with suppress(ProcessLookupError):
                self._child.kill()
            self._child.wait()
            self._child = None

    def kill(self) -> None:
        """Kill, let the portal finish what it was asked, and note whose polls were under way."""
        self._end_child()
        self.kills += 1
        self._let_portal_finish()
        self.read_log()
        for site in self.sites:
            site.account.killed()

    def _let_portal_finish(self) -> None:
        """Wait until no thread of the portal serves the child that is gone, and none is about to."""
        end_s, calm = time.monotonic() + STUCK_S, 0
        while calm < 3:
            assert time.monotonic() < end_s, "the portal does not finish"
            serving = any("process_request" in thread.name for thread in threading.enumerate())
            calm = 0 if serving else calm + 1
            time.sleep(0.02)

    def advance(self, seconds_s: float) -> None:
        """Let so much time pass; then the child has done all its work and stands still."""
        self.hands.limit_s = self.hands.elapsed_s + seconds_s
        give_up_s, seen_s = time.monotonic() + STUCK_S, self.hands.elapsed_s
        while self.hands.standing_s != self.hands.limit_s:
            assert self._child is not None
            assert self._child.poll() is None, f"it died: {self._said()}"
            if self.hands.elapsed_s != seen_s:
                give_up_s, seen_s = time.monotonic() + STUCK_S, self.hands.elapsed_s
            assert time.monotonic() < give_up_s, f"nothing happens any more: {self._said()}"
            time.sleep(0.002)

    def rest(self) -> None:
        self.advance(self.plan.cadence_s)

    def _said(self) -> str:
        path = self.folder / "stderr"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def _create(self) -> None:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(schema_path(self.plan.generation).read_text())

    def add(self, site: Site) -> System:
        return systems.add_system(
            self.store,
            owner="anna",
            vendor_type="select.live",
            vendor_site_id=site.number,
            display_name=f"House {site.number}",
            timezone_offset_min=site.offset_min,
            info=presets.system_info(site.house.equipment, serial=site.number),
        )


def _sites(plan: Plan) -> list[Site]:
    """An off-grid farm at +10:00, and a house on the grid in a zone of its own."""
    far_min = 60 if plan.generation == 1 else 345
    grid_kind = presets.named("grid")
    town = House(
        grid_kind.latitude,
        15 * far_min / 60,
        seed=plan.seed + 1,
        equipment=grid_kind.equipment,
        habits=grid_kind.habits,
        offset_min=far_min,
        since_day="2025-08-20",
    )
    farm = presets.house("off-grid", seed=plan.seed, since_day="2025-08-20")
    return [Site("1586", farm, 600), Site("648", town, far_min)]

"""A month of two houses with everything that goes wrong, and the proof after each event that nothing was lost.

The portal runs here, the collector in a child process on a clock of its own, as fast as both can. What happens
when follows from the seed alone; only where exactly a ``kill -9`` strikes is left to the machine.
"""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.account import Account
from tests.simulation.clockwork import Hands
from tests.simulation.rebuilt import five_minutes_equal_a_rebuild

from liveone.collect import lines
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

ANSWERS = (
    "unauthorized", "login", "html", "status500", "status503", "status404", "ratelimit:900", "empty", "half",
    "reset", "repeat", "slow:0.02", "missing:load_w", "missing:solarinverter_w", "missing:timestamp",
    "missing:solar_wh_total", "null:grid_w", "null:battery_wh_total", "null:shunt_w", "null:battery_w",
    "text:load_w", "text:battery_soc",
)  # fmt: skip
"""Misbehaviours that strike a share of the answers for an hour or three."""

DEVICE_CLOCKS = ("clock:7200", "clock:-5400", "clock:1800")


@dataclass(frozen=True)
class Plan:
    """How long, how closely watched, how rough. The rest follows from ``seed``."""

    seed: int
    days: float = 30.0
    cadence_s: int = 300
    tick_s: float = 20.0
    kills: int = 24
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
        self._create()
        self.store: Store = open_store(self.database, cadence_s=plan.cadence_s)
        self.systems: list[System] = systems.list_systems(self.store)
        self.portal = Portal(
            [PortalSite(site.number, site.house) for site in self.sites],
            now=lambda: self.hands.true_at,
            seed=plan.seed,
            hiccup=Hiccup(plan.seed),
        )
        self._child: subprocess.Popen[bytes] | None = None
        self._checked_at = START_AT

    def run(self) -> Iterator[str]:
        """Live through the month; yields the name of each event after it has happened."""
        bag = self._bag()
        gap_s = self.plan.days * DAY_S / len(bag)
        with self.portal:
            try:
                self._start()
                for event in bag:
                    self._advance(self.random.uniform(0.3, 1.2) * gap_s)
                    event()
                    name = event.__name__.strip("_")
                    self.events[name] += 1
                    yield name
                left_s = START_AT + self.plan.days * DAY_S - self.hands.true_at
                self._advance(max(left_s, 0) + 2 * HOUR_S)
                self.stop()
                yield "end"
            finally:
                self._kill()
                self.store.close()

    def check(self) -> None:
        """The invariants that hold whenever the child is at rest or gone, and nobody holds a lock."""
        self.check_kept()
        for system in self.systems:
            five_minutes_equal_a_rebuild(self.store, system, int(self._checked_at) - DAY_S)
        self._checked_at = self.hands.true_at

    def check_kept(self) -> None:
        """Nothing is lost, doubled or invented, and the file is sound."""
        for site in self.sites:
            site.account.read(self.portal.log.entries(site.number), self.hands.error_s)
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
            assert verdict == "ok", verdict
        waiting = self.waiting()
        for site, system in zip(self.sites, self.systems, strict=True):
            self._check_readings(site, system, waiting)
            self._check_status(site, system)
    def waiting(self) -> dict[int, dict[int, Reading]]:
        """What is durable in the spool, waiting or held, by system and time."""
        found: dict[int, dict[int, Reading]] = {system.id: {} for system in self.systems}
        for path in self.spool.rglob("*.jsonl"):
            if path.parent.name != "damaged":
                for line in path.read_bytes().split(b"\n"):
                    if one := lines.decode(line):
                        found[one.system_id].setdefault(one.reading.inverter_time, one.reading)
        return found

    def stop(self) -> None:
        """End the child as an operator does; it has ten seconds."""
        assert self._child is not None
        self._child.send_signal(signal.SIGTERM)
        code = self._child.wait(10)
        assert code == 0, f"the collector ended with {code}: {self._said()}"
        self._child = None

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
        status, count = polling.statuses(self.store)[system.id], readings.count(self.store, system.id)
        assert Counter(ids)[system.id] == 1
        assert count <= status.successful_polls <= status.total_polls
        assert status.total_polls - status.successful_polls >= status.consecutive_errors
        replayed = 500 * self.events["killed_while_locked"]
        assert status.successful_polls <= site.account.accepted + replayed
        if status.consecutive_errors:
            assert status.last_error

    def _bag(self) -> list[Callable[[], None]]:
        """Every event of the month in the order in which they come."""
        rare: list[Callable[[], None]] = [
            self._restarted, self._restarted, self._outage, self._outage, self._outage, self._locked,
            self._locked, self._locked, self._clock_stepped, self._clock_stepped, self._clock_stepped,
            self._clock_stepped, self._suspended, self._suspended, self._hung, self._log_in_failed,
            self._killed_while_locked, self._killed_while_locked, self._killed_while_locked,
            self._glitch, self._glitch, self._glitch, self._counter_reset, self._device_clock_wrong,
            self._device_clock_wrong, self._device_clock_wrong,
        ]  # fmt: skip
        kills: list[Callable[[], None]] = [self._killed] * self.plan.kills
        bag = [*rare, *kills, *[self._misanswered] * len(ANSWERS)]
        self.random.shuffle(bag)
        return bag

    def _killed(self) -> None:
        """kill -9 at any moment: while starting, polling, writing, closing days."""
        self.hands.limit_s = self.hands.elapsed_s + 2 * DAY_S
        time.sleep(self.random.choice((0.05, 0.3)) * self.random.random())
        self._kill_and_account()
        self.hands.true_at += self.random.choice((1, 40, 600, 2 * HOUR_S))
        self._start()
        if self.random.random() < 0.3:
            time.sleep(self.random.uniform(0.1, 0.8))
            self._kill_and_account()
            self._start()
        self._rest()

    def _killed_while_locked(self) -> None:
        with self._lock():
            self._advance(self.random.uniform(0.2, 1.5) * HOUR_S)
            self.hands.limit_s = self.hands.elapsed_s + HOUR_S
            time.sleep(0.1 * self.random.random())
            self._kill_and_account()
            self._start()
            self._advance(self.random.uniform(0.1, 1) * HOUR_S)
        self.hands.limit_s = self.hands.elapsed_s + HOUR_S
        time.sleep(0.05 * self.random.random())
        self._kill_and_account()
        self._start()
        self._rest()

    def _restarted(self) -> None:
        self.stop()
        self.hands.true_at += 30
        self._start()
        self._rest()

    def _outage(self) -> None:
        self.portal.stop()
        self._advance(self.random.uniform(0.2, 5) * HOUR_S)
        self.portal.start()

    def _locked(self) -> None:
        with self._lock():
            self._advance(self.random.uniform(0.3, 3) * HOUR_S)
            self.check_kept()
        self._advance(0.2 * HOUR_S)
        assert not any(self.waiting().values()) or self.plan.generation == 1, "the spool did not empty itself"

    def _clock_stepped(self) -> None:
        for site in self.sites:
            site.account.read(self.portal.log.entries(site.number), self.hands.error_s)
        self.hands.error_s = self.random.choice((-11, -3, 0, 2, 5.5)) * HOUR_S

    def _suspended(self) -> None:
        self.hands.true_at += self.random.uniform(0.1, 9) * HOUR_S

    def _hung(self) -> None:
        self.portal.faults.add("hang:0.1@times=2")
        self._advance(HOUR_S)

    def _log_in_failed(self) -> None:
        self.portal.faults.add("status500@on=login,times=3")
        self.portal.sessions.end_all()

    def _misanswered(self) -> None:
        kind = ANSWERS[self.events["misanswered"] % len(ANSWERS)]
        share, lasts_s = self.random.randint(20, 90), self.random.uniform(0.5, 3) * HOUR_S
        self.portal.faults.add(f"{kind}@{share}%,until=+{lasts_s:.0f}")
        self._advance(lasts_s)

    def _glitch(self) -> None:
        self.portal.faults.add(self.random.choice(("glitch", "glitch:solar", "glitch:load@times=1")))

    def _counter_reset(self) -> None:
        self.portal.faults.add(f"counterreset@site={self.random.choice(self.sites).number},once")

    def _device_clock_wrong(self) -> None:
        kind = DEVICE_CLOCKS[self.events["device_clock_wrong"] % len(DEVICE_CLOCKS)]
        self.portal.faults.add(f"{kind}@site={self.random.choice(self.sites).number},until=+{1.5 * HOUR_S}")
        self._advance(2 * HOUR_S)

    def _lock(self) -> "closing[sqlite3.Connection]":
        """Hold the write lock, as a migration or a careless shell does, until the block ends."""
        connection = sqlite3.connect(self.database, isolation_level=None, timeout=10)
        connection.execute("BEGIN IMMEDIATE")
        return closing(connection)

    def _start(self) -> None:
        job = {
            "database": str(self.database),
            "spool": str(self.spool),
            "hands": str(self.folder / "hands"),
            "url": self.portal.url,
            "cadence_s": self.plan.cadence_s,
            "tick_s": self.plan.tick_s,
        }
        command = [sys.executable, "-m", "tests.simulation.collecting_child", json.dumps(job)]
        with (self.folder / "stderr").open("ab") as errors:
            self._child = subprocess.Popen(command, cwd=ROOT, stderr=errors)

    def _kill(self) -> None:
        if self._child is not None:
            with suppress(ProcessLookupError):
                self._child.kill()
            self._child.wait()
            self._child = None

    def _kill_and_account(self) -> None:
        """Kill, let the portal finish what it was asked, and note whose polls were under way."""
        self._kill()
        time.sleep(0.03)
        for site in self.sites:
            site.account.read(self.portal.log.entries(site.number), self.hands.error_s)
            site.account.killed()

    def _advance(self, seconds_s: float) -> None:
        """Let so much time pass; then the child has done all its work and stands still."""
        self.hands.limit_s = self.hands.elapsed_s + seconds_s
        give_up_s, seen_s = time.monotonic() + STUCK_S, self.hands.elapsed_s
        while self.hands.standing_s != self.hands.limit_s:
            assert self._child is not None and self._child.poll() is None, f"it died: {self._said()}"
            if self.hands.elapsed_s != seen_s:
                give_up_s, seen_s = time.monotonic() + STUCK_S, self.hands.elapsed_s
            assert time.monotonic() < give_up_s, f"nothing happens any more: {self._said()}"
            time.sleep(0.002)

    def _rest(self) -> None:
        self._advance(self.plan.cadence_s)

    def _said(self) -> str:
        path = self.folder / "stderr"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def _create(self) -> None:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(schema_path(self.plan.generation).read_text())
        with closing(open_store(self.database)) as store:
            for number, site in enumerate(self.sites):
                systems.add_system(
                    store,
                    owner="anna",
                    vendor_type="select.live",
                    vendor_site_id=site.number,
                    display_name=f"House {site.number}",
                    timezone_offset_min=site.offset_min,
                    info=presets.system_info(site.house.equipment, serial=str(number)),
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

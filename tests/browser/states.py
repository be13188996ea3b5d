"""One database with a system in every state that a page can meet, and a real `liveone serve` over it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.web.support import add, fill, house, later

from liveone.accounts import users
from liveone.accounts.passwords import hash_password
from liveone.accounts.users import Account
from liveone.domain.reading import Reading
from liveone.domain.system import System
from liveone.domain.zones import zone_of
from liveone.store import aggregates, backup, bulk, polling, readings, systems
from liveone.store.files import create
from liveone.store.readings import Recorded, row_of
from liveone.store.store import Store, open_store

COMMAND = [sys.executable, "-c", "from liveone.cli.root import main; main()"]
PASSWORD = "battery staple"
ADMIN, GUEST = "ann@example.org", "guest@example.org"
STATES = ("live", "late", "silent", "frozen", "fault", "empty", "gaps", "partial", "paused", "decade")
SYSTEM = {state: number for number, state in enumerate(STATES, 1)}
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
READY_S = 60


@dataclass
class Site:
    """The running server; ``store`` is a second connection to its database."""

    folder: Path
    store: Store
    port: int
    process: "subprocess.Popen[str]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def beat(self) -> None:
        """A new reading of every system that still speaks; values move but for those that stand still."""
        now_at = int(time.time())
        for state in ("live", "frozen", "fault", "partial"):
            newest = readings.latest(self.store, SYSTEM[state], 4e9)
            if newest is not None and now_at > newest.inverter_time:
                moved = {} if state == "frozen" else {"load_w": 500 + now_at % 97}
                step_s = now_at - newest.inverter_time
                _record(self.store, SYSTEM[state], later(newest, step_s, **moved))

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=60)

    def start(self) -> None:
        self.process = _serve(self.folder, self.port)


@contextmanager
def site(folder: Path, port: int) -> Iterator[Site]:
    """Everything below ``folder``; nothing of it runs afterwards."""
    create(folder / "live.db")
    (folder / "liveone.toml").write_text(
        f'[database]\nurl = "live.db"\n[server]\nport = {port}\n[collect]\nscheduler = false\n'
    )
    people = [
        Account("ann", ADMIN, hash_password(PASSWORD), True),
        Account("g", GUEST, hash_password(PASSWORD)),
    ]
    users.save(folder / "users.toml", people)
    with closing(open_store(folder / "live.db")) as store:
        now_at = int(time.time())
        for state in STATES:
            MAKE.get(state, usual)(store, add(store, "ann", site=str(1585 + SYSTEM[state])), now_at)
        backup.backup(folder / "live.db", folder / "backups", now_at)
        running = Site(folder, store, port, _serve(folder, port))
        try:
            yield running
        finally:
            running.stop()


def usual(store: Store, system: System, now_at: int) -> None:
    """Two days of minutes up to now."""
    fill(store, system, house(now_at - 2 * DAY_S, now_at + 1), now_at)


def _ended(age_s: int) -> Callable[[Store, System, int], None]:
    def make(store: Store, system: System, now_at: int) -> None:
        fill(store, system, house(now_at - 2 * DAY_S, now_at - age_s), now_at)
        polling.failed_together(store, [polling.FailedPoll(system.id, now_at, "the portal answered 500")])

    return make


def _frozen(store: Store, system: System, now_at: int) -> None:
    usual(store, system, now_at - 15 * MINUTE_S)
    newest = _newest(store, system)
    for step in range(1, 15):
        _record(store, system.id, later(newest, step * MINUTE_S, load_w=1234))


def _fault(store: Store, system: System, now_at: int) -> None:
    usual(store, system, now_at - MINUTE_S)
    _record(store, system.id, later(_newest(store, system), 30, fault_code=17))


def _gaps(store: Store, system: System, now_at: int) -> None:
    """Every other hour of five days, and nothing of the day before yesterday."""
    usual_ones = house(now_at - 5 * DAY_S, now_at + 1)
    kept = (one for one in usual_ones if (now_at - one.inverter_time) // HOUR_S % 2 == 0)
    fill(store, system, (one for one in kept if (now_at - one.inverter_time) // DAY_S != 2), now_at)


def _partial(store: Store, system: System, now_at: int) -> None:
    usual(store, system, now_at - MINUTE_S)
    without = later(_newest(store, system), 30)
    _record(store, system.id, replace(without, solar_w=None, battery_soc_pct=None))


def _paused(store: Store, system: System, now_at: int) -> None:
    usual(store, system, now_at - DAY_S)
    systems.set_active(store, system.id, False)


def decade(store: Store, system: System, now_at: int) -> None:
    """Ten years of days like yesterday. At either end lie two days of minutes and eight of five minutes, and
    what is between has days alone."""
    zone, oldest_at = (
        zone_of(system),
        zone_of(system).bounds(zone_of(system).day_of(now_at - 3650 * DAY_S))[0],
    )
    for since_at, until_at, every_s in (
        (oldest_at, oldest_at + 2 * DAY_S, MINUTE_S),
        (oldest_at + 2 * DAY_S, oldest_at + 10 * DAY_S, 5 * MINUTE_S),
        (now_at - 10 * DAY_S, now_at - 2 * DAY_S, 5 * MINUTE_S),
    ):
        bulk.import_readings(
            store, system.id, map(row_of, house(since_at + every_s, until_at + 1, every_s=every_s))
        )
    usual(store, system, now_at)
    (like,) = aggregates.days(store, system.id, zone.day_of(now_at - DAY_S), zone.day_of(now_at - DAY_S))
    old = [replace(like, day=zone.day_of(now_at - age * DAY_S)) for age in range(2, 3651)]
    aggregates.save_days(store, system.id, old)


def _nothing(store: Store, system: System, now_at: int) -> None:
    """It was added and has not answered yet."""


MAKE: dict[str, Callable[[Store, System, int], None]] = {
    "late": _ended(400),
    "silent": _ended(2 * HOUR_S),
    "frozen": _frozen,
    "fault": _fault,
    "empty": _nothing,
    "gaps": _gaps,
    "partial": _partial,
    "paused": _paused,
    "decade": decade,
}


def _newest(store: Store, system: System) -> Reading:
    found = readings.latest(store, system.id, 4e9)
    assert found is not None
    return found


def _record(store: Store, system_id: int, *taken: Reading) -> None:
    readings.record(store, [Recorded(system_id, one, polled_at=one.received_time) for one in taken])


def _serve(folder: Path, port: int) -> "subprocess.Popen[str]":
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AUTH_")}
    process = subprocess.Popen(
        [*COMMAND, "--config", str(folder / "liveone.toml"), "serve"],
        cwd=folder,
        env={**environment, "LIVEONE_SESSION_KEY": "k" * 32},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until_s = time.monotonic() + READY_S
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > until_s:
            process.kill()
            raise RuntimeError(f"liveone serve did not start: {process.stdout and process.stdout.read()}")
        time.sleep(0.05)
    return process


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0

"""Several LiveOnes on one database: a real primary and its replica, pollers, web instances, a portal.

Each process has a folder of its own for its spool. Everything may be killed and started again, in any order.
"""

import itertools
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from tests.programs import Program
from tests.simulation.installation import AUTH_PASSWORD, CRON_SECRET, LIVEONE, PortalProcess, portal_process
from tests.store.sqld import Sqld, scratch

from liveone.domain.system import System
from liveone.simulate.portal import EMAIL, PASSWORD
from liveone.store import systems
from liveone.store.libsql.create import create_tables
from liveone.store.libsql.driver import LibsqlDatabase
from liveone.store.store import Store, open_store

FIRST_SITE = 1586
SETTINGS = """
[server]
port = 0
[collect]
cadence_s = {cadence_s}
[[vendor]]
name = "home"
type = "select.live"
url = "{url}"
email = "{email}"
timeout_s = 5.0
"""


@dataclass
class Node:
    """One `liveone serve`, which may be killed and started again."""

    name: str
    folder: Path
    environment: dict[str, str]
    process: Program | None = None
    url: str = ""
    killed_at: list[float] = field(default_factory=list)

    def start(self, within_s: float = 30.0) -> None:
        """Start it, and again while it ends because the database is not there yet."""
        end_s = time.monotonic() + within_s
        while not self._started():
            assert time.monotonic() < end_s, f"{self.name} did not start: {self.log()[-2000:]}"
            time.sleep(0.3)

    def _started(self) -> bool:
        command = [LIVEONE, "--config", self.folder / "liveone.toml", "serve"]
        with (self.folder / "log").open("a") as log:
            self.process = Program(command, env=self.environment, stderr=log)
        said = self.process.stdout.readline()
        self.url = said.rpartition(" at ")[2].strip().rstrip("/")
        if not self.url:
            self._ended()
        return bool(self.url)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self._ended()
            self.killed_at.append(time.time())

    def stop(self) -> None:
        """SIGTERM, as an operator stops it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(40) == 0, self.log()[-2000:]
            self._ended()

    def _ended(self) -> None:
        assert self.process is not None
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def get(self, path: str, timeout_s: float = 30.0) -> httpx2.Response:
        cookie = {"cookie": f"auth-token={AUTH_PASSWORD}"}
        return httpx2.get(self.url + path, headers=cookie, timeout=timeout_s, trust_env=False)

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("/api/health").json()
        return found

    def polls(self) -> list[int]:
        """The systems it polls; none while it does not answer."""
        with suppress(httpx2.HTTPError):
            return list(self.health()["polls"])
        return []


@dataclass
class Cluster:
    """What runs; ``systems`` are sites ``FIRST_SITE`` and on."""

    folder: Path
    portal: PortalProcess
    primary: Sqld
    replica: Sqld | None
    store: Store
    cadence_s: int
    systems: list[System]
    nodes: dict[str, Node] = field(default_factory=dict)

    def add(self, name: str, role: str, **more: str) -> Node:
        folder = self.folder / name
        folder.mkdir()
        text = SETTINGS.format(cadence_s=self.cadence_s, url=self.portal.url, email=EMAIL)
        (folder / "liveone.toml").write_text(text)
        environment = {
            **os.environ,
            "AUTH_PASSWORD": AUTH_PASSWORD,
            "CRON_SECRET": CRON_SECRET,
            "LIVEONE_VENDOR_HOME_PASSWORD": PASSWORD,
            "LIVEONE_DATABASE_URL": self.primary.url,
            "LIVEONE_ROLE": role,
            **more,
        }
        if self.replica is not None and role == "web":
            environment["LIVEONE_REPLICA_URL"] = self.replica.url
        self.nodes[name] = Node(name, folder, environment)
        return self.nodes[name]

    def shares(self) -> dict[str, list[int]]:
        """What each running poller says that it polls."""
        running = [node for node in self.nodes.values() if node.process is not None]
        return {node.name: node.polls() for node in running if node.environment["LIVEONE_ROLE"] != "web"}

    def polled_at(self, since_n: int = 0) -> dict[str, list[float]]:
        """When each site was asked, by the portal's own log."""
        found: dict[str, list[float]] = {system.vendor_site_id: [] for system in self.systems}
        for site, times in found.items():
            times += [entry.served_at for entry in self.portal.entries(site) if entry.n > since_n]
        return found

    def end(self) -> None:
        for node in self.nodes.values():
            if node.process is not None:
                with suppress(ProcessLookupError):
                    node.signal(signal.SIGCONT)
                node.kill()


@contextmanager
def cluster(folder: Path, *, count: int, cadence_s: int, with_replica: bool = False) -> Iterator[Cluster]:
    """A database with ``count`` systems on a primary of its own, nobody polling yet."""
    primary = Sqld(scratch("cluster"), namespaces=False)
    grpc = f"http://127.0.0.1:{primary.grpc_port}"
    replica = Sqld(scratch("mirror"), "--primary-grpc-url", grpc, namespaces=False) if with_replica else None
    with portal_process(folder) as portal:
        try:
            with closing(LibsqlDatabase(primary.start().url)) as database:
                create_tables(database)
            if replica is not None:
                replica.start()
            with closing(open_store(primary.url, cadence_s=cadence_s)) as store:
                added = [_add_system(store, str(FIRST_SITE + number)) for number in range(count)]
                made = Cluster(folder, portal, primary, replica, store, cadence_s, added)
                try:
                    yield made
                finally:
                    made.end()
        finally:
            if replica is not None:
                replica.close()
            primary.close()


def _add_system(store: Store, site: str) -> System:
    return systems.add_system(
        store,
        owner=None,
        vendor_type="select.live",
        vendor_site_id=site,
        display_name=f"House {site}",
        timezone_offset_min=600,
    )


def shortest_gap_s(times: Sequence[float]) -> float:
    """The shortest time between two polls of one site."""
    ordered = sorted(times)
    return min((b - a for a, b in itertools.pairwise(ordered)), default=float("inf"))


def longest_gap_s(times: Sequence[float]) -> float:
    """The longest time between two polls of one site."""
    ordered = sorted(times)
    return max((b - a for a, b in itertools.pairwise(ordered)), default=0.0)

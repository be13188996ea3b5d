"""A LiveOne that lives: portal, `liveone serve` as its own process, a client that asks 20 times a second."""

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
from tests import programs
from tests.migration import generation1
from tests.programs import Done, Program

from liveone.accounts import users
from liveone.accounts.users import Account
from liveone.collect.queue.lines import decode
from liveone.simulate.portal import Portal
from liveone.simulate.run import PortalOptions, make_portal

AUTH, CRON = "correct-horse-battery", "cron-secret-of-the-stage"
ACCOUNTS = {"simon": "user_2simonSimon", "ada": "user_2adaAda"}
SETS = [word for name, account in ACCOUNTS.items() for word in ("--set", f"owner.{name}={account}")]
LIVEONE = Path(sys.executable).with_name("liveone")
SETTINGS = """
[database]
url = "{database}"
[server]
port = {port}
[collect]
cadence_s = 1
[[vendor]]
name = "home"
url = "{url}"
email = "{email}"
timeout_s = 5.0
"""


def options(*, days: int, speed: float = 6.0) -> PortalOptions:
    """Three houses whose counters began before the history does; a new sample every second."""
    since = datetime.now(UTC) - timedelta(days=days + 3)
    return PortalOptions(
        sites=3,
        presets=generation1.PRESETS,
        since_day=since.date().isoformat(),
        hiccup=False,
        speed=speed,
        start_at=int(time.time()),
    )


@dataclass
class Client:
    """What a client felt: statuses of all requests, those that failed, and the slowest in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    @property
    def requests(self) -> int:
        return sum(self.statuses.values()) + len(self.failures)


@dataclass
class Stage:
    """A folder with settings and a database, a portal behind it, and a server that may be running."""

    folder: Path
    portal: Portal
    url: str = ""
    process: Program | None = None

    @property
    def database(self) -> Path:
        return self.folder / "liveone.db"

    @property
    def settings(self) -> Path:
        return self.folder / "liveone.toml"

    @property
    def environment(self) -> dict[str, str]:
        """What the server and a migration are told: secrets, and where `liveone` is."""
        path = f"{LIVEONE.parent}:{os.environ.get('PATH', '')}"
        return {
            **os.environ,
            "PATH": path,
            "AUTH_PASSWORD": AUTH,
            "CRON_SECRET": CRON,
            "LIVEONE_CONFIG": str(self.settings),
            "LIVEONE_DATABASE_URL": str(self.database),
            "LIVEONE_URL": self.url,
        }

    def start(self) -> None:
        """Start `liveone serve`; returns when it answers."""
        with (self.folder / "serve.log").open("a") as log:
            self.process = Program([LIVEONE, "serve"], env=self.environment, cwd=self.folder, stderr=log)
        first = self.process.stdout.readline()
        assert " at http" in first, self.log()
        self.url = first.split(" at ")[1].strip().rstrip("/")

    def stop(self) -> None:
        """Stop it as an operator does; everything accepted is then in the database or the spool."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(20) in (0, -signal.SIGTERM), self.log()
            self.process.stdout.close()
            self.process = None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def log(self) -> str:
        return (self.folder / "serve.log").read_text()

    def get(self, path: str, *, cron: bool = False) -> tuple[int, dict[str, object]]:
        """Status and JSON of one request with the owner's credential, or the one for cron."""
        return self._ask("GET", path, cron=cron)

    def post(self, path: str, body: object) -> tuple[int, dict[str, object]]:
        return self._ask("POST", path, cron=True, content=json.dumps(body).encode())

    def patch(self, path: str, body: object) -> tuple[int, dict[str, object]]:
        return self._ask("PATCH", path, cron=False, content=json.dumps(body).encode())

    def _ask(
        self, method: str, path: str, *, cron: bool, content: bytes | None = None
    ) -> tuple[int, dict[str, object]]:
        headers = {"authorization": f"Bearer {CRON}"} if cron else {"cookie": f"auth-token={AUTH}"}
        if content is not None:
            headers["content-type"] = "application/json"
        answer = httpx2.request(
            method, self.url + path, headers=headers, content=content, timeout=30, trust_env=False
        )
        return answer.status_code, answer.json()

    def ask(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """The rows of one query on the database, past LiveOne."""
        return generation1.ask(self.database, sql, *values)

    def missing(self) -> dict[str, list[int]]:
        """For each site the samples that the portal served whole and neither database nor queue holds.

        A LiveOne that is stopped while the database is held leaves its newest readings in the queue on disk.
        """
        recent = "SELECT system_id, inverter_time FROM readings WHERE inverter_time > ?"
        times: dict[int, set[object]] = {}
        for system_id, at in [*self.ask(recent, int(time.time()) - 7200), *self.queued()]:
            assert isinstance(system_id, int)
            times.setdefault(system_id, set()).add(at)
        return {
            site: sorted(self.portal.log.clean_times(site) - times.get(index, set()))  # type: ignore[arg-type]
            for index, site in enumerate(generation1.SITES, 1)
        }

    def queued(self) -> list[tuple[object, ...]]:
        """System and time of every reading that waits on disk for the database."""
        waiting = [
            decode(line)
            for path in sorted((self.folder / "spool").rglob("*.jsonl"))
            for line in path.read_bytes().splitlines()
        ]
        return [(one.system_id, one.reading.inverter_time) for one in waiting if one is not None]

    def command(self, *words: str) -> Done:
        """A command of this project, run to its end as an operator would."""
        command = [LIVEONE.with_name(words[0]), *words[1:]]
        return programs.ended(command, env=self.environment, cwd=self.folder, timeout=900)

    def begun(self, *words: str) -> Program:
        """A command that goes on by itself; nobody reads what it says."""
        with Path(os.devnull).open("w") as nowhere:
            command = [LIVEONE.with_name(words[0]), *words[1:]]
            return Program(command, env=self.environment, cwd=self.folder, stdout=nowhere, stderr=nowhere)

    @contextmanager
    def client(self, *, every_s: float = 0.05) -> Iterator[Client]:
        """Ask for data, history, systems and health in turn, on a fixed beat, until the block ends."""
        seen, done = Client(), threading.Event()
        thread = threading.Thread(target=_ask_on, args=(self.url, seen, done, every_s), daemon=True)
        thread.start()
        try:
            yield seen
        finally:
            done.set()
            thread.join(30)


PATHS = (
    *(f"/api/data?systemId={n}" for n in (1, 2, 3)),
    "/api/history?systemId=1&interval=5m&fields=solar,load,battery,grid&last=24h",
    "/api/health",
    "/api/history?systemId=2&interval=1d&fields=solar,load&last=7d",
    "/api/systems",
)


def _ask_on(url: str, seen: Client, done: threading.Event, every_s: float) -> None:
    number = 0
    with httpx2.Client(
        base_url=url, headers={"cookie": f"auth-token={AUTH}"}, timeout=10, trust_env=False
    ) as client:
        next_s = time.monotonic()
        while not done.is_set():
            path = PATHS[number % len(PATHS)]
            number += 1
            started_s = time.monotonic()
            try:
                status = client.get(path).status_code
            except httpx2.HTTPError as error:
                seen.failures.append(f"{path}: {error!r}")
            else:
                seen.statuses[status] += 1
                if status != 200:
                    seen.failures.append(f"{path}: {status}")
            seen.slowest_s = max(seen.slowest_s, time.monotonic() - started_s)
            next_s = max(next_s + every_s, time.monotonic())
            done.wait(next_s - time.monotonic())


@dataclass(frozen=True)
class History:
    """A database of generation 1 that was made once, and the houses whose history it is."""

    database: Path
    options: PortalOptions


def history(folder: Path, *, days: int) -> History:
    """Make it; a hundred days take about twenty seconds.

    It ends with five minutes that are over: what is polled from now on changes none of its rows.
    """
    wanted = options(days=days)
    until_at = (int(wanted.start_at or 0) - 60) // 300 * 300
    return History(generation1.make(folder / "history.db", wanted, days=days, until_at=until_at), wanted)


@contextmanager
def set_up(folder: Path, past: History, *, port: int = 0) -> Iterator[Stage]:
    """A copy of that history, its portal, and settings; the server is not started yet."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(past.database, folder / "liveone.db")
    with make_portal(past.options) as portal:
        stage = Stage(folder, portal)
        furnish(stage, past.options, database="liveone.db", port=port)
        try:
            yield stage
        finally:
            stage.kill()


def furnish(stage: Stage, wanted: PortalOptions, *, database: str, port: int) -> None:
    """Write settings, secrets and accounts."""
    text = SETTINGS.format(database=database, port=port, url=stage.portal.url, email=wanted.email)
    stage.settings.write_text(text)
    secrets = stage.folder / "secrets.toml"
    secrets.touch(mode=0o600)
    secrets.write_text(f'[vendor.home]\npassword = "{wanted.password}"\n')
    people = [Account(account_id, f"{name}@example.org") for name, account_id in ACCOUNTS.items()]
    users.save(stage.folder / "users.toml", people)

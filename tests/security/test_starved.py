"""`liveone serve` with few descriptors and more half-open connections: it answers, polls, and is quiet."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from tests.cli.house import House, built
from tests.sample import drawn
from tests.security.door import PACE_S

LIVEONE = Path(sys.executable).with_name("liveone")
HALF = b"GET /api/health HTTP/1.1\r\nhost: loc"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with built(tmp_path / "home") as found:
        settings = found.folder / "liveone.toml"
        settings.write_text(settings.read_text().replace("cadence_s = 60 ", "cadence_s = 1 "))
        found.ok("systems", "add", "select.live", "1586", "--timezone", "+10:00")
        yield found


@contextlib.contextmanager
def serving(house: House, descriptors: int) -> Iterator[str]:
    """The address of a server that may open so many files."""
    command = f'ulimit -n {descriptors}; exec "{LIVEONE}" --config "{house.folder}/liveone.toml" serve'
    environment = {**os.environ, "AUTH_PASSWORD": "open", "LIVEONE_PORT": "0"}
    with (house.folder / "serve.log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "-c", command], env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "http://" in line)
        yield line[line.index("http://") :].split()[0].rstrip("/.")
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close() if process.stdout else None


def wait_until(holds: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < give_up_s, "this did not happen in time"
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize(("descriptors", "half_open"), drawn([(64, 200), (1024, 1100)], 1))
def test_polls_and_health_go_on_beside_more_half_open_connections_than_descriptors(
    house: House, descriptors: int, half_open: int
) -> None:
    def new() -> int:
        return int(httpx2.get(f"{address}/api/health", timeout=30).json()["collector"]["readings_new"])

    with serving(house, descriptors) as address, contextlib.ExitStack() as stack:
        wait_until(lambda: new() >= 2)
        host, port = address.removeprefix("http://").rsplit(":", 1)
        for _ in range(half_open):
            raw = stack.enter_context(socket.create_connection((host, int(port)), timeout=30))
            with contextlib.suppress(ConnectionError):
                raw.sendall(HALF)
            time.sleep(PACE_S)
        before = new()
        wait_until(lambda: new() >= before + 3)
    log = (house.folder / "serve.log").read_text()
    assert len(log) < 50_000
    assert "Too many open files" not in log

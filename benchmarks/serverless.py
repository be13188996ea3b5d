"""Cold start of a serverless instance: from the program's start to its first answer, the files in memory."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2

from benchmarks import processes
from benchmarks.house import new_store_on_server
from benchmarks.measure import Measure

ROUNDS = 7
GIVE_UP_S = 30.0
EMPTY = """
from fastapi import FastAPI
app = FastAPI()
@app.get("/api/health")
def health() -> dict[str, str]: return {}
"""


def run(folder: Path) -> Iterator[Measure]:
    if processes.sqld_binary() is None:
        yield Measure("serverless: cold start", None, "ms", note="sqld is not here: run .ci/sqld")
        return
    (folder / "empty.py").write_text(EMPTY)
    with processes.sqld(folder) as (_, url):
        with new_store_on_server(url):
            pass
        told = {"LIVEONE_DATABASE_URL": url, "AUTH_PASSWORD": "x", "CRON_SECRET": "y"}
        rounds = [
            (_start(folder, "liveone.serverless:app", told), _start(folder, "empty:app", {}))
            for _ in range(ROUNDS + 1)
        ]
    ours, empty = zip(*rounds[1:], strict=True)
    cold = statistics.median(wall_ms for wall_ms, _ in ours)
    note = f"CPU {statistics.median(cpu for _, cpu in ours):.0f} ms; the answer asks the database"
    yield Measure(
        "serverless: cold start, program started to first answer",
        cold,
        "ms",
        aim=1000,
        baseline=statistics.median(wall_ms for wall_ms, _ in empty),
        against="an empty FastAPI app on uvicorn",
        note=note,
    )


def _start(folder: Path, app: str, environment: Mapping[str, str]) -> tuple[float, float]:
    """Milliseconds to the first answer, and of CPU up to it."""
    port = processes.free_port()
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--log-level", "critical"]
    began_s = time.perf_counter()
    with subprocess.Popen(
        [*command, "--loop", "asyncio", "--http", "h11"],
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
                _wait_for(client, process)
            return (time.perf_counter() - began_s) * 1000, processes.Program(process).cpu_s * 1000
        finally:
            process.kill()


def _wait_for(client: httpx2.Client, process: "subprocess.Popen[bytes]") -> None:
    end_s = time.monotonic() + GIVE_UP_S
    while time.monotonic() < end_s and process.poll() is None:
        try:
            client.get("/api/health").raise_for_status()
            return
        except httpx2.TransportError:
            time.sleep(0.005)
    raise RuntimeError("the instance did not answer")

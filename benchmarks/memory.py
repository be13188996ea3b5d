"""What `liveone serve` keeps in memory: one system, a minute of use."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import processes
from benchmarks.house import MINUTE_S, minutes, new_store
from benchmarks.measure import Measure
from liveone.store import bulk

USE_S = 60
HISTORY_MINUTES = 30 * 1440
BARE = """
import uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
def root() -> dict[str, str]: return {}
print(" serves ", flush=True)
uvicorn.run(app, port=%d, log_level="warning", loop="asyncio", http="h11")
"""
ASKED = (
    "/dashboard/1",
    "/api/data?systemId=1",
    "/api/history?systemId=1&interval=5m&fields=solar,load,battery,grid&last=7d",
    "/api/history?systemId=1&interval=auto&fields=solar,load&last=30d",
    "/metrics",
)


def run(folder: Path) -> Iterator[Measure]:
    with new_store(folder / "liveone.db") as store:
        began_at = int(time.time()) - HISTORY_MINUTES * MINUTE_S
        bulk.import_readings(store, 1, minutes(HISTORY_MINUTES - 1, first_at=began_at))
    with processes.portal(folder) as url, processes.serve(folder, url) as (program, client):
        end_s = time.monotonic() + USE_S
        while time.monotonic() < end_s:
            for path in ASKED:
                client.get(path).raise_for_status()
            time.sleep(0.5)
        used, threads = program.memory_mb(), program.threads
        note = f"private {program.memory_mb('Private_Dirty'):.0f} MB, {threads} threads"
    yield Measure(
        "resident memory of serve, one system, a minute of use",
        used,
        "MB",
        aim=80,
        baseline=_bare_mb(folder),
        against="an empty FastAPI app on uvicorn",
        note=note,
    )


def _bare_mb(folder: Path) -> float:
    port = processes.free_port()
    with processes.started([sys.executable, "-c", BARE % port], folder=folder) as program:
        program.line_with(" serves ")
        time.sleep(3)
        return program.memory_mb()

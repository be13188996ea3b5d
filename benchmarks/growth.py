"""Measures the parameters of ``benchmarks.scale`` on this machine: a poll, a commit, a dashboard's data.

``python -m benchmarks growth --record`` keeps them in scale.json; ``python -m benchmarks.scale --write`` then
brings the document up to date.
"""

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks import processes, scale
from benchmarks.fleet import ENOUGH, watched
from benchmarks.history import inside, running_loop, services
from benchmarks.house import MINUTE_S, minutes, new_store_on_server
from benchmarks.measure import Measure, stopwatch
from benchmarks.processes import Program
from benchmarks.scale import RECORDED, Parameters
from liveone.domain.reading import Reading
from liveone.store import bulk, readings
from liveone.store.readings import Recorded
from liveone.store.store import Store
from liveone.web.app import create_app

FLEET = 2000
SMALL, LARGE, ROUNDS = 10, 400, 15
DATA_ASKED, HISTORY = 200, 30 * 1440


def run(folder: Path, record: bool = False) -> Iterator[Measure]:
    if processes.sqld_binary() is None:
        yield Measure("growth: parameters of the simulation", None, "", note="sqld is not here: run .ci/sqld")
        return
    (folder / "fleet").mkdir()
    with processes.portal(folder, FLEET) as url:
        fleet = watched(folder / "fleet", FLEET, url, on_server=True)
    polls = fleet.counted["polls"]
    if polls < ENOUGH * FLEET:
        raise RuntimeError(f"the machine is too busy to measure a poll: {fleet.note()}")
    with ExitStack() as stack:
        database, url = stack.enter_context(processes.sqld(folder))
        store = stack.enter_context(new_store_on_server(url, LARGE))
        reading, writing = _commits(store)
        data_ms = _data(store, database)
    found = replace(
        scale.recorded(),
        poll_cpu_ms=round(fleet.poller_s / polls * 1000, 2),
        database_cpu_ms=round(fleet.database_s / polls * 1000, 2),
        read_fixed_ms=reading[0],
        read_each_ms=reading[1],
        write_fixed_ms=writing[0],
        write_each_ms=writing[1],
        data_cpu_ms=data_ms,
    )
    if record:
        _record(found)
    for name, value in asdict(found).items():
        yield Measure(f"growth: {name}", value, name.rpartition("_")[2].replace("bytes", "B"))


def _record(found: Parameters) -> None:
    RECORDED.write_text(json.dumps(asdict(found), indent=2) + "\n")


class Timed:
    """A store whose writes are timed apart from its reads."""

    def __init__(self, store: Store) -> None:
        self.write_s = 0.0
        self._write = store.database.write
        store.database.write = self._timed  # type: ignore[method-assign, assignment]

    def _timed(self, statements):  # type: ignore[no-untyped-def]
        began_s = time.perf_counter()
        try:
            return self._write(statements)
        finally:
            self.write_s = time.perf_counter() - began_s


def _commits(store: Store) -> tuple[tuple[float, float], tuple[float, float]]:
    """(fixed, each) in ms of what a commit reads first, and of what it writes."""
    timed, rows = Timed(store), [Reading(*row) for row in minutes(ROUNDS * 2)]
    told: dict[int, tuple[list[float], list[float]]] = {SMALL: ([], []), LARGE: ([], [])}
    for place, reading in enumerate(rows):
        count = (SMALL, LARGE)[place % 2]
        batch = [Recorded(number, reading, "{}") for number in range(1, count + 1)]
        with stopwatch() as watch:
            readings.record(store, batch)
        told[count][0].append((watch.wall_s - timed.write_s) * 1000)
        told[count][1].append(timed.write_s * 1000)
    return _line(told, 0), _line(told, 1)


def _line(told: dict[int, tuple[list[float], list[float]]], which: int) -> tuple[float, float]:
    small, large = (statistics.median(told[count][which]) for count in (SMALL, LARGE))
    each = max(0.0, (large - small) / (LARGE - SMALL))
    return round(max(0.0, small - each * SMALL), 2), round(each, 4)


def _data(store: Store, database: Program) -> float:
    """CPU of one /api/data, ours and the server's, in ms."""
    began_at = int(time.time()) - HISTORY * MINUTE_S
    bulk.import_readings(store, 1, minutes(HISTORY, first_at=began_at))
    with running_loop() as loop:
        ask = inside(loop, create_app(services(store)), "/api/data", "systemId=1")
        ask()
        before_s = database.cpu_s
        with stopwatch() as watch:
            for _ in range(DATA_ASKED):
                ask()
    return round((watch.cpu_s + database.cpu_s - before_s) / DATA_ASKED * 1000, 2)

"""Generations 2 and 3 of one house, side by side: bytes a reading, import, and what the page asks for.

The second file is the first one after the shipped plan's scripts, both vacuumed.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.history import ASKED, inside, running_loop, services
from benchmarks.house import MINUTE_S, add_system, minutes
from benchmarks.measure import Measure, least_cpu_ms, median_ms, stopwatch
from liveone.clock import SystemClock
from liveone.collect.days import closer
from liveone.migrations import shipped
from liveone.store import bulk
from liveone.store.sql import schema_path
from liveone.store.store import Store, open_store
from liveone.web.app import create_app

MINUTES = 525_960
SCRIPTS = ("statuses", "days", "five-minutes", "readings")
GENERATIONS = (2, 3)
SIZES = """SELECT CASE WHEN name LIKE 'readings%' AND name NOT LIKE '%unique' THEN name
ELSE 'indexes and others' END, sum(pgsize) FROM dbstat GROUP BY 1 ORDER BY 1"""


def run(folder: Path) -> Iterator[Measure]:
    """A year of minutes."""
    paths = {generation: folder / f"{generation}.db" for generation in GENERATIONS}
    began_at = int(SystemClock().now_at()) - MINUTES * MINUTE_S
    with stopwatch() as watch, _made(paths[2], 2) as store:
        bulk.import_readings(store, 1, minutes(MINUTES, first_at=began_at))
        closer.catch_up(store, SystemClock().now_at())
    shutil.copyfile(paths[2], paths[3])
    yield Measure("a year of minutes brought in and closed", watch.cpu_s, "CPU s", note="generation 2")
    with closing(sqlite3.connect(paths[3])) as connection, stopwatch() as watch:
        for name in SCRIPTS:
            connection.executescript((shipped.shipped()[8].path.parent / f"{name}.sql").read_text())
    yield Measure("its tables made anew, at rest", watch.wall_s, "s")
    yield from _bytes(paths)
    yield from _imports(folder, began_at)
    yield from _answers(paths)


def _made(path: Path, generation: int) -> closing[Store]:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(schema_path(generation).read_text())
    store = open_store(path)
    add_system(store, 0)
    return closing(store)


def _bytes(paths: dict[int, Path]) -> Iterator[Measure]:
    sizes: dict[int, dict[str, int]] = {}
    for generation, path in paths.items():
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("VACUUM")
            sizes[generation] = dict(connection.execute(SIZES))
    for name in sizes[3]:
        new, old = (sizes[generation].get(name, 0) / MINUTES for generation in (3, 2))
        yield Measure(f"bytes a reading: {name}", new, "B", baseline=old, against="generation 2")
    new, old = (sum(sizes[generation].values()) / MINUTES for generation in (3, 2))
    yield Measure("bytes a reading: all", new, "B", aim=70, baseline=old, against="generation 2")


def _imports(folder: Path, began_at: int) -> Iterator[Measure]:
    speeds = {}
    for generation in GENERATIONS:
        with _made(folder / f"import{generation}.db", generation) as store, stopwatch() as watch:
            bulk.import_readings(store, 1, minutes(MINUTES // 4, first_at=began_at))
        speeds[generation] = MINUTES / 4 / watch.cpu_s
    yield Measure(
        "import with aggregates, by CPU",
        speeds[3],
        "/s",
        better="more",
        baseline=speeds[2],
        against="generation 2",
    )


def _answers(paths: dict[int, Path]) -> Iterator[Measure]:
    with ExitStack() as stack:
        stores = [stack.enter_context(closing(open_store(paths[generation]))) for generation in (3, 2)]
        loop = stack.enter_context(running_loop())
        apps = [create_app(services(store)) for store in stores]
        for name, path, query, _ in ASKED:
            rounds = 5 if "auto" in name else 60
            calls = [inside(loop, app, path, query) for app in apps]
            new, old = median_ms(*calls, rounds=rounds, warm=2)
            cpu, old_cpu = (least_cpu_ms(call, rounds // 4 or 1) for call in calls)
            note = f"CPU {cpu:.1f} ms, of generation 2 {old_cpu:.1f} ms"
            yield Measure(name, new, "ms", baseline=old, against="generation 2", note=note)

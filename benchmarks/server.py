"""A libSQL server beside the file driver, in one run: from poll to commit, import, history, dashboard.

The same calls on the same readings; the baseline of each figure is the file's.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks import processes
from benchmarks.history import ASKED, inside, running_loop, services
from benchmarks.house import MINUTE_S, minutes, new_store, new_store_on_server
from benchmarks.live import polls_ms
from benchmarks.measure import Measure, median_ms, stopwatch
from liveone.collect.days import closer
from liveone.store import bulk, readings
from liveone.store.store import Store
from liveone.web.app import create_app

READINGS = 400 * 1440
"""A year and a month of minutes."""
PAGES = (
    *((name, path, query) for name, path, query, _ in ASKED),
    ("page: the dashboard", "/dashboard/1", ""),
)
AGAINST = "the file driver"


def run(folder: Path) -> Iterator[Measure]:
    if processes.sqld_binary() is None:
        yield Measure("libSQL server beside the file", None, "", note="sqld is not here: run .ci/sqld")
        return
    with ExitStack() as stack:
        database, url = stack.enter_context(processes.sqld(folder))
        file = stack.enter_context(new_store(folder / "liveone.db"))
        server = stack.enter_context(new_store_on_server(url))
        yield from _imports(file, server, database)
        yield from _answers(file, server)
    yield from _polls(folder)


def _imports(file: Store, server: Store, database: processes.Program) -> Iterator[Measure]:
    rows = list(minutes(READINGS, first_at=int(time.time()) - READINGS * MINUTE_S))
    rates = []
    for store in (file, server):
        cpu_s = database.cpu_s
        with stopwatch() as watch:
            bulk.import_readings(store, 1, rows)
        rates.append(READINGS / watch.wall_s)
    note = f"{(database.cpu_s - cpu_s) / READINGS * 1e6:.1f} us CPU a reading at the server"
    yield Measure(
        "sqld: import with aggregates",
        rates[1],
        "/s",
        better="more",
        baseline=rates[0],
        against=AGAINST,
        note=note,
    )
    closing_s = []
    for store in (file, server):
        with stopwatch() as watch:
            closer.catch_up(store, time.time())
        closing_s.append(watch.wall_s)
    yield Measure("sqld: closing 400 days", closing_s[1], "s", baseline=closing_s[0], against=AGAINST)


def _answers(file: Store, server: Store) -> Iterator[Measure]:
    apps = [create_app(services(store)) for store in (file, server)]
    with running_loop() as loop:
        for name, path, query in PAGES:
            calls: list[Callable[[], object]] = [inside(loop, app, path, query) for app in apps]
            on_file, on_server = median_ms(*calls, rounds=40, warm=3)
            yield Measure(f"sqld: {name}", on_server, "ms", baseline=on_file, against=AGAINST)
    now_at = int(time.time())
    asked = [
        lambda store=store: readings.between(store, 1, now_at - 86_400, now_at) for store in (file, server)
    ]
    on_file, on_server = median_ms(*asked, rounds=20, warm=3)
    yield Measure("sqld: a day of raw readings", on_server, "ms", baseline=on_file, against=AGAINST)


def _polls(folder: Path) -> Iterator[Measure]:
    """Each on a database of its own, one after the other, the same portal."""
    with ExitStack() as stack:
        (folder / "polled").mkdir()
        _, url = stack.enter_context(processes.sqld(folder / "polled"))
        portal = stack.enter_context(processes.portal(folder))
        file = stack.enter_context(new_store(folder / "polled.db"))
        server = stack.enter_context(new_store_on_server(url))
        on_file, _ = asyncio.run(polls_ms(file, portal, folder / "spool-1"))
        on_server, bare = asyncio.run(polls_ms(server, portal, folder / "spool-2"))
    name = "sqld: poll begun to reading committed, median"
    note = f"the portal's answer alone {bare:.1f} ms"
    yield Measure(name, on_server, "ms", baseline=on_file, against=AGAINST, note=note)

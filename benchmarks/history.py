"""The API over ten years of minutes: time in the application, and over HTTP from `liveone serve`."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson
from fastapi import FastAPI

from benchmarks import processes
from benchmarks.house import MINUTE_S, minutes, new_store
from benchmarks.measure import Measure, least_cpu_ms, median_ms, stopwatch
from liveone.clock import SystemClock
from liveone.collect.days import closer
from liveone.store import bulk
from liveone.store.database import Statement
from liveone.store.store import Store, open_store
from liveone.web.app import create_app
from liveone.web.auth.callers import AuthSettings
from liveone.web.services import DailyJob, DailyOutcome, PollOutcome, Services

MINUTES = 10 * 525_960
DAY_S = 86_400
PASSWORD = "a long password of this house"
"""Most houses have one; without it each request asks first whether anybody has come in meanwhile."""
SERIES = "systemId=1&fields=solar,load,battery,grid"
ASKED = (
    ("history: 7 days x 5m x 4 fields", "/api/history", f"{SERIES}&interval=5m&last=7d", 2.0),
    ("history: a year of days x 4 fields", "/api/history", f"{SERIES}&interval=1d&last=12mo", None),
    ("history: auto over ten years of minutes", "/api/history", f"{SERIES}&interval=auto&last=10y", 50.0),
    ("data: now, today, yesterday", "/api/data", "systemId=1", None),
)
TIMES_BARE = 3
"""How much longer than its bare query an answer may take, where no aim is named."""
COLUMNS = "solar_w_avg, load_w_avg, battery_w_avg, grid_w_avg"
BARE_5M = f"SELECT interval_end, {COLUMNS} FROM readings_agg_5m WHERE system_id = 1 AND interval_end > ?"
BARE_DAYS = """SELECT day, solar_w_avg, solar_kwh, load_w_avg, load_kwh, battery_w_avg, battery_soc_avg,
battery_soc_min, battery_soc_max, grid_w_avg, interval_count, version
FROM readings_agg_1d WHERE system_id = '1' AND day > date(?, 'unixepoch')"""
"""What the nine series of a day are made of, and whether their energies are measured."""
BARE_MINUTES = """SELECT inverter_time / 345600, avg(solar_w), avg(load_w), avg(battery_w), avg(grid_w)
FROM readings WHERE system_id = 1 AND inverter_time > ? GROUP BY 1"""
BARE_TWO_DAYS = "SELECT * FROM readings_agg_5m WHERE system_id = 1 AND interval_end > ?"
"""What yesterday's and today's energies are made of."""

BARE = (
    (BARE_5M, 7 * DAY_S),
    (BARE_DAYS, 365 * DAY_S),
    (BARE_MINUTES, 3653 * DAY_S),
    (BARE_TWO_DAYS, 2 * DAY_S),
)


def run(folder: Path) -> Iterator[Measure]:
    path = folder / "liveone.db"
    yield from _ten_years(path)
    with processes.serve(folder, "http://127.0.0.1:9", polls=False) as (_, client):
        store = open_store(path)
        try:
            yield from _answers(store, client)
        finally:
            store.close()


def _ten_years(path: Path) -> Iterator[Measure]:
    began_at = int(time.time()) - MINUTES * MINUTE_S
    with new_store(path) as store:
        with stopwatch() as imported:
            bulk.import_readings(store, 1, minutes(MINUTES, first_at=began_at))
        with stopwatch() as closed:
            (done,) = closer.catch_up(store, time.time())
        store.database.write([Statement("PRAGMA optimize")])
    yield Measure("ten years of minutes brought in", imported.wall_s, "s", note=f"{MINUTES:,} readings")
    per_year_s = closed.wall_s / len(done.days) * 365
    yield Measure("closing a year of days", per_year_s, "s", note=f"{len(done.days):,} days closed")


def _answers(store: Store, client: httpx2.Client) -> Iterator[Measure]:
    app = create_app(services(store))
    with running_loop() as loop:
        for (name, path, query, aim), (sql, back_s) in zip(ASKED, BARE, strict=True):
            rounds = 5 if sql is BARE_MINUTES else 60
            calls = inside(loop, app, path, query), _over(client, path, query), _bare(store, sql, back_s)
            own, http, bare = median_ms(*calls, rounds=rounds, warm=2)
            cpu, bare_cpu = (least_cpu_ms(call, rounds // 4 or 1) for call in (calls[0], calls[2]))
            yield Measure(
                name,
                own,
                "ms",
                aim=TIMES_BARE * bare if aim is None else aim,
                baseline=bare,
                against="bare SQL on the minutes" if sql is BARE_MINUTES else "bare SQL and orjson",
                note=f"CPU {cpu:.1f}, bare {bare_cpu:.1f} ms; {http:.1f} ms seen by an HTTP client",
            )


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that goes on between requests, as a server's does: one that ends takes its worker threads along,
    and each request would pay for new ones."""
    loop, ended = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(ended.wait(),))
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


def inside(loop: asyncio.AbstractEventLoop, app: FastAPI, path: str, query: str) -> Callable[[], None]:
    """One request to the application itself, as the server would make it; it must succeed."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), (b"cookie", f"auth-token={PASSWORD}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message.get("status", 200) != 200:
            raise RuntimeError(f"{path}?{query} answered {message['status']}")

    def ask() -> None:
        asyncio.run_coroutine_threadsafe(app(dict(scope), receive, send), loop).result()  # type: ignore[arg-type]

    return ask


def _over(client: httpx2.Client, path: str, query: str) -> Callable[[], object]:
    return lambda: client.get(f"{path}?{query}").raise_for_status().content


def _bare(store: Store, sql: str, back_s: int) -> Callable[[], bytes]:
    since_at = int(time.time()) - back_s
    return lambda: orjson.dumps(store.database.read([Statement(sql, (since_at,))])[0])


async def _no_polls() -> list[PollOutcome]:
    return []


async def _no_days(_: DailyJob) -> list[DailyOutcome]:
    return []


def services(store: Store) -> Services:
    return Services(
        store=store,
        clock=SystemClock(),
        auth=AuthSettings(auth_password=PASSWORD, session_key=b"k" * 32),
        poll_now=_no_polls,
        daily=_no_days,
        collector_status=dict,
        release="bench",
    )

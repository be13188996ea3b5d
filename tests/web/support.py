"""A small real world for the web: a database with a house's readings, a clock that a test sets, a server."""

import asyncio
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from tests.domain.rows import close_days

from liveone.domain.counters import rated_kw
from liveone.domain.reading import Reading
from liveone.domain.system import System, SystemInfo
from liveone.domain.zones import zone_of
from liveone.store import aggregates, bulk, systems
from liveone.store.files import create
from liveone.store.readings import row_of
from liveone.store.store import Store, open_store
from liveone.web.app import create_app
from liveone.web.auth.callers import AuthSettings
from liveone.web.server import WebServer, listen
from liveone.web.services import DailyJob, DailyOutcome, PollOutcome, Services

NOW_AT = 1_755_475_331
"""2025-08-18T10:02:11+10:00"""
DAY_S = 86_400
PASSWORD, CRON_SECRET = "correct horse", "cron secret"
OWNER = AuthSettings(auth_password=PASSWORD, cron_secret=CRON_SECRET, session_key=b"k" * 32)
COOKIE = {"cookie": f"auth-token={PASSWORD}"}
INFO = SystemInfo("SPMC482", "241253", "7.5kW, 48V", "9 kW", "63.6 kWh")


class SetClock:
    """A clock that stands where a test puts it; monotonic time goes with it."""

    def __init__(self, now_at: float = NOW_AT) -> None:
        self.at = now_at
        self.sleeps = True

    def now_at(self) -> float:
        return self.at

    def monotonic_s(self) -> float:
        return self.at

    async def sleep(self, seconds_s: float) -> None:
        await asyncio.sleep(seconds_s if self.sleeps else 0)


class Calls:
    """What the cron paths asked for."""

    def __init__(self) -> None:
        self.polls = 0
        self.jobs: list[DailyJob] = []

    async def poll_now(self) -> Sequence[PollOutcome]:
        self.polls += 1
        return [PollOutcome("1586", True, solar=3120, battery=61.4, battery_w=-2301, delay=3)]

    async def daily(self, job: DailyJob) -> Sequence[DailyOutcome]:
        self.jobs.append(job)
        return [DailyOutcome("1586", True, ("2025-08-17",))]


def house(start_at: int, end_at: int, *, every_s: int = 60) -> Iterator[Reading]:
    """One reading a minute of a sunny house; counters are the integrals of its powers."""
    solar_kwh, load_kwh, in_kwh, out_kwh = 25_000.0, 21_000.0, 9_000.0, 8_400.0
    for at in range(start_at, end_at, every_s):
        sun = math.sin(((at + 36_000) % DAY_S) / DAY_S * math.tau - math.pi / 2)
        solar_w = round(max(0.0, sun) * 5000)
        load_w = round(600 + 300 * math.sin(at / 900))
        battery_w = load_w - solar_w + 40
        hours = every_s / 3_600_000
        solar_kwh += solar_w * hours
        load_kwh += load_w * hours
        in_kwh += max(0, -battery_w) * hours
        out_kwh += max(0, battery_w) * hours
        totals = (solar_kwh, load_kwh, in_kwh, out_kwh, 916.7, 0.0)
        powers = (solar_w, solar_w, 0, load_w, battery_w, 0)
        yield Reading(at, at + 2, *powers, 60 + 30 * sun, 0, None, 0, *totals)


def seeded(path: Path, *, owner: str = "alice", now_at: int = NOW_AT, days: int = 3) -> Store:
    """A database with one system and ``days`` days of readings up to ``now_at``, the closed days closed."""
    create(path)
    store = open_store(path)
    system = add(store, owner)
    fill(store, system, house(now_at - days * DAY_S, now_at), now_at)
    return store


def add(store: Store, owner: str, site: str = "1586", offset_min: int = 600) -> System:
    return systems.add_system(
        store,
        owner=owner,
        vendor_type="select.live",
        vendor_site_id=site,
        display_name=f"Home {site}",
        timezone_offset_min=offset_min,
        info=INFO,
    )


def fill(store: Store, system: System, readings: Iterator[Reading], now_at: int) -> None:
    """Import readings and close every day that is over."""
    bulk.import_readings(store, system.id, map(row_of, readings))
    rows = aggregates.five_minutes(store, system.id, 0, now_at)
    days = close_days(rows, zone=zone_of(system), rated_kw=rated_kw(system))
    today = zone_of(system).day_of(now_at)
    aggregates.save_days(store, system.id, [day for day in days if day.day < today])


def services(
    store: Store, auth: AuthSettings = OWNER, clock: SetClock | None = None, calls: Calls | None = None
) -> Services:
    asked = calls or Calls()
    return Services(
        store=store,
        clock=clock or SetClock(),
        auth=auth,
        poll_now=asked.poll_now,
        daily=asked.daily,
        collector_status=lambda: {"spool_waiting": 0, "problems": ("system Home is silent",)},
        release="0.1.0+abc1234",
    )


@contextmanager
def serving(
    wired: Services, *, on_port: int = 0, base_path: str = "", proxies: Sequence[str] = (), **settings: object
) -> Iterator[httpx2.Client]:
    """The application behind a real server on loopback; the client sends no credential by itself."""
    app = create_app(wired, base_path=base_path, trusted_proxies=proxies)
    server = WebServer(app, proxies=proxies, **({"timeout_graceful_shutdown": 5} | settings))
    with listen("127.0.0.1", on_port or 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            with httpx2.Client(base_url=base_url, timeout=10, verify=False) as client:
                wait_until_up(client)
                yield client
        finally:
            server.should_exit = True
            thread.join(10)


def wait_until_up(client: httpx2.Client) -> None:
    for _ in range(200):
        try:
            client.get("/api/health")
            return
        except httpx2.TransportError:
            threading.Event().wait(0.02)
    raise AssertionError("the server did not start")


def samples(metrics: str, name: str) -> list[tuple[dict[str, str], float]]:
    """Labels and value of every sample of that name in an answer of ``/metrics``."""
    families = text_string_to_metric_families(metrics)
    return [(one.labels, one.value) for family in families for one in family.samples if one.name == name]


def later(reading: Reading, seconds_s: int, **changes: object) -> Reading:
    """The same reading taken later, with changes."""
    at = reading.inverter_time + seconds_s
    return replace(reading, inverter_time=at, received_time=at + 2, **changes)  # type: ignore[arg-type]

"""How soon a reading is seen: from the poll to the commit, and from the commit to an open event stream."""

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import orjson

from benchmarks import processes
from benchmarks.house import minutes, new_store
from benchmarks.measure import Measure, percentile
from liveone.clock import SystemClock
from liveone.collect.collector import Collector
from liveone.collect.queue.spool import Spool
from liveone.collect.settings import CollectSettings
from liveone.domain.reading import Reading
from liveone.store import readings
from liveone.store.readings import Recorded
from liveone.store.store import Store
from liveone.vendors.base import VendorAccount
from liveone.vendors.registry import open_vendor

EVENTS = 300
POLLS = 40
POLL_EVERY_S = 0.25


def run(folder: Path) -> Iterator[Measure]:
    with new_store(folder / "liveone.db") as store:
        with processes.serve(folder, "http://127.0.0.1:9", polls=False) as (_, client):
            delays_ms = _events(store, client)
        yield Measure(
            "accepted reading to event received, p99",
            percentile(delays_ms, 0.99),
            "ms",
            aim=250,
            baseline=percentile(delays_ms, 0.5),
            against="its own median",
            note=f"{len(delays_ms)} readings written by another process",
        )
    with new_store(folder / "polled.db") as store, processes.portal(folder) as url:
        asked_ms, request_ms = asyncio.run(polls_ms(store, url, folder / "spool"))
    yield Measure(
        "poll begun to reading committed, median",
        asked_ms,
        "ms",
        baseline=request_ms,
        against="the portal's answer alone",
    )


def _events(store: Store, client: httpx2.Client) -> list[float]:
    """Record readings at random moments; for each, the time from its commit to its event, in ms."""
    source = (Reading(*row) for row in minutes(EVENTS + 1))
    readings.record(store, [Recorded(1, next(source))])
    seen: dict[int, float] = {}
    listening, done = threading.Event(), threading.Event()
    listener = threading.Thread(target=_listen, args=(client, seen, listening, done))
    listener.start()
    listening.wait(10)
    chance, accepted = random.Random(1), {}
    for reading in source:
        time.sleep(chance.uniform(0.02, 0.15))
        readings.record(store, [Recorded(1, reading)])
        accepted[reading.inverter_time] = time.perf_counter()
    done.wait(5)
    listener.join(10)
    return [(seen[at] - accepted_s) * 1000 for at, accepted_s in accepted.items()]


def _listen(
    client: httpx2.Client, seen: dict[int, float], listening: threading.Event, done: threading.Event
) -> None:
    with client.stream("GET", "/api/stream?systemId=1") as answer:
        for line in answer.iter_lines():
            if line.startswith("id:"):
                seen[int(line.removeprefix("id:"))] = time.perf_counter()
                listening.set()
            if len(seen) > EVENTS:
                done.set()
                return


async def polls_ms(store: Store, url: str, spool: Path) -> tuple[float, float]:
    """Medians in ms: a poll until its reading is durable, and one bare request for the same answer."""
    account = VendorAccount("select.live", url=url, email="owner@example.com", password="sunshine")
    vendor = open_vendor(account)
    settings = CollectSettings(polls=False, pause_s=POLL_EVERY_S / 2)
    collector = Collector(store, lambda _: vendor, SystemClock(), Spool(spool), settings)
    polled: list[float] = []
    bare: list[float] = []
    try:
        with httpx2.Client(base_url=url) as client:
            client.post("/login", data={"email": "owner@example.com", "pwd": "sunshine"})
            for _ in range(POLLS):
                (result,) = await collector.poll_once()
                if result.error is not None:
                    raise result.error
                if result.duration_s == 0:
                    raise RuntimeError("nothing was polled: somebody else had done it a moment before")
                polled.append(result.duration_s * 1000)
                began = time.perf_counter()
                orjson.loads(client.get("/dashboard/hfdata/1586").content)
                bare.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(POLL_EVERY_S)
    finally:
        await collector.stop()
        vendor.close()
    return percentile(polled, 0.5), percentile(bare, 0.5)

"""10,000 values a second, pushed for a minute by many sources: how much is accepted, how soon, and whether
all of it is there afterwards. Beside it: how soon a value that is pushed is on an open page."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from benchmarks import processes
from benchmarks.measure import Measure, percentile
from liveone.domain.push_token import new_push_token, push_token_hash
from liveone.domain.sources import PUSH, ROLES
from liveone.domain.system import FROM_SOURCES
from liveone.store import sources, systems
from liveone.store.files import create
from liveone.store.store import Store, open_store

SYSTEMS, EACH, SECONDS, SENDERS = 100, 10, 60, 4
BATCH = 10
"""Moments in one request: each source sends once in ten seconds what it measured every second."""

VALUES: Mapping[str, float] = {
    "solar_w": 3120, "solar_kwh_total": 5200.3, "grid_w": -2379, "grid_in_kwh_total": 400.2,
    "grid_out_kwh_total": 900.1, "battery_w": -200, "battery_soc_pct": 76.5, "load_w": 541,
    "battery_in_kwh_total": 2758.1, "load_kwh_total": 21_000.5,
}  # fmt: skip
WANTED_PER_S = SYSTEMS * EACH * len(VALUES)
MOMENTS = 120


@dataclass
class Sent:
    """What senders were told: ``accepted`` are moments by source, ``answers`` statuses."""

    accepted: dict[int, set[int]] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    took_ms: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, source: int, moments: list[int], status: int, took_s: float) -> None:
        with self.lock:
            self.answers[status] += 1
            if status == 200:
                self.took_ms.append(took_s * 1000)
                self.accepted.setdefault(source, set()).update(moments)


def run(folder: Path) -> Iterator[Measure]:
    tokens = _sources(folder / "liveone.db", SYSTEMS, EACH)
    sent = Sent()
    with processes.serve(folder, "http://127.0.0.1:9", polls=False) as (_, client):
        began_s = time.monotonic()
        push(str(client.base_url), tokens, sent, began_s + SECONDS)
        took_s = time.monotonic() - began_s
    accepted = sum(map(len, sent.accepted.values()))
    yield Measure(
        "values accepted a second, pushed for a minute", accepted * len(VALUES) / took_s, "values/s",
        aim=0.98 * WANTED_PER_S, better="more", note=f"{len(tokens)} sources; answers {dict(sent.answers)}",
    )  # fmt: skip
    yield Measure("a request of 100 values, p99", percentile(sent.took_ms, 0.99), "ms")
    with closing(open_store(folder / "liveone.db")) as store:
        yield Measure("moments that were accepted and are not there", lost(store, sent), "", aim=0)
    yield from _seen(folder)


def push(url: str, tokens: Mapping[int, str], sent: Sent, until_s: float) -> None:
    """Each source sends every BATCH seconds, spread evenly; what is not taken is sent again."""
    due = sorted(tokens)
    threads = [
        threading.Thread(target=_sender, args=(url, tokens, due[place::SENDERS], sent, until_s))
        for place in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _sender(url: str, tokens: Mapping[int, str], mine: list[int], sent: Sent, until_s: float) -> None:
    began_s, began_at = time.monotonic(), int(time.time()) - BATCH
    with httpx2.Client(base_url=url, timeout=30) as client:
        for turn in range(SECONDS // BATCH):
            for place, source in enumerate(mine):
                time.sleep(max(0.0, began_s + BATCH * (turn + place / len(mine)) - time.monotonic()))
                if time.monotonic() > until_s:
                    return
                moments = [began_at + turn * BATCH + each for each in range(BATCH)]
                _send(client, tokens[source], source, moments, sent)


def _send(client: httpx2.Client, token: str, source: int, moments: list[int], sent: Sent) -> None:
    body = json.dumps([{"at": at, **VALUES} for at in moments])
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    while True:
        began_s = time.monotonic()
        status = client.post("/api/readings", content=body, headers=headers).status_code
        sent.note(source, moments, status, time.monotonic() - began_s)
        if status not in (429, 503):
            return
        time.sleep(0.2)


def lost(store: Store, sent: Sent) -> int:
    """Accepted moments of which not every value is in the database."""
    missing = 0
    for source, moments in sent.accepted.items():
        kept: dict[int, dict[str, Any]] = dict(sources.values_between(store, source, 0, 2**40))
        missing += sum(1 for at in moments if kept.get(at) != VALUES)
    return missing


def _sources(path: Path, systems_count: int, each: int) -> dict[int, str]:
    """A database of houses whose sources send; the token of each by its id."""
    create(path)
    tokens = {}
    with closing(open_store(path)) as store:
        for number in range(systems_count):
            house = systems.add_system(
                store, owner="bench", vendor_type=FROM_SOURCES, vendor_site_id="",
                display_name=f"House {number}", timezone_offset_min=600,
            )  # fmt: skip
            for place in range(each):
                token = new_push_token()
                source = sources.add_source(
                    store, house.id, name=f"s{place}", vendor_type=PUSH,
                    roles=ROLES, settings={},
                    token_hash=push_token_hash(token),
                )  # fmt: skip
                tokens[source.id] = token
    return tokens


def _seen(folder: Path) -> Iterator[Measure]:
    """From the moment a value is sent to the event on an open stream, of a server that polls."""
    place = folder / "seen"
    place.mkdir()
    tokens = _sources(place / "liveone.db", 1, 1)
    (source, token), seen = next(iter(tokens.items())), {}
    with processes.serve(place, "http://127.0.0.1:9") as (_, client):
        sent = Sent()
        _send(client, token, source, [int(time.time())], sent)
        time.sleep(62)
        listening = threading.Event()
        listener = threading.Thread(target=_listen, args=(client, seen, listening), daemon=True)
        listener.start()
        listening.wait(30)
        delays_ms = []
        with httpx2.Client(base_url=client.base_url, timeout=30) as sender:
            for number in range(MOMENTS):
                at, watts = int(time.time()), 1000 + number
                began_s = time.perf_counter()
                headers = {"authorization": f"Bearer {token}"}
                sender.post("/api/readings", json={"at": at, "solar_w": watts, "grid_w": 0}, headers=headers)
                _wait_for(seen, watts)
                if watts in seen:
                    delays_ms.append((seen[watts] - began_s) * 1000)
                time.sleep(max(0.0, at + 1.02 - time.time()))
    yield Measure(
        "value sent to event received, p99", percentile(delays_ms, 0.99), "ms", aim=250,
        baseline=percentile(delays_ms, 0.5), against="its own median",
        note=f"{len(delays_ms)} of {MOMENTS} values, one a second; the request and its commit included",
    )  # fmt: skip


def _wait_for(seen: Mapping[int, float], watts: int) -> None:
    give_up_s = time.monotonic() + 5
    while watts not in seen and time.monotonic() < give_up_s:
        time.sleep(0.001)


def _listen(client: httpx2.Client, seen: dict[int, float], listening: threading.Event) -> None:
    with client.stream("GET", "/api/stream?systemId=1", timeout=None) as answer:
        listening.set()
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                watts = json.loads(line.removeprefix("data: ")).get("power", {}).get("solarW")
                seen.setdefault(watts, time.perf_counter())

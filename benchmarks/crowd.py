"""A thousand open pages, histories and newest values asked for, and a fleet polled, by one `liveone serve`:
no poll may be missed. Then more pages than there is room for: they are refused, at once and in words.

The pages are of five accounts at five addresses, none of which has more than its share of the streams.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from benchmarks import processes
from benchmarks.house import minutes, new_store
from benchmarks.measure import Measure, percentile
from liveone.accounts.credentials import StoredCredential
from liveone.accounts.passwords import hash_token
from liveone.accounts.people import People
from liveone.accounts.users import Account
from liveone.clock import SystemClock
from liveone.store import bulk
from liveone.store.store import Store

SYSTEMS, PAGES, PAST, ASKERS = 20, 1000, 100, 4
SECONDS, CADENCE_S, WARM_UP_S = 120.0, 60, 165.0
"""Polls come at each system's own second from the third minute on."""
DAYS, MINUTE_S, DAY_MINUTES = 10, 60, 1440
PEOPLE = tuple(f"person{number}" for number in range(5))
PAUSE_S = 0.2
ASKED = {
    "history": "/api/history?systemId=1&interval=5m&fields=solar,load,battery,grid&last=7d",
    "data": "/api/data?systemId=1",
}
TOLD = ("polls", "failures", "skipped")


@dataclass
class Crowd:
    """What pages saw: when each event came, by system and id; times of answers in ms, by what was asked."""

    port: int
    came_s: dict[tuple[int, str], list[float]] = field(default_factory=dict)
    took_ms: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in ASKED})
    opened: Counter[int] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refused_ms: list[float] = field(default_factory=list)
    ended: int = 0
    is_over: bool = False

    def head(self, path: str, number: int) -> bytes:
        """A request of one of the people, who comes through a proxy of this machine."""
        who = PEOPLE[number % len(PEOPLE)]
        lines = (
            f"GET {path} HTTP/1.1",
            f"host: 127.0.0.1:{self.port}",
            f"authorization: Bearer {secret(who)}",
        )
        return "\r\n".join([*lines, f"x-forwarded-for: 192.0.2.{PEOPLE.index(who) + 1}", "", ""]).encode()

    async def page(self, number: int, came: asyncio.Event) -> None:
        """A page that is open until the end; notes when each reading came."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.head(f"/api/stream?systemId={number % SYSTEMS + 1}", number))
        status = int((await reader.readline()).split()[1])
        self.opened[status] += 1
        came.set()
        with suppress(ConnectionError):
            while status == 200 and (line := await reader.readline()):
                if line.startswith(b"id: "):
                    key = (number % SYSTEMS + 1, line[4:].decode().strip())
                    self.came_s.setdefault(key, []).append(time.monotonic())
        self.ended += status == 200 and not self.is_over
        writer.close()

    async def one_too_many(self, number: int) -> None:
        """A page for which there is no room: what it is told, and how soon."""
        began_s = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.head("/api/stream?systemId=1", number))
        status = int((await reader.readline()).split()[1])
        self.refused_ms.append((time.monotonic() - began_s) * 1000)
        while status != 200 and (line := await reader.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        said = json.loads(await reader.readexactly(length))["error"] if status != 200 else ""
        self.refused[f"{status} {said}"] += 1
        writer.close()

    async def asker(self, number: int, until_s: float) -> None:
        """Asks for histories and newest values in turn, with the pause of somebody who looks."""
        chance = random.Random(number)
        headers = {"authorization": f"Bearer {secret(PEOPLE[number])}"}
        url = f"http://127.0.0.1:{self.port}"
        async with httpx2.AsyncClient(base_url=url, timeout=30, headers=headers) as client:
            while time.monotonic() < until_s:
                for name, path in ASKED.items():
                    began_s = time.monotonic()
                    (await client.get(path)).raise_for_status()
                    self.took_ms[name].append((time.monotonic() - began_s) * 1000)
                    await asyncio.sleep(chance.uniform(0, 2 * PAUSE_S))

    async def run(self, client: httpx2.Client) -> tuple[dict[str, int], dict[str, int], float]:
        """Open all pages, measure, and knock once more: the collector's counters before and after, and the
        seconds between them."""
        pages, began_s = [], time.monotonic()
        for number in range(PAGES):
            came = asyncio.Event()
            pages.append(asyncio.create_task(self.page(number, came)))
            await came.wait()
        await asyncio.sleep(max(0.0, began_s + WARM_UP_S - time.monotonic()))
        before = await asyncio.to_thread(_collector, client)
        self.came_s.clear()
        from_s = time.monotonic()
        await asyncio.gather(*(self.asker(number, from_s + SECONDS) for number in range(ASKERS)))
        took_s = time.monotonic() - from_s
        after = await asyncio.to_thread(_collector, client)
        for number in range(PAST):
            await self.one_too_many(number)
        self.is_over = True
        for page in pages:
            page.cancel()
        await asyncio.gather(*pages, return_exceptions=True)
        return before, after, took_s


def run(folder: Path) -> Iterator[Measure]:
    with new_store(folder / "liveone.db", SYSTEMS) as store:
        first_at = int(time.time()) // MINUTE_S * MINUTE_S - DAYS * DAY_MINUTES * MINUTE_S
        bulk.import_readings(store, 1, minutes(DAYS * DAY_MINUTES, first_at=first_at))
        _people(store)
    with processes.portal(folder, SYSTEMS) as url, processes.serve(folder, url) as (program, open_client):
        headers = {"authorization": f"Bearer {secret(PEOPLE[0])}"}
        with httpx2.Client(base_url=open_client.base_url, timeout=30, headers=headers) as client:
            crowd, cpu_s = Crowd(int(client.base_url.port or 0)), program.cpu_s
            before, after, took_s = asyncio.run(crowd.run(client))
            cpu_s = program.cpu_s - cpu_s
        memory_mb = program.memory_mb()
    yield from _found(crowd, {name: after[name] - before[name] for name in TOLD}, took_s)
    yield Measure("- memory of `serve` with them open", memory_mb, "MB", note=f"{cpu_s:.0f} core-s in all")


def _found(crowd: Crowd, counted: dict[str, int], took_s: float) -> Iterator[Measure]:
    due = int(SYSTEMS * took_s / CADENCE_S)
    yield Measure(
        "polls that were due and not made, beside 1,000 open pages", max(0, due - counted["polls"]), "",
        aim=0, note=f"{counted['polls']} made of {due} due in {took_s:.0f} s; "
        f"{counted['failures']} failed, {counted['skipped']} skipped",
    )  # fmt: skip
    yield Measure(
        "- pages open to the end", crowd.opened[200] - crowd.ended, "", aim=PAGES, better="more",
        note=f"answers {dict(crowd.opened)}",
    )  # fmt: skip
    late_ms = [(at_s - min(all_s)) * 1000 for all_s in crowd.came_s.values() for at_s in all_s]
    yield Measure(
        "- from the first page to the last that has a reading, p99", percentile(late_ms, 0.99), "ms", aim=250,
        note=f"{len(late_ms)} events of {len(crowd.came_s)} readings",
    )  # fmt: skip
    for name, times in crowd.took_ms.items():
        yield Measure(
            f"- /api/{name}, p99", percentile(times, 0.99), "ms", aim=500,
            baseline=percentile(times, 0.5), against="its own median", note=f"{len(times)} times",
        )  # fmt: skip
    yield Measure(
        f"- {PAST} pages more: refused, p99", percentile(crowd.refused_ms, 0.99), "ms", aim=250,
        note="; ".join(f"{count} times {said}" for said, count in crowd.refused.items()),
    )  # fmt: skip


def secret(account: str) -> str:
    return f"lo_{account}"


def _people(store: Store) -> None:
    people = People(store, tuple, SystemClock())
    for account in PEOPLE:
        people.add(Account(account, f"{account}@example.org", is_admin=True))
        people.keep(StoredCredential("token", hash_token(secret(account)), account, scope="read"))


def _collector(client: httpx2.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/health").raise_for_status().json()["collector"]
    return found

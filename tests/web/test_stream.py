"""The event stream: within a second, caught up after an absence, cleaned up after a goodbye."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from tests.web.support import COOKIE, NOW_AT, SetClock, add, later, samples, seeded, services, serving

from liveone.clock import SystemClock
from liveone.domain.reading import Reading
from liveone.domain.zones import Zone
from liveone.store import readings
from liveone.store.readings import Recorded
from liveone.store.store import Store, open_store
from liveone.web.now import live as live_module
from liveone.web.now import stream as stream_module


async def nothing_changed() -> None:
    """Who may come in stays as it is."""


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Store]:
    store = seeded(tmp_path / "live.db", days=1)
    yield store
    store.close()


@contextmanager
def listening(client: httpx2.Client, **headers: str) -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
    with client.stream("GET", "/api/stream?systemId=1", headers=COOKIE | headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer.iter_lines())


def events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, orjson.loads(line[6:])
        elif line.startswith(": "):
            yield "comment", {}


def newest(store: Store) -> Reading:
    reading = readings.latest(store, 1, NOW_AT + 86_400)
    assert reading is not None
    return reading


def record_next(store: Store, seconds_s: int = 60) -> int:
    newest = readings.latest(store, 1, NOW_AT + 86_400)
    assert newest is not None
    reading = later(newest, seconds_s, load_w=777)
    assert readings.record(store, [Recorded(1, reading, polled_at=reading.received_time)]) == [True]
    return reading.inverter_time


def wait_for_listeners(client: httpx2.Client, count: int) -> None:
    for _ in range(100):
        metrics = client.get("/metrics", headers=COOKIE).text
        if samples(metrics, "liveone_stream_listeners") == [({}, count)]:
            return
        time.sleep(0.05)
    raise AssertionError(f"never {count} listeners")


def test_a_reading_of_another_process_arrives_within_a_second(fresh: Store) -> None:
    with serving(services(fresh)) as client, listening(client) as stream:
        assert next(stream)[1]["timestamp"] == "2025-08-18T10:01:11+10:00"
        other = open_store(fresh.database.label)
        started_s = time.monotonic()
        record_next(other)
        name, data = next(stream)
        assert time.monotonic() - started_s < 10, "the next heartbeat would be later"
        assert (name, data["power"]["loadW"]) == ("reading", 777)
        other.close()


def test_what_was_missed_comes_first_and_once(fresh: Store) -> None:
    with serving(services(fresh, clock=SetClock(NOW_AT + 300))) as client:
        last_seen = NOW_AT - 60
        missed = [record_next(fresh) for _ in range(3)]
        with listening(client, **{"last-event-id": str(last_seen)}) as stream:
            missed.append(record_next(fresh))
            times = [next(stream)[1]["timestamp"] for _ in range(4)]
    assert times == [f"2025-08-18T10:0{2 + i}:11+10:00" for i in range(4)]


def test_a_long_absence_is_told_to_reload(fresh: Store) -> None:
    with serving(services(fresh)) as client, listening(client, **{"last-event-id": "1755000000"}) as stream:
        assert next(stream)[0] == "reload"
        assert len([next(stream) for _ in range(60)]) == 60


def test_all_listeners_hear_and_a_goodbye_is_noticed(fresh: Store) -> None:
    with serving(services(fresh)) as client:
        with listening(client) as first, listening(client) as second:
            assert next(first) == next(second)
            wait_for_listeners(client, 2)
            record_next(fresh)
            assert next(first) == next(second)
        wait_for_listeners(client, 0)


def test_silence_is_filled_with_comments(fresh: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "HEARTBEAT_S", 0.05)
    with serving(services(fresh)) as client, listening(client) as stream:
        assert [next(stream)[0] for _ in range(3)] == ["reading", "comment", "comment"]


def test_the_number_of_listeners_is_bounded(fresh: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "MOST_LISTENERS", 1)
    with serving(services(fresh)) as client, listening(client):
        refused = client.get("/api/stream", headers=COOKIE)
        assert refused.status_code == 503
        assert "1 streams" in refused.json()["error"]


def test_a_stream_ends_by_itself_so_that_credentials_are_asked_again(fresh: Store) -> None:
    with serving(replace(services(fresh), stream_s=0.2)) as client, listening(client) as stream:
        assert len(list(stream)) == 1


def test_who_joins_late_gets_what_fell_in_between_and_others_get_it_once(fresh: Store) -> None:
    async def crowd() -> list[list[int]]:
        hub = live_module.Live(fresh, SystemClock(), nothing_changed)
        newest_at = record_next(fresh)
        first = live_module.Listener({1: Zone(600)}, {1: newest_at})
        hub.join(first)
        await asyncio.sleep(0.3)
        late = live_module.Listener({1: Zone(600)}, {1: newest_at - 60})
        hub.join(late)
        await asyncio.sleep(0.4)
        await hub.close()
        return [[one.at - newest_at for one in drained(listener)] for listener in (first, late)]

    assert asyncio.run(crowd()) == [[], [0]]


def drained(listener: live_module.Listener) -> list[live_module.StreamEvent]:
    found = [listener.queue.get_nowait() for _ in range(listener.queue.qsize())]
    return [one for one in found if one is not None]


def test_a_listener_that_does_not_keep_up_is_dropped(fresh: Store) -> None:
    async def crowd() -> tuple[int, object]:
        hub = live_module.Live(fresh, SystemClock(), nothing_changed)
        listener = live_module.Listener({1: Zone(600)}, {1: NOW_AT})
        hub.join(listener)
        await hub._publish({1: [live_module.StreamEvent(NOW_AT + i, b"{}") for i in range(1, 200)]})
        left = hub.count
        await hub.close()
        return left, [listener.queue.get_nowait() for _ in range(listener.queue.qsize())][-1]

    assert asyncio.run(crowd()) == (0, None)


def test_a_thousand_pages_leave_others_their_turn(fresh: Store) -> None:
    """Looking after all of them, and handing an event to all of them, is done in pieces."""

    async def crowd() -> list[int]:
        hub, turns, found = live_module.Live(fresh, SystemClock(), nothing_changed), 0, list[int]()
        hub._listeners = {live_module.Listener({1: Zone(600)}, {1: NOW_AT}) for _ in range(1000)}

        async def somebody_else() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(somebody_else())
        for work in (hub._drop_unwelcome(), hub._publish({1: [live_module.StreamEvent(NOW_AT + 1, b"{}")]})):
            before = turns
            await work
            found.append(turns - before)
        other.cancel()
        return [*found, hub.count]

    looked, handed, left = asyncio.run(crowd())
    assert (left, looked >= 40, handed >= 40) == (1000, True, True)


def test_one_stream_brings_the_readings_of_all_systems(fresh: Store) -> None:
    add(fresh, "alice", site="1587")
    with (
        serving(services(fresh)) as client,
        client.stream("GET", "/api/stream?systemId=all", headers=COOKIE) as answer,
    ):
        stream = events(answer.iter_lines())
        assert next(stream)[1]["systemId"] == 1
        other = later(newest(fresh), 30, load_w=1234)
        readings.record(fresh, [Recorded(2, other, polled_at=other.received_time)])
        name, data = next(stream)
    assert (name, data["systemId"], data["power"]["loadW"]) == ("reading", 2, 1234)


def test_a_watcher_that_fails_ends_its_streams_and_starts_anew(
    fresh: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(services(fresh)) as client:
        with monkeypatch.context() as broken:
            broken.setattr(live_module.Live, "_news", lambda *_: 1 / 0)
            with listening(client) as stream:
                assert len(list(stream)) == 1
        with listening(client) as stream:
            next(stream)
            record_next(fresh)
            assert next(stream)[0] == "reading"
    assert "watching for new readings failed" in caplog.text


def test_stopping_ends_open_streams(fresh: Store) -> None:
    ended = threading.Event()

    def follow(base_url: httpx2.URL) -> None:
        with httpx2.Client(base_url=base_url, timeout=10) as own, listening(own) as stream:
            list(stream)
            ended.set()

    with serving(services(fresh), timeout_graceful_shutdown=60) as client:
        follower = threading.Thread(target=follow, args=(client.base_url,))
        follower.start()
        wait_for_listeners(client, 1)
    assert ended.wait(1)
    follower.join()

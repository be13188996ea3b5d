"""Connections that say nothing keep nobody out, and end by themselves."""

import logging
import socket
from pathlib import Path

import httpx2
import pytest
from tests.security.door import connect, half_open, status_of
from tests.web.support import COOKIE, seeded, services, serving

from liveone.cli.serve import start_logging
from liveone.store.store import Store
from liveone.web import connections, descriptors, server
from liveone.web.descriptors import Room, room_of
from liveone.web.now import live
from liveone.wiring.log_limit import LogLimit

HALF = b"GET /api/health HTTP/1.1\r\nhost: loc"
HALF_BODY = b"POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n{"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return seeded(tmp_path / "liveone.db", days=1)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """A server that takes 40 connections."""
    monkeypatch.setattr(server, "make_room", lambda: Room(40, 8))
    return 40


@pytest.mark.parametrize("text", [b"", HALF, HALF_BODY], ids=["silent", "headers", "body"])
def test_half_open_connections_make_place_for_whoever_asks(store: Store, few: int, text: bytes) -> None:
    with serving(services(store)) as client, half_open(client, 5 * few, text):
        for _ in range(20):
            fresh = httpx2.get(f"{client.base_url}/api/health", timeout=10)
            assert fresh.status_code == 200


def test_idle_connections_make_place_too(store: Store, few: int) -> None:
    with serving(services(store)) as client, half_open(client, 3 * few, HALF + b"alhost\r\n\r\n"):
        assert httpx2.get(f"{client.base_url}/api/health", timeout=10).status_code == 200


def test_open_streams_are_not_thrown_out_by_half_open_connections(store: Store, few: int) -> None:
    with serving(services(store)) as client, client.stream("GET", "/api/stream", headers=COOKIE) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        with half_open(client, 3 * few, HALF):
            assert httpx2.get(f"{client.base_url}/api/health", timeout=10).status_code == 200
            assert any(line.startswith("data") for line in lines)


@pytest.mark.parametrize("text", [HALF, HALF_BODY, b""], ids=["headers", "body", "silent"])
def test_who_does_not_finish_his_request_is_hung_up_on(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    monkeypatch.setattr(connections, "HEADERS_S", 0.3)
    monkeypatch.setattr(connections, "BODY_S", 0.3)
    with serving(services(store)) as client, connect(client) as raw:
        raw.sendall(text)
        assert raw.recv(1000) in (b"", b"\r\n")


def test_a_header_that_drips_ends_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADERS_S", 0.5)
    with serving(services(store)) as client, connect(client) as raw:
        raw.settimeout(0.05)
        assert any(is_closed_after_one_more(raw) for _ in range(1000))


def is_closed_after_one_more(raw: socket.socket) -> bool:
    try:
        raw.sendall(b"a")
        return raw.recv(100) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_body_that_comes_steadily_may_take_its_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_S", 0.2)
    body = b'{"password": "' + b"x" * 40_000 + b'"}'
    with serving(services(store)) as client, connect(client) as raw:
        raw.sendall(
            b"POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n" % len(body)
        )
        for start in range(0, len(body), 4_000):
            raw.sendall(body[start : start + 4_000])
        assert status_of(raw) in (401, 422)


def test_who_takes_nothing_of_his_answer_is_hung_up_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "ANSWER_S", 0.5)
    asks = b"GET /js/vendor HTTP/1.1\r\nhost: x\r\n\r\n"
    with serving(services(store)) as client, connect(client) as raw:
        raw.setblocking(False)
        sent = 0
        try:
            for _ in range(200_000):
                sent += raw.send(asks * 100)
        except (BlockingIOError, ConnectionError):
            pass
        assert sent
        assert httpx2.get(f"{client.base_url}/api/health", timeout=10).status_code == 200


def test_descriptors_are_divided_so_that_polls_have_theirs() -> None:
    for spare in (30, 44, 200, 1_000, 8_000):
        room = room_of(spare)
        assert 4 <= room.connections <= descriptors.CONNECTIONS_MAX
        assert spare - room.connections - 2 * room.burst >= min(descriptors.RESERVE, spare // 2)


def test_there_is_room_for_a_thousand_open_pages_and_a_third_more() -> None:
    """Of 1,000 connections streams could take 750: the 751st page heard that there were too many."""
    assert room_of(descriptors.WANTED).connections * 3 // 4 >= live.MOST_LISTENERS


def test_what_one_cause_says_again_and_again_is_logged_a_few_times() -> None:
    limit = LogLimit(each_minute=3)
    records = [
        logging.LogRecord("asyncio", logging.ERROR, "", 1, "no descriptor for %s", (n,), None)
        for n in range(50)
    ]
    other = logging.LogRecord("asyncio", logging.ERROR, "", 1, "something else", (), None)
    assert [limit.filter(record) for record in records].count(True) == 3
    assert limit.filter(other)


def test_the_limit_bounds_the_log_of_serve_and_nobody_elses(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handlers that were there, as those of whoever runs us in his process, are left as they are."""
    start_logging(verbose=False)
    for n in range(50):
        logging.getLogger("liveone.web").warning("again %s", n)
    assert len(caplog.records) == 50
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    start_logging(verbose=False)
    (ours,) = root.handlers
    assert [type(one) for one in ours.filters] == [LogLimit]

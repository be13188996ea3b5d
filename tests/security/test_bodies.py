"""What a stranger sends is bounded, and he is asked who he is before it is read."""

import resource
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.routing import APIRoute
from tests.security.door import connect, status_of
from tests.web.support import COOKIE, seeded, services, serving

from liveone.web.auth.before_body import AskedFirst
from liveone.web.auth.rights import Right, right_of
from liveone.web.bodies import BODY_BYTES_MAX

MILLION = b"x" * 1_000_000


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    with serving(services(seeded(tmp_path_factory.mktemp("bodies") / "liveone.db", days=1))) as found:
        yield found


PATHS = ("/api/auth/login", "/api/admin/systems", "/api/cron/daily", "/api/admin/backups", "/nothing")


@pytest.mark.parametrize("path", PATHS)
def test_a_body_of_stated_length_is_refused_unread(client: httpx2.Client, path: str) -> None:
    with connect(client) as raw:
        raw.sendall(b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-length: 300000000\r\n\r\n" % path.encode())
        assert status_of(raw) == 413


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/admin/systems", "/api/cron/daily"])
def test_three_hundred_megabytes_in_chunks_leave_no_memory_behind(client: httpx2.Client, path: str) -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with connect(client) as raw:
        raw.sendall(b"POST %b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" % path.encode())
        for _ in range(60):
            raw.sendall(b"%x\r\n%b\r\n" % (len(MILLION), MILLION))
        assert status_of(raw) in (401, 413)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 30_000


def test_chunks_beyond_the_bound_are_413_for_who_may_send_them(client: httpx2.Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 1000 + 2):
            yield b"[" * 1000

    refused = client.post("/api/admin/systems", content=chunks(), headers=COOKIE)
    assert refused.status_code == 413
    assert refused.json()["error"].startswith("The body is too large")


def test_a_body_below_the_bound_is_read(client: httpx2.Client) -> None:
    answer = client.post("/api/auth/login", json={"password": "x" * (BODY_BYTES_MAX - 100)})
    assert answer.status_code in (401, 422)


@pytest.mark.parametrize("body", [b"", b"{", b'{"vendor_type": 1}', b"\xff" * 1000])
@pytest.mark.parametrize("path", ["/api/admin/systems", "/api/cron/daily", "/api/admin/backups/x/restore"])
def test_who_shows_no_credential_hears_that_and_nothing_of_his_body(
    client: httpx2.Client, path: str, body: bytes
) -> None:
    assert client.post(path, content=body).status_code == 401


def test_every_route_that_asks_for_a_credential_asks_first(tmp_path: Path) -> None:
    from liveone.web.app import create_app

    app = create_app(services(seeded(tmp_path / "liveone.db", days=1)))
    asking = [
        route
        for route in every_route(app.router)
        if route.body_field is not None and right_of(min(route.methods), route.path) is not Right.ANYBODY
    ]
    assert asking
    assert all(isinstance(route, AskedFirst) for route in asking)


def every_route(router: object) -> Iterator[APIRoute]:
    for route in getattr(router, "routes", ()):
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from every_route(getattr(route, "original_router", None) or getattr(route, "app", None))

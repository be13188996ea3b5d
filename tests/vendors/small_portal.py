"""A well-behaved select.live of one page, which a test can tell to answer otherwise, once or always."""

import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qs

from tests.vendors.wire import Heard, Wire, reply

BODIES = Path(__file__).parent.parent / "recorded" / "select.live"
EMAIL, PASSWORD = "owner+solar@example.org", "s3cret=&%pass"
NOW_AT = 1_755_525_610.0


def recorded(name: str) -> str:
    return (BODIES / name).read_text()


class SmallPortal(Wire):
    """``instead`` holds answers that are given once each, in order; ``pages`` what each path answers."""

    def __init__(self) -> None:
        super().__init__(self._route)
        self.pages: dict[str, Iterable[bytes]] = {
            "/login": reply(200, recorded("portal_unknown_login-page.html")),
            "/dashboard/hfdata/1586": reply(200, recorded("SPMC482_unknown_night.json")),
            "/dashboard/1586": reply(200, recorded("portal_unknown_system-page.html")),
            "/systems/list/owner": reply(200, recorded("portal_unknown_list-owner.json")),
            "/systems/list/installer": reply(200, '{"systems": []}'),
        }
        self.instead: deque[Iterable[bytes]] = deque()
        self.instead_of_login: deque[Iterable[bytes]] = deque()
        self.cookie = "eyJhIjoxfQ==--1"
        self._lock = threading.Lock()
        self.logins = 0

    def expire(self) -> None:
        self.cookie += "1"

    def _route(self, request: Heard) -> Iterable[bytes]:
        with self._lock:
            if request.method == "POST" and request.path == "/login":
                return self._log_in(request)
            if request.path != "/login" and request.headers.get("cookie") != f"mojolicious={self.cookie}":
                return reply(302, "", ("Location", "/login"))
            if self.instead and request.path != "/login":
                return self.instead.popleft()
        return self.pages.get(request.path, reply(404, "not here"))

    def _log_in(self, request: Heard) -> Iterable[bytes]:
        self.logins += 1
        if self.instead_of_login:
            return self.instead_of_login.popleft()
        form = parse_qs(request.body)
        if (form.get("email"), form.get("pwd")) != ([EMAIL], [PASSWORD]):
            return reply(200, recorded("portal_unknown_refused.html"))
        cookie = (
            "Set-Cookie",
            f"mojolicious={self.cookie}; expires=Thu, 01 Jan 2032 00:00:00 GMT; path=/; HttpOnly",
        )
        return reply(302, "", ("Location", "/systems"), cookie)

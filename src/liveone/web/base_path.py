"""LiveOne below a path of its host, and behind proxies: the outermost layer, and the only one that knows.

Rule: what lies within speaks of ``/dashboard``; here it becomes ``/solar/dashboard``, in Location and
Set-Cookie, and pages put ``base_of`` before the addresses they hold. What a proxy says in headers counts when
it is trusted.
"""

import re
from collections.abc import Iterable, Sequence

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from liveone.settings.ranges import is_base_path

PREFIX, INGRESS, FORWARDED_HOST = "x-forwarded-prefix", "x-ingress-path", "x-forwarded-host"
SCOPE_BASE, SCOPE_FRAMED = "liveone.base", "liveone.framed"
COOKIE_PATH = re.compile(rb"(?<=; path=)/(?=;|$)", re.IGNORECASE)


def base_of(request: Request) -> str:
    """What stands before every address of ours: ``/solar``, or nothing at the top of a host."""
    return str(request.scope.get(SCOPE_BASE, ""))


class BasePath:
    """ASGI middleware. ``configured`` is the base path where no proxy states another, ``proxies`` the peers
    whose X-Forwarded-For, -Proto, -Host, -Prefix and X-Ingress-Path count (addresses, networks, or ``*``).

    A proxy may take the base path off what it passes on, or leave it.
    """

    def __init__(self, app: ASGIApp, *, configured: str = "", proxies: Sequence[str] = ()) -> None:
        self._configured = configured
        self._app = app
        self._behind = ProxyHeadersMiddleware(app, trusted_hosts=list(proxies))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        base, framed, inner = self._configured, False, scope
        trusted = bool(scope.get("client")) and scope["client"][0] in self._behind.trusted_hosts
        if trusted:
            headers = Headers(scope=scope)
            ingress = _stated(headers, INGRESS)
            base, framed = ingress or _stated(headers, PREFIX) or base, bool(ingress)
            inner = {**scope, "headers": _with_host(scope["headers"], headers.get(FORWARDED_HOST, ""))}
        inner = {**inner, "path": _below(base, scope["path"]), SCOPE_BASE: base, SCOPE_FRAMED: framed}

        async def send_below(message: Message) -> None:
            if base and message["type"] == "http.response.start":
                message["headers"] = [_outward(base, *one) for one in message.get("headers", ())]
            await send(message)

        app = self._behind if trusted else self._app
        await app(inner, receive, send_below)  # type: ignore[arg-type]


def _stated(headers: Headers, name: str) -> str:
    path = headers.get(name, "").rstrip("/")
    return path if is_base_path(path) else ""


def _below(base: str, path: str) -> str:
    if base and (path == base or path.startswith(f"{base}/")):
        return path[len(base) :] or "/"
    return path


def _with_host(headers: Iterable[tuple[bytes, bytes]], host: str) -> list[tuple[bytes, bytes]]:
    """The Host that the browser asked for, of the nearest proxy where there are several."""
    asked = host.rpartition(",")[2].strip()
    if not asked:
        return list(headers)
    return [(b"host", asked.encode("latin-1")), *(one for one in headers if one[0] != b"host")]


def _outward(base: str, name: bytes, value: bytes) -> tuple[bytes, bytes]:
    lower = name.lower()
    # "//host/path" names another host.
    if lower == b"location" and value.startswith(b"/") and not value.startswith(b"//"):
        return name, base.encode() + value
    if lower == b"set-cookie":
        return name, COOKIE_PATH.sub(base.encode(), value)
    return name, value

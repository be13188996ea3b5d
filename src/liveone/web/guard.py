"""The outermost layer: who may connect at all, and the headers that every answer carries.

Without any credential configured only this machine may ask: the peer must be loopback, the request not
forwarded by a proxy, and the Host a local name (a web page elsewhere may point its own name at 127.0.0.1).
"""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liveone.web.answers import ApiError, error_answer, log
from liveone.web.base_path import SCOPE_FRAMED
from liveone.web.bodies import refuse_larger

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
FRAMED = ((b"frame-ancestors 'none'", b"frame-ancestors 'self'"), (b"DENY", b"SAMEORIGIN"))
"""Behind an ingress LiveOne is shown inside a page of the same host: Home Assistant's."""
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
FORWARDED = ("forwarded", "x-real-ip", "via")
"""What proxies say, besides ``x-forwarded-...``. One that says nothing cannot be told from a program."""
HEADERS_MAX, HEAD_BYTES_MAX = 200, 32 * 1024
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
STREAM_PATH = "/api/stream"
SETUP_PATHS = ("/setup", "/static/", "/api/auth/link", "/api/auth/join", "/api/health")
"""What the page behind the one-time link needs, which makes the owner's account."""


class ConnectionGuard:
    """ASGI middleware; while ``is_open`` says so everybody but this machine is refused, set-up apart."""

    def __init__(self, app: ASGIApp, *, is_open: Callable[[], Awaitable[bool]]) -> None:
        self.app, self._is_open = app, is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                framed = scope.get(SCOPE_FRAMED, False)
                message["headers"] = _with_policies(message.get("headers", ()), framed=framed)
            await send(message)

        refusal = _refused_head(scope) or _refused_origin(scope) or await self._refused_while_open(scope)
        if refusal is not None:
            await error_answer(refusal)(scope, receive, send_guarded)
            return
        try:
            await self.app(_routed(scope), refuse_larger(scope, receive), send_guarded)
        except HTTPException as refused:
            await error_answer(ApiError(refused.status_code, refused.detail))(scope, receive, send_guarded)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            # Headers that were sent cannot be taken back; the
            # connection is then closed half-way, which a client sees.
            if not started:
                await error_answer(OUR_FAULT)(scope, receive, send_guarded)

    async def _refused_while_open(self, scope: Scope) -> ApiError | None:
        """Asked at every request: what was seen closed never opens again."""
        return _refused_peer(scope) if await self._is_open() else None


def _refused_head(scope: Scope) -> ApiError | None:
    """What is wrong with a request before anybody is asked who sent it."""
    names = [name for name, _ in scope["headers"]]
    if b"content-length" in names and b"transfer-encoding" in names:
        return TWO_LENGTHS
    size = sum(len(name) + len(value) for name, value in scope["headers"])
    return HEAD_TOO_LARGE if size > HEAD_BYTES_MAX or len(names) > HEADERS_MAX else None


def _refused_origin(scope: Scope) -> ApiError | None:
    is_safe = scope["method"] in SAFE_METHODS
    return None if is_safe or not is_foreign(Headers(scope=scope)) else FOREIGN


def _refused_peer(scope: Scope) -> ApiError | None:
    """Nobody is asked for a credential: this machine alone may ask, and whoever has the link to set up."""
    headers = Headers(scope=scope)
    if scope["path"].startswith(SETUP_PATHS):
        return None
    peer = scope["client"][0] if scope.get("client") else ""
    if not is_loopback(peer) or _is_forwarded(headers) or not is_local_name(headers.get("host", "")):
        return NOT_LOCAL
    return None


def _with_policies(
    headers: Iterable[tuple[bytes, bytes]], *, framed: bool = False
) -> list[tuple[bytes, bytes]]:
    """``headers`` with every policy that the answer does not state, more strictly, itself."""
    own = list(headers)
    stated = {name.lower() for name, _ in own}
    ours = [one for one in HEADERS if one[0] not in stated]
    for strict, inside in FRAMED if framed else ():
        ours = [(name, value.replace(strict, inside)) for name, value in ours]
    return [*own, *ours]


# Two servers in a row might each believe another of the two lengths; whoever sends both is hung up on
# (https://www.rfc-editor.org/rfc/rfc9112#section-6.3).
TWO_LENGTHS = ApiError(
    400,
    "The request says twice, and differently, how long its body is.",
    headers={"connection": "close"},
)
HEAD_TOO_LARGE = ApiError(
    431,
    f"The headers are too large: at most {HEADERS_MAX} of them, of {HEAD_BYTES_MAX:,} bytes together.",
    headers={"connection": "close"},
    hint="Delete the cookies of this host, if a browser shows this.",
)
OUR_FAULT = ApiError(500, "Something failed inside the server; its log says what.")
NOT_LOCAL = ApiError(
    403,
    "This server has no password yet, so it answers only to its own machine, as localhost.",
    hint="Open the set-up link that it printed, or set AUTH_PASSWORD in its environment and start it again.",
)


FOREIGN = ApiError(
    403,
    "Requests from other sites' pages are refused.",
    hint="Behind a proxy, let it pass the Host header on: proxy_set_header Host $host.",
)


def is_foreign(headers: Headers) -> bool:
    """Whether a page of another origin sends a request. Programs send neither header.

    A browser's own word (Sec-Fetch-Site) counts; without it, as on plain http, Origin must name this host.
    """
    # "none" is the user's own doing, an address typed in
    # (https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header).
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()


def is_loopback(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    # A socket for IPv6 shows an IPv4 peer as ::ffff:127.0.0.1.
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def is_local_name(host: str) -> bool:
    """Whether a Host header names this machine: ``localhost``, ``x.localhost`` or a loopback address."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    # A name may end with the dot of the root: "localhost." is localhost.
    name = name.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)


def _is_forwarded(headers: Headers) -> bool:
    return any(name in FORWARDED or name.startswith("x-forwarded-") for name in headers)


def _routed(scope: Scope) -> Scope:
    """HEAD is answered like GET (the server drops the body), except where the answer never ends."""
    if scope["method"] == "HEAD" and scope["path"] != STREAM_PATH:
        return {**scope, "method": "GET"}
    return scope

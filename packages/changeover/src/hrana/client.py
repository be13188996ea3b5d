"""HTTP to one libSQL server: pipelines and cursors, each within one total deadline.

Rule: an error says whether the server may have acted. NotSent and a refusal: it has not. OutcomeUnknown:
the request was sent and no answer came.
"""

import base64
import math
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import httpcore2
import orjson

from hrana.address import Address
from hrana.errors import (
    BadAddress,
    HranaError,
    NotSent,
    OutcomeUnknown,
    Refused,
    ServerFailed,
    Silent,
    Untrusted,
    refused,
    refused_request,
    understanding,
)
from hrana.wire import CLOSE, Json
from timed_http.certificates import trusted
from timed_http.deadline import BoundedBackend, Deadline, network_bound_by

CONNECTIONS_MAX = 16
"""Well below the 128 requests at a time that a server takes from all its clients together."""
IDLE_S_MAX = 90.0
CONNECT_S_MAX = 3.0
RELEASE_S = 2.0
ANSWER_BYTES_MAX = 64_000_000
"""Twice what a server sends for a pipeline; a cursor has no bound, its lines are read one by one."""
UNREAD_BYTES_MAX = 1 << 20
"""More than a kernel keeps for a process that reads nothing."""
_AFTER_SENDING = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    orjson.JSONDecodeError,
    OSError,
)
"""What may come once something was sent; what proves that nothing was is asked for first."""


class Client:
    """A pool of connections to one server. Safe to call from any thread.

    ``agent`` is who the server is told that we are; a ``token`` that is a function is asked for each request.
    Nothing is sent by making one. Raises BadAddress for a token over plain http.
    """

    def __init__(self, address: Address, token: str | Callable[[], str] = "", *, agent: str) -> None:
        self.label = address.label
        self._origin = address.origin
        self._token = token if callable(token) else lambda: token
        self._headers = _headers(address, agent)
        if self._token() and not address.may_carry_token:
            raise BadAddress(f"the token would go to {address.label} in the clear", in_the_clear=True)
        self._network = BoundedBackend()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=trusted() if address.origin.startswith("https:") else None,
            max_connections=CONNECTIONS_MAX,
            keepalive_expiry=IDLE_S_MAX,
            network_backend=self._network,
        )

    def pipeline(self, request: Json, deadline: Deadline) -> Json:
        """Send one request on a stream of its own; returns its response.

        Raises Refused, NotSent or OutcomeUnknown.
        """
        answered = self._pipeline({"requests": [request, CLOSE]}, deadline)
        try:
            result = answered["results"][0]
            error = None if result["type"] == "ok" else result["error"]
            response: Json = {} if error else result["response"]
        except (LookupError, TypeError) as wrong:
            raise self._unanswered("its answer is not a libSQL server's") from wrong
        if error:
            raise refused(error, self.label)
        return response

    def cursor(self, batch: Json, deadline: Deadline, *, silence_s: float | None = None) -> Iterator[Json]:
        """Run a batch of reads; yields its entries as they arrive, whatever their size in all.

        ``silence_s`` bounds the wait for each piece, for a deadline that is far away.
        """
        limits = _timeouts(deadline, silence_s)
        baton = None
        try:
            with self._stream("/v3/cursor", {"batch": batch}, deadline, limits) as response:
                lines = _lines(response, deadline)
                with understanding(self.label):
                    baton = orjson.loads(next(lines, b"{}")).get("baton")
                # The first line told the baton; it is given up even where the reader stops half-way.
                yield from (orjson.loads(line) for line in lines)
        finally:
            if baton:
                self._release(baton)

    def probe(self, within_s: float) -> None:
        """Ask the cheapest question; whatever is answered, the server lives.

        Raises Silent where the server stands still and serves nobody, NotSent where that is not known.
        """
        try:
            self.pipeline({"type": "execute", "stmt": {"sql": "SELECT 1"}}, Deadline(within_s))
        # An error is an answer: whoever gives one is alive.
        except (Refused, ServerFailed):
            return
        except OutcomeUnknown as error:
            if self._reads_nothing(within_s):
                raise Silent(f"database {self.label} takes connections, and reads nothing") from error
            raise NotSent(f"database {self.label} cannot be reached") from error

    def _reads_nothing(self, within_s: float) -> bool:
        """Whether connections are taken and nothing of what is sent is read, as from a process that stands.

        Its kernel takes connections for it. More is sent than that keeps: empty lines, which are no request.
        """
        host = urlsplit(self._origin)
        port = host.port or (443 if host.scheme == "https" else 80)
        try:
            unread = socket.create_connection((host.hostname or "", port), timeout=within_s)
        except OSError:
            return False
        with unread:
            try:
                unread.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES_MAX // 64)
                # The kernel of a stopped process still accepts and buffers; only a full buffer tells that
                # nobody reads.
                unread.sendall(b"\r\n" * (UNREAD_BYTES_MAX // 2))
            except TimeoutError:
                return True
            except OSError:
                return False
        return False

    def _release(self, baton: str) -> None:
        """Give up a stream; one that is not given up dies by itself after ten seconds."""
        with suppress(HranaError):
            self._pipeline({"baton": baton, "requests": [CLOSE]}, Deadline(RELEASE_S))

    def close(self) -> None:
        """Release every connection, also those of calls under way: these fail."""
        self._pool.close()
        self._network.close()

    def _pipeline(self, document: Json, deadline: Deadline) -> Json:
        with self._stream("/v3/pipeline", document, deadline, _timeouts(deadline)) as response:
            answered: Json = orjson.loads(_whole(response, ANSWER_BYTES_MAX))
        return answered

    @contextmanager
    def _stream(
        self, path: str, document: Json, deadline: Deadline, limits: dict[str, float]
    ) -> Iterator[httpcore2.Response]:
        """An open answer of status 200."""
        sent = self._pool.stream(
            "POST",
            f"{self._origin}{path}",
            headers=self._with_token(),
            content=orjson.dumps(document),
            extensions={"timeout": limits},
        )
        with network_bound_by(deadline), self._translating(), sent as response:
            if response.status != 200:
                raise refused_request(response.status, _first_piece(response), self.label)
            yield response

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.PoolTimeout) as error:
            raise self._unreachable(error) from None
        except _AFTER_SENDING as error:
            raise self._unanswered(str(error) or type(error).__name__) from None

    def _with_token(self) -> list[tuple[str, str]]:
        token = self._token()
        return [*self._headers, ("authorization", f"Bearer {token}")] if token else self._headers

    def _unreachable(self, error: Exception) -> HranaError:
        why = str(error) or type(error).__name__
        if "certificate verify failed" in why.lower().replace("_", " "):
            return Untrusted(f"the certificate of database {self.label} is not trusted ({why})")
        return NotSent(f"database {self.label} cannot be reached ({why})")

    def _unanswered(self, why: str) -> HranaError:
        return OutcomeUnknown(f"database {self.label} did not answer ({why})")


def _headers(address: Address, agent: str) -> list[tuple[str, str]]:
    found = [
        ("user-agent", agent),
        ("content-type", "application/json"),
        # httpcore hands bytes out as they came: nothing here would unpack a compressed answer.
        ("accept-encoding", "identity"),
    ]
    if address.namespace:
        # Base64, since a name may hold what a header cannot; `-bin` names a header of that kind.
        name = base64.b64encode(address.namespace.encode()).decode().rstrip("=")
        found.append(("x-namespace-bin", name))
    return found


def _timeouts(deadline: Deadline, silence_s: float | None = None) -> dict[str, float]:
    left_s = min(deadline.left_s(), silence_s or math.inf)
    connect_s = min(left_s, CONNECT_S_MAX)
    return {"connect": connect_s, "pool": left_s, "read": left_s, "write": left_s}


def _whole(response: httpcore2.Response, bytes_max: int) -> bytes:
    """The answer, cut off at ``bytes_max``: what is cut is no JSON, and so an error."""
    found, size = [], 0
    for piece in response.iter_stream():
        found.append(piece)
        size += len(piece)
        if size > bytes_max:
            break
    return b"".join(found)[:bytes_max]


def _first_piece(response: httpcore2.Response) -> bytes:
    """The start of a refusal. Not read to its end, so that the connection is not used again: the server
    may close it after a refusal, and a request sent into that would have no known outcome."""
    piece: bytes = next(response.iter_stream(), b"")
    return piece


def _lines(response: httpcore2.Response, deadline: Deadline) -> Iterator[bytes]:
    """The lines of an answer as they come. The reader may talk to other servers between two of them."""
    rest = b""
    pieces = response.iter_stream()
    while True:
        with network_bound_by(deadline):
            piece = next(pieces, None)
        if piece is None:
            break
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line for line in whole if line)
    if rest:
        yield rest

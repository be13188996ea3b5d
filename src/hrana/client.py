"""HTTP to one libSQL server: pipelines and cursors, each within one total deadline.

Rule: an error says whether the server may have acted. NotSent and a refusal: it has not. OutcomeUnknown:
the request was sent and no answer came.
"""

import base64
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpcore2
import orjson

from hrana.address import Address
from hrana.deadline import BoundedBackend, Deadline, network_bound_by
from hrana.errors import HranaError, NotSent, OutcomeUnknown, refused, refused_request
from hrana.wire import CLOSE, Json

CONNECTIONS_MAX = 16
"""Well below the 128 requests at a time that a server takes from all its clients together."""
IDLE_S_MAX = 90.0
CONNECT_S_MAX = 3.0
RELEASE_S = 2.0
ANSWER_BYTES_MAX = 64_000_000
"""Twice what a server sends for a pipeline; a cursor has no bound, its lines are read one by one."""
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

    ``agent`` is who the server is told that we are. Nothing is sent by making one.
    """

    def __init__(self, address: Address, token: str = "", *, agent: str) -> None:
        self.label = address.label
        self._origin = address.origin
        self._headers = _headers(address, token, agent)
        self._network = BoundedBackend()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpcore2.default_ssl_context() if address.origin.startswith("https:") else None,
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
                baton = orjson.loads(next(lines, b"{}")).get("baton")
                yield from (orjson.loads(line) for line in lines)
        finally:
            if baton:
                self._release(baton)

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
            headers=self._headers,
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

    def _unreachable(self, error: Exception) -> HranaError:
        why = str(error) or type(error).__name__
        return NotSent(f"database {self.label} cannot be reached ({why})")

    def _unanswered(self, why: str) -> HranaError:
        return OutcomeUnknown(f"database {self.label} did not answer ({why})")


def _headers(address: Address, token: str, agent: str) -> list[tuple[str, str]]:
    found = [
        ("user-agent", agent),
        ("content-type", "application/json"),
        ("accept-encoding", "identity"),
    ]
    if token:
        found.append(("authorization", f"Bearer {token}"))
    if address.namespace:
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

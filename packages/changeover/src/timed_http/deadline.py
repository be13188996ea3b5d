"""A deadline that holds for a whole call, whatever the other side does.

An HTTP client's timeouts bound each read, so a server that drips a byte a second keeps its caller for
ever. Here every connect, read and write of a thread gets only what is left of that thread's deadline.
(Name resolution is bounded by the machine's resolver alone.)
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2

UNBOUND_S = 30.0
"""For a call made outside ``network_bound_by``, such as closing a pool."""

# The pool calls us deep inside a request and hands no deadline through; a request runs in one thread.
_thread = threading.local()


class Deadline:
    """An instant of the monotonic clock by which a call has answered or failed."""

    __slots__ = ("at_s",)

    def __init__(self, seconds_s: float) -> None:
        self.at_s = time.monotonic() + seconds_s

    def left_s(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.at_s - time.monotonic())

    def within(self, seconds_s: float) -> "Deadline":
        """The earlier of this deadline and ``seconds_s`` from now."""
        return Deadline(min(self.left_s(), seconds_s))


@contextmanager
def network_bound_by(deadline: Deadline) -> Iterator[None]:
    """Inside, this thread's network calls through a BoundedBackend end by ``deadline``."""
    _thread.deadline = deadline
    try:
        yield
    finally:
        _thread.deadline = None


class OpenStreams:
    """The open connections of one client. A pool forgets one that is being made while the pool is closed;
    here it is closed too. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[httpcore2.NetworkStream] = set()
        self._is_closed = False

    def add(self, stream: "BoundedStream") -> "BoundedStream":
        """Keep a connection until it is closed. Raises ConnectError, having closed it, after ``close``."""
        with self._lock:
            if not self._is_closed:
                self._open.add(stream)
                return stream
        # Outside the lock: closing calls `discard`, which takes it.
        stream.close()
        raise httpcore2.ConnectError("closed by this program")

    def discard(self, stream: "BoundedStream") -> None:
        with self._lock:
            self._open.discard(stream)

    def close(self) -> None:
        """Close what is open, and from now on whatever is opened."""
        with self._lock:
            self._is_closed, left = True, list(self._open)
        for stream in left:
            stream.close()


class BoundedBackend(httpcore2.NetworkBackend):
    """Sockets that obey the deadline of the thread that uses them."""

    def __init__(self) -> None:
        self._plain = httpcore2.SyncBackend()
        self._streams = OpenStreams()

    def close(self) -> None:
        """Close every connection, also those that others are just making."""
        self._streams.close()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Try each address of the host, giving each a fair share of the time left."""
        addresses = _addresses(host, port)
        for index, address in enumerate(addresses):
            # A host of two addresses whose first one drops packets would otherwise use up all of the time.
            share_s = _left_s(timeout, httpcore2.ConnectTimeout) / (len(addresses) - index)
            try:
                stream = self._plain.connect_tcp(address, port, share_s, local_address, socket_options)
                return self._streams.add(BoundedStream(stream, self._streams))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if index == len(addresses) - 1:
                    raise
        raise httpcore2.ConnectError(f"{host} has no address")


class BoundedStream(httpcore2.NetworkStream):
    """A socket, or TLS over one, that obeys the deadline of the thread that uses it."""

    def __init__(self, stream: httpcore2.NetworkStream, streams: OpenStreams) -> None:
        self._stream, self._streams = stream, streams

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left_s(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left_s(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._streams.discard(self)
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            left_s = _left_s(timeout, httpcore2.ConnectTimeout)
            secured = self._stream.start_tls(ssl_context, server_hostname, left_s)
        # A handshake that failed leaves the socket open, and nobody else knows of it.
        except BaseException:
            self.close()
            raise
        self._streams.discard(self)
        return self._streams.add(BoundedStream(secured, self._streams))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left_s(timeout_s: float | None, expired: type[Exception]) -> float:
    deadline: Deadline | None = getattr(_thread, "deadline", None)
    # The pool closes connections outside of any call, in whatever thread comes by.
    left_s = UNBOUND_S if deadline is None else deadline.left_s()
    if timeout_s is not None:
        left_s = min(left_s, timeout_s)
    if left_s <= 0:
        raise expired("the deadline has passed")
    return left_s


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore2.ConnectError(f"name not found: {error}") from error
    # getaddrinfo may name an address more than once; a second try would halve the share of the others.
    return list(dict.fromkeys(str(address[0]) for *_, address in found))

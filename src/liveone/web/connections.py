"""Connections: how many there may be, and how long one may take to say what it wants.

Rule: who has sent no whole request yet keeps nobody out. When there is no room, the connection that has been
silent longest makes place for the newest one, first among those of the same address. So a thousand half-open
connections cost the next visitor nothing, and the descriptors that the collector needs stay free.
"""

import asyncio
from collections import Counter
from collections.abc import Collection
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from liveone.web.auth.guess_limiter import network_of

HEADERS_S = 10.0
"""From the first byte of a request, or from connecting, to the end of its headers."""

BODY_S, BODY_BYTES_PER_S = 30.0, 10_000
"""A body may take so long, and longer only while it comes at this rate."""

ANSWER_S = 60.0
"""How long a client may take none of an answer that waits for it."""

BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 5\r\n"
    b'connection: close\r\ncontent-length: 48\r\n\r\n{"error":"Too many connections are open here."} '
)


class Connections:
    """All connections of one server. Belongs to its event loop.

    At most ``most`` in all and ``each`` from an address (an IPv6 network counts as one); ``proxies`` are
    addresses that speak for many, and only the whole bounds them.
    """

    def __init__(self, most: int, *, proxies: Collection[str] = ()) -> None:
        self.most, self.each = most, max(1, most * 3 // 4)
        self._proxies = frozenset(proxies)
        self._open: Counter[str] = Counter()
        self._silent: dict[BoundedConnection, None] = {}

    def admit(self, connection: "BoundedConnection") -> bool:
        """Take a new connection, in place of a silent one where there is no room; False: it must go."""
        address = connection.network
        is_bound = address not in self._proxies
        if is_bound and self._open[address] >= self.each and not self._make_room(address):
            return False
        if self._open.total() >= self.most and not self._make_room(None):
            return False
        self._open[address] += 1
        self._silent[connection] = None
        return True

    def speaks(self, connection: "BoundedConnection") -> None:
        """A whole request of it has come: it is not in the way of others."""
        self._silent.pop(connection, None)

    def is_silent(self, connection: "BoundedConnection") -> None:
        """It has been answered, and the next request has not come."""
        self._silent[connection] = None

    def leave(self, connection: "BoundedConnection") -> None:
        """It is closed."""
        self._silent.pop(connection, None)
        self._open[connection.network] -= 1
        if not self._open[connection.network]:
            del self._open[connection.network]

    def _make_room(self, address: str | None) -> bool:
        for one in self._silent:
            if address is None or one.network == address:
                one.give_up()
                return True
        return False


class BoundedConnection(H11Protocol):
    """One connection of uvicorn, with bounds on the time that its other side takes."""

    def __init__(self, limits: Connections, **settings: Any) -> None:
        super().__init__(**settings)
        self.network = ""
        self._limits, self._is_admitted = limits, False
        self._timer: asyncio.TimerHandle | None = None
        self._waits_for: object = None
        self._began_s, self._received_bytes = 0.0, 0
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.network = network_of(self.client[0] if self.client else "local")
        self._is_admitted = self._limits.admit(self)
        if self._is_admitted:
            self._wait_for(h11.IDLE)
        else:
            transport.write(BUSY)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._is_admitted:
            return
        self._received_bytes += len(data)
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            # abort, not close: close waits until what is buffered was taken, by a client that takes nothing.
            self._unread = self.loop.call_later(ANSWER_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def give_up(self) -> None:
        """Close it, whatever it still wanted to say."""
        self._leave()
        self.transport.close()

    def _leave(self) -> None:
        self._stop_waiting()
        if self._unread is not None:
            self._unread.cancel()
        if self._is_admitted:
            self._is_admitted = False
            self._limits.leave(self)

    def _look(self) -> None:
        """After each piece: what is still to come of a request, and by when."""
        if not self._is_admitted:
            return
        theirs = self.conn.their_state
        # Bytes left over in h11 while it is IDLE are the beginning of a head that is not whole yet.
        if theirs is h11.SEND_BODY or (theirs is h11.IDLE and self.conn.trailing_data[0]):
            self._wait_for(theirs)
            return
        self._stop_waiting()
        if theirs is h11.IDLE:
            self._limits.is_silent(self)
        else:
            self._limits.speaks(self)

    def _wait_for(self, part: object) -> None:
        if self._waits_for is part:
            return
        self._stop_waiting()
        self._limits.is_silent(self)
        self._waits_for, self._began_s, self._received_bytes = part, self.loop.time(), 0
        self._timer = self.loop.call_later(HEADERS_S if part is h11.IDLE else BODY_S, self._late)

    def _stop_waiting(self) -> None:
        self._waits_for = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        """The time is over; a body that comes fast enough gets more."""
        if self._waits_for is h11.SEND_BODY:
            left_s = BODY_S + self._received_bytes / BODY_BYTES_PER_S - (self.loop.time() - self._began_s)
            if left_s > 0:
                self._timer = self.loop.call_later(left_s, self._late)
                return
        self.give_up()

"""Raw connections to a real server, and what it answers."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx2

PACE_S = 0.005
"""After each connection, what the short backlog cannot hold comes only a second later."""


def connect(client: httpx2.Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=20)


@contextmanager
def half_open(client: httpx2.Client, count: int, text: bytes) -> Iterator[list[socket.socket]]:
    """``count`` connections that have sent ``text`` and wait."""
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            one = stack.enter_context(connect(client))
            one.sendall(text)
            found.append(one)
            time.sleep(PACE_S)
        yield found


def status_of(connection: socket.socket) -> int:
    """The status that is answered; 0 when the connection is closed without one."""
    received = b""
    while b"\r\n" not in received:
        piece = connection.recv(4096)
        if not piece:
            return 0
        received += piece
    return int(received.split(b" ")[1])

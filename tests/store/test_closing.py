"""Closing a client while a call of it is under way leaves no connection open."""

import socket
from collections.abc import Iterator
from typing import Any

import httpcore2
import pytest

from hrana.address import parse
from hrana.client import Client
from hrana.errors import HranaError, NotSent
from timed_http.deadline import Deadline

ASK = {"type": "execute", "stmt": {"sql": "SELECT 1"}}


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


class Network(httpcore2.SyncBackend):
    """Connects really, and closes the client at the moment when the pool does not know the connection yet."""

    def __init__(self, client: Client | None) -> None:
        self.client = client
        self.sockets: list[socket.socket] = []

    def connect_tcp(self, *args: Any, **options: Any) -> httpcore2.NetworkStream:
        stream = super().connect_tcp(*args, **options)
        self.sockets.append(stream.get_extra_info("socket"))
        if self.client is not None:
            self.client.close()
        return stream


def test_a_connection_that_is_made_while_its_client_closes_is_closed(listening: socket.socket) -> None:
    client = Client(parse(f"http://127.0.0.1:{listening.getsockname()[1]}"), agent="test")
    network = client._network._plain = Network(client)
    with pytest.raises(NotSent, match="closed by this program"):
        client.pipeline(ASK, Deadline(5))
    assert [each.fileno() for each in network.sockets] == [-1]


def test_a_connection_whose_tls_fails_is_closed(listening: socket.socket) -> None:
    client = Client(parse(f"https://127.0.0.1:{listening.getsockname()[1]}"), agent="test")
    network = client._network._plain = Network(None)
    with pytest.raises(HranaError):
        client.pipeline(ASK, Deadline(0.2))
    (made,) = network.sockets
    assert made.fileno() == -1
    assert not client._network._streams._open
    client.close()

"""Listening, and what is said when it cannot be."""

import socket

import pytest

from liveone.errors import BadInput
from liveone.web.server import listen


def test_a_port_in_use_and_an_address_of_nobody_get_each_their_own_advice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BadInput) as used:
        listen("127.0.0.1", taken.getsockname()[1])
    assert "in use\n" in str(used.value)
    assert "Another program listens" in str(used.value)
    with pytest.raises(BadInput, match="No network of this machine has that address"):
        listen("192.0.2.1", 0)

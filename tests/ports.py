"""Ports of this machine for servers that tests start."""

import random
import socket
from contextlib import suppress

BELOW_OUTGOING = range(10_000, 32_768)
"""Linux gives outgoing connections the ports above: one of those can be taken before the server binds it, or
while it is killed and started again."""


def free_port() -> int:
    """A port of 127.0.0.1 at which nobody listens."""
    for port in random.SystemRandom().sample(BELOW_OUTGOING, 100):
        with suppress(OSError), socket.socket() as found:
            found.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a hundred ports are taken")

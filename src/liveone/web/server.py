"""Listening: one socket, one event loop, an application and a companion that lives as long as it."""

import asyncio
import errno
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import uvicorn
from fastapi import FastAPI

from liveone.errors import BadInput
from liveone.web.connections import BoundedConnection, Connections
from liveone.web.descriptors import make_room

FIRST_PASSED_FD = 3
"""Where systemd's socket activation puts the first socket (sd_listen_fds)."""

GRACE_S = 3
"""How long open requests may hold up a stop; event streams are ended at once."""

SWITCH_S = 0.0005
"""So long a thread waits for one that computes. sqlite3 gives the interpreter up at every row and takes it
back: at Python's own 5 ms an answer of hundreds of rows waits long beside a busy event loop."""

KEEP_ALIVE_S = 75
"""Longer than proxies keep an idle connection (60 s mostly): were we to close first, a request that is on its
way would be lost."""


LISTEN_HINTS = {
    errno.EADDRINUSE: "Another program listens there, perhaps LiveOne already: stop it or take another port.",
    errno.EADDRNOTAVAIL: "No network of this machine has that address; 0.0.0.0 stands for all of them.",
    errno.EACCES: "Ports below 1024 belong to root: choose another port.",
}


class WebServer(uvicorn.Server):
    """Uvicorn for one application of ``create_app``: ends its open event streams when it begins to stop.

    ``proxies`` are peers that speak for many; what they say counts for the application (``web.base_path``).
    ``settings`` are uvicorn's, and win over ours.
    """

    def __init__(self, app: FastAPI, *, proxies: Sequence[str] = (), **settings: Any) -> None:
        room = make_room()
        limits = Connections(room.connections, proxies=proxies)
        ours: dict[str, Any] = {
            "loop": "asyncio",
            "http": partial(BoundedConnection, limits),
            "ws": "none",
            "log_config": None,
            "access_log": False,
            "server_header": False,
            "proxy_headers": False,
            "backlog": room.burst,
            "timeout_keep_alive": KEEP_ALIVE_S,
            "timeout_graceful_shutdown": GRACE_S,
        }
        super().__init__(uvicorn.Config(app, **(ours | settings)))
        self._live = app.state.live
        self._live.most = min(self._live.most, limits.most * 3 // 4)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Before uvicorn waits for open requests: a stream would hold it up for all of the grace.
        await self._live.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but SIGTERM is not raised again afterwards: it would end the process at once,
        before the companion has brought what it holds to safety."""
        with super().capture_signals():
            yield
            # Uvicorn raises what it captured again, to end with the signal's exit code.
            self._captured_signals.clear()


class Companion(Protocol):
    """Runs beside the server until it is stopped."""

    async def run(self) -> None: ...

    async def stop(self) -> None: ...


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises BadInput when it cannot be had.

    A socket that systemd holds for us wins: then connections wait while LiveOne restarts and none is
    refused. Its connections send at once: asyncio forgets TCP_NODELAY on a socket that is handed to it,
    and an answer of two packets would wait 40 ms for the client's delayed acknowledgement.
    """
    listening = _passed() or _own(host, port)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _passed() -> socket.socket | None:
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS", "0") == "0":
        return None
    try:
        return socket.socket(fileno=FIRST_PASSED_FD)
    except OSError as error:
        hint = "The unit's Sockets= must name a stream socket: ListenStream=127.0.0.1:8080."
        raise BadInput(f"LISTEN_FDS is set, but no socket was passed: {error.strerror}", hint=hint) from error


def _own(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        known = error.errno in LISTEN_HINTS
        hint = LISTEN_HINTS.get(error.errno or 0, "Check host and port under [server].")
        reason = os.strerror(error.errno or 0) if known else (error.strerror or "").partition(" (")[0]
        raise BadInput(f"cannot listen on {host} port {port}: {reason}", hint=hint) from error


def run(
    app: FastAPI,
    listening: socket.socket,
    companion: Callable[[], Companion],
    *,
    trusted_proxies: Sequence[str] = (),
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGINT or SIGTERM, then end the companion; ``ready`` is called once requests are answered.

    An error of the companion stops the server and is raised here.
    """
    sys.setswitchinterval(SWITCH_S)
    with listening:
        asyncio.run(_serve(WebServer(app, proxies=trusted_proxies), listening, companion, ready))


async def _serve(
    server: uvicorn.Server,
    listening: socket.socket,
    companion: Callable[[], Companion],
    ready: Callable[[], None],
) -> None:
    beside = companion()
    running = asyncio.create_task(beside.run())
    running.add_done_callback(lambda _: setattr(server, "should_exit", True))
    announced = asyncio.create_task(_announce(server, ready))
    try:
        await server.serve(sockets=[listening])
    finally:
        announced.cancel()
        if not running.done():
            await beside.stop()
        await running


async def _announce(server: uvicorn.Server, ready: Callable[[], None]) -> None:
    while not server.started:
        await asyncio.sleep(0.02)
    ready()

"""The sockets of the pretended portal: HTTP/1.1 with keep-alive, a thread a connection.

Its rule: an answer leaves in one write, and whoever closes the server leaves no thread behind.
"""

import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from liveone.errors import BadInput
from liveone.simulate.answers import Delivery, PortalRequest, PortalResponse
from liveone.simulate.log import Served

BODY_BYTES_MAX = 64 * 1024
IDLE_S = 120.0
_LINGER_ZERO = struct.pack("ii", 1, 0)


class PortalServer(ThreadingHTTPServer):
    """A listening portal. ``certificate`` is a PEM file with key and certificate: then it speaks HTTPS."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(
        self,
        address: tuple[str, int],
        answer: Callable[[PortalRequest], PortalResponse],
        undelivered: Callable[[Served], None],
        *,
        certificate: Path | None = None,
    ) -> None:
        self.answer, self.undelivered = answer, undelivered
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._tls = _tls(certificate) if certificate else None
        try:
            super().__init__(address, Handler)
        except (OSError, OverflowError) as error:
            raise BadInput(
                f"cannot listen on {address[0]} port {address[1]}: {error}",
                hint="Choose another --port, or 0 for any free one.",
            ) from error

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._guard:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients come and go; only the log of answers tells."""

    def stop(self) -> None:
        """Stop listening, wake whoever hangs, and end all connections."""
        self.closing.set()
        self.shutdown()
        with self._guard:
            for connection in self._connections:
                _end(connection)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "Mojolicious (Perl)"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = IDLE_S
    server: PortalServer

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the log of answers is the record."""

    def _serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > BODY_BYTES_MAX:
            self.send_error(413)
            return
        body = self.rfile.read(int(length))
        path, _, query = self.path.partition("?")
        cookie = self.headers.get("Cookie") or ""
        answer = self.server.answer(PortalRequest(self.command, path, query, cookie, body))
        if answer.delay_s:
            self.server.closing.wait(answer.delay_s)
        try:
            if answer.delay_s and _gone(self.connection):
                raise ConnectionResetError
            self._deliver(answer)
        except OSError:
            self.close_connection = True
            if answer.entry:
                self.server.undelivered(answer.entry)

    def _deliver(self, answer: PortalResponse) -> None:
        if answer.delivery is Delivery.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            self.connection.close()
        if answer.delivery is not Delivery.WHOLE or self.server.closing.is_set():
            self.close_connection = True
        if answer.delivery in (Delivery.RESET, Delivery.NOTHING):
            return
        body = answer.body[: len(answer.body) // 2] if answer.delivery is Delivery.HALF else answer.body
        self.wfile.write(self._head(answer) + (b"" if self.command == "HEAD" else body))

    def _head(self, answer: PortalResponse) -> bytes:
        self.send_response_only(answer.status)
        self.send_header("PortalServer", self.server_version)
        self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers:
            self.send_header(name, value)
        lines: list[bytes] = self._headers_buffer  # type: ignore[attr-defined]
        head = b"".join([*lines, b"\r\n"])
        lines.clear()
        return head


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate)
    except (OSError, ssl.SSLError) as error:
        raise BadInput(
            f"the certificate {certificate} cannot be used: {error}",
            hint="Name a PEM file with a private key and its certificate.",
        ) from error
    return context


def _gone(connection: socket.socket) -> bool:
    """Whether the client has closed; unknown, so False, under TLS."""
    if isinstance(connection, ssl.SSLSocket) or not select.select([connection], [], [], 0)[0]:
        return False
    return connection.recv(1, socket.MSG_PEEK) == b""


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return

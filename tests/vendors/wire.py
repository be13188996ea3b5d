"""A server made of bytes: says exactly what a test tells it to, and remembers what it heard."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO, Self


@dataclass(frozen=True)
class Heard:
    """A request as it arrived; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


Answerer = Callable[[Heard], Iterable[bytes]]


def reply(status: int, body: str | bytes = b"", *headers: tuple[str, str]) -> list[bytes]:
    """A whole, well-formed answer."""
    sent = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status} X",
        f"content-length: {len(sent)}",
        *(f"{key}: {value}" for key, value in headers),
    ]
    return ["\r\n".join([*lines, "", ""]).encode() + sent]


class Wire:
    """``with Wire(answer) as wire: wire.url`` - one thread a connection, connections kept alive."""

    def __init__(self, answer: Answerer, *, certificate: str | None = None) -> None:
        self.heard: list[Heard] = []
        self.connections = 0
        self._answer = answer
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.set_ciphers("DEFAULT:@SECLEVEL=0")
            self._tls.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def paths(self, method: str = "GET") -> list[str]:
        return [request.path for request in self.heard if request.method == method]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            link = connection if self._tls is None else self._tls.wrap_socket(connection, server_side=True)
            with link, link.makefile("rb") as stream:
                while (request := _read(stream)) is not None:
                    self.heard.append(request)
                    for part in self._answer(request):
                        link.sendall(part)


def _read(stream: BinaryIO) -> Heard | None:
    first = stream.readline().decode()
    if not first:
        return None
    method, path, _ = first.split(" ", 2)
    headers: dict[str, str] = {}
    while line := stream.readline().decode().strip():
        key, _, value = line.partition(":")
        headers[key.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0))).decode()
    return Heard(method, path, headers, body)

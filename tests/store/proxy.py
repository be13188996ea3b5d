"""A network that a test cuts: a TCP proxy on loopback between a client and a server."""

import socket
import ssl
import threading
from contextlib import suppress
from enum import StrEnum


class Fault(StrEnum):
    """What happens to the next request: it is lost on the way there, its answer is lost on the way back, or
    nothing ever comes."""

    NONE = "none"
    REQUEST_LOST = "request lost"
    ANSWER_LOST = "answer lost"
    SILENCE = "silence"
    LATE = "late"
    """It is lost as it seems, and yet arrives when the test says so (`Proxy.deliver`)."""
    NO_WRITES = "no writes"
    """Of writes only, for as long as it lasts: nothing ever comes, and reads are answered."""
    EXPIRED = "expired"
    """It is answered, as `sqld` 0.24.32 answers, that its stream has expired."""


EXPIRED = b'{"message":"The stream has expired due to inactivity","code":"STREAM_EXPIRED"}'
EXPIRED_HEAD = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


class Proxy:
    """Passes on whole connections to ``port``; ``fault`` is done to requests, ``faults_left`` times.

    With ``tls`` it is the TLS end of a server that speaks none itself.
    """

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._target = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.fault, self.faults_left = Fault.NONE, 0
        self.requests, self._passing = 0, 0
        self._open: list[socket.socket] = []
        self._late: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, fault: Fault, times: int = 1) -> None:
        self.fault, self.faults_left, self._passing = fault, times, 0

    def cut_after(self, requests: int, fault: Fault) -> None:
        """Do ``fault`` to one request, after ``requests`` that pass."""
        self.fault, self.faults_left, self._passing = fault, 1, requests

    def deliver(self) -> bytes:
        """Hand the late requests on now; the last answer."""
        answer = b""
        for request in self._late:
            with socket.create_connection(self._target) as server:
                server.sendall(request)
                answer = _message(server)
        return answer

    def close(self) -> None:
        """The network is gone: whoever connects or waits for an answer is told at once."""
        for each in (self._listening, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            suppress(OSError),
            self._tls.wrap_socket(client, server_side=True) if self._tls else client as near,
            socket.create_connection(self._target) as server,
        ):
            self._open += [near, server]
            while request := _message(near):
                self.requests += 1
                if not self._exchange(request, near, server):
                    return

    def _exchange(self, request: bytes, client: socket.socket, server: socket.socket) -> bool:
        self._passing -= 1
        fault = self.fault if self.faults_left > 0 and self._passing < 0 else Fault.NONE
        if fault is Fault.NO_WRITES:
            fault = Fault.SILENCE if b"BEGIN IMMEDIATE" in request else Fault.NONE
        else:
            self.faults_left -= fault is not Fault.NONE
        if fault is Fault.LATE:
            self._late.append(request)
        if fault in (Fault.REQUEST_LOST, Fault.LATE):
            return False
        if fault is Fault.EXPIRED:
            client.sendall(EXPIRED_HEAD % len(EXPIRED) + EXPIRED)
            return True
        if fault is Fault.SILENCE:
            client.recv(1)
            return False
        server.sendall(request)
        answer = _message(server)
        if fault is Fault.ANSWER_LOST:
            return False
        client.sendall(answer)
        return bool(answer)


def _message(sender: socket.socket) -> bytes:
    """One HTTP message, whole; empty at the end of the connection."""
    found = b""
    while not _is_whole(found):
        piece = sender.recv(65536)
        if not piece:
            return b""
        found += piece
    return found


def _is_whole(found: bytes) -> bool:
    head, separator, body = found.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length"):
            return bool(separator) and len(body) >= int(line.split(b":")[1])
    return bool(separator) and body.endswith(b"0\r\n\r\n")

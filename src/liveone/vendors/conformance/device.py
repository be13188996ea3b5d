"""A device on loopback that speaks HTTP: it answers what was recorded, or is in trouble."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Trouble = Literal["401", "429", "500", "half a body", "slow", "not JSON", "refused"]

PAGE = "<!doctype html><html><body><h1>It works!</h1></body></html>"


@contextmanager
def served(pages: Mapping[str, Any], trouble: Trouble | None = None) -> Iterator[str]:
    """The url of a device on loopback that answers ``pages`` by path, or is in trouble."""
    if trouble == "refused":
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        return
    server = MisbehavingDevice(pages, trouble)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class MisbehavingDevice(ThreadingHTTPServer):
    """Answers what was recorded, or is in trouble."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, pages: Mapping[str, Any], trouble: Trouble | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages, self.trouble, self.over = pages, trouble, threading.Event()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MisbehavingDevice

    def do_GET(self) -> None:
        trouble = self.server.trouble
        if trouble == "slow":
            self.server.over.wait(60)
            self.close_connection = True
        elif trouble in ("401", "429", "500"):
            self._say(int(trouble), b"{}")
        elif trouble == "not JSON":
            self._say(200, PAGE.encode(), kind="text/html")
        elif self.path not in self.server.pages:
            self._say(404, PAGE.encode(), kind="text/html")
        else:
            body = _body(self.server.pages[self.path])
            if trouble == "half a body":
                self._say(200, body[: len(body) // 2], length=len(body))
                self.close_connection = True
            else:
                self._say(200, body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _say(
        self, status: int, body: bytes, *, kind: str = "application/json", length: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


def _body(page: Any) -> bytes:
    if isinstance(page, bytes):
        return page
    return page.encode() if isinstance(page, str) else json.dumps(page).encode()

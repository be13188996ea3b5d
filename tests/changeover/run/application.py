"""An application to ask over real HTTP, that answers as a test tells it to."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, object]


@dataclass
class Application:
    """``answer`` gets how many requests came before; ``bodies`` are what was posted."""

    answer: Callable[[int], Answer] = lambda number: (200, {"status": "ok"})
    hang_s: float = 0.0
    asked: int = 0
    port: int = 0
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(application: Application) -> Iterator[Application]:
    """Serve on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply()

        def do_POST(self) -> None:
            application.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self._reply()

        def _reply(self) -> None:
            number = application.asked
            application.asked += 1
            application.headers.append(dict(self.headers))
            time.sleep(application.hang_s)
            status, document = application.answer(number)
            body = json.dumps(document).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    application.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield application
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

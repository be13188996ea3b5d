"""An answer of 200 that is no libSQL server's (a captive portal's, say) leaves the outcome unknown."""

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from hrana import wire
from hrana.address import parse
from hrana.client import Client
from hrana.errors import OutcomeUnknown
from hrana.wire import WireStatement
from timed_http.deadline import Deadline


class Stranger(BaseHTTPRequestHandler):
    """Says ``body`` to everybody; a fake, because no real server does."""

    body = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    server = HTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with closing(Client(parse(f"http://127.0.0.1:{server.server_port}"), agent="tests")) as found:
        yield found
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Please log in</html>", b"[]", b"null", b"{}", b'{"results": []}', b'{"results": [7]}'],
)
def test_it_is_an_outcome_unknown(client: Client, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    monkeypatch.setattr(Stranger, "body", body)
    with pytest.raises(OutcomeUnknown, match="did not answer"):
        client.pipeline(wire.execute(WireStatement("DELETE FROM t")), Deadline(5))

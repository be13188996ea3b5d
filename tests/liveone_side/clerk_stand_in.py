"""A stand-in for Clerk's backend API that speaks its documented shapes over HTTP. It is not Clerk.

`GET /v1/users/{id}` with `Authorization: Bearer <key>`: 200 with a user object, 401
`authentication_invalid`, 404 `resource_not_found`, 429 with `Retry-After`; errors as
`{"errors": [...], "clerk_trace_id": ...}`. `troubles` are answers given first, one a request: a status, or
`hang`, `cut`, `html`.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk_test_standInSecretKey0123456789"


def user(account_id: str, email: str, **more: object) -> dict[str, object]:
    """A user object as `GET /v1/users/{id}` gives it, shortened to what a client may rely on."""
    return {
        "id": account_id,
        "object": "user",
        "username": None,
        "first_name": None,
        "primary_email_address_id": "idn_1",
        "email_addresses": [
            {"id": "idn_0", "object": "email_address", "email_address": f"old.{email}"},
            {"id": "idn_1", "object": "email_address", "email_address": email},
        ],
        "banned": False,
        "locked": False,
        "created_at": 1708103362688,
        **more,
    }


@dataclass
class StandIn:
    """`users` by id, `troubles` to come, `asked` paths so far."""

    url: str = ""
    users: dict[str, dict[str, object]] = field(default_factory=dict)
    troubles: list[int | str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def errors(code: str, message: str) -> bytes:
    entry = {"message": message, "long_message": message, "code": code}
    return json.dumps({"errors": [entry], "clerk_trace_id": "b5a1f4e2"}).encode()


@contextmanager
def running(*users: dict[str, object]) -> Iterator[StandIn]:
    """A stand-in that listens on a free port of this machine."""
    state = StandIn(users={str(each["id"]): each for each in users})
    done = threading.Event()

    class Desk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            trouble = state.troubles.pop(0) if state.troubles else None
            if trouble == "hang":
                done.wait(30)
            elif trouble == "cut":
                self.send_response(200)
                self.send_header("content-length", "1000")
                self.end_headers()
                self.wfile.write(b'{"object": "user", "id": "user_2simon"')
            elif trouble == "html":
                self._say(404, b"<html>nginx</html>")
            elif isinstance(trouble, int):
                self._say(trouble, errors("too_many_requests" if trouble == 429 else "internal", "Trouble"))
            elif self.headers["authorization"] != f"Bearer {KEY}":
                self._say(401, errors("authentication_invalid", "Invalid authentication"))
            else:
                self._find(self.path.removeprefix("/v1/users/"))

        def _find(self, account_id: str) -> None:
            found = state.users.get(account_id)
            if found is None:
                self._say(404, errors("resource_not_found", "Resource not found"))
            else:
                self._say(200, json.dumps(found).encode())

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            if status == 429:
                self.send_header("retry-after", "7")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        done.set()
        server.shutdown()
        server.server_close()
        thread.join()

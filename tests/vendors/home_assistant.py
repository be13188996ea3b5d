"""A Home Assistant on loopback as far as its WebSocket API is used here: states, statistics, troubles."""

import contextlib
import http
import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from liveone.vendors.conformance.device import PAGE, Trouble

TOKEN = "kit-Secret-7f3a"


class HomeAssistantStandIn:
    """Answers from ``states`` (in Home Assistant's short form), ``statistics`` by period and id, and whatever
    ``results`` holds by command. ``heard`` are the commands it was sent."""

    def __init__(
        self,
        states: Mapping[str, Any],
        *,
        trouble: Trouble | None = None,
        token: str = TOKEN,
        statistics: Mapping[str, Mapping[str, Any]] | None = None,
        results: Mapping[str, Any] | None = None,
    ) -> None:
        self.states, self.trouble, self.token = dict(states), trouble, token
        self.statistics, self.results = statistics or {}, dict(results or {})
        self.heard: list[dict[str, Any]] = []
        self.logins = 0
        self.over = threading.Event()
        self.links: list[ServerConnection] = []

    def refused(self, connection: ServerConnection, request: Request) -> Response | None:
        """An answer in place of a WebSocket, by the trouble."""
        if self.trouble in ("429", "500"):
            return connection.respond(http.HTTPStatus(int(self.trouble)), "")
        if self.trouble == "not JSON":
            return Response(200, "OK", Headers({"content-length": str(len(PAGE))}), PAGE.encode())
        return None

    def talk(self, link: ServerConnection) -> None:
        """One conversation."""
        self.links.append(link)
        with contextlib.suppress(ConnectionClosed):
            self._let_in(link)
            for text in link:
                self._answer(link, json.loads(text))

    def drop(self) -> None:
        """Break off every connection, as a restart does."""
        for link in self.links:
            link.socket.close()
        self.links.clear()

    def _let_in(self, link: ServerConnection) -> None:
        if self.trouble == "slow":
            self.over.wait(60)
        link.send(json.dumps({"type": "auth_required", "ha_version": "2026.11.0"}))
        sent = json.loads(link.recv())
        self.logins += 1
        if self.trouble == "401" or sent.get("access_token") != self.token:
            link.send(json.dumps({"type": "auth_invalid", "message": "Invalid access token or password"}))
            link.close()
            return
        link.send(json.dumps({"type": "auth_ok", "ha_version": "2026.11.0"}))
        if self.trouble == "half a body":
            link.recv()
            link.send('{"id": 1, "type": "res')

    def _answer(self, link: ServerConnection, command: dict[str, Any]) -> None:
        self.heard.append(command)
        number, kind = command["id"], command["type"]
        if kind == "subscribe_entities":
            chosen = {key: self.states[key] for key in command["entity_ids"] if key in self.states}
            self._say(link, number, None)
            link.send(json.dumps({"id": number, "type": "event", "event": {"a": chosen}}))
        elif kind == "config/entity_registry/list_for_display":
            self._say(link, number, {"entities": [{"ei": key} for key in self.states]})
        elif kind == "recorder/statistics_during_period":
            kept = self.statistics.get(command["period"], {})
            self._say(link, number, {key: kept[key] for key in command["statistic_ids"] if key in kept})
        elif kind in self.results:
            found = self.results[kind]
            self._say(link, number, found(command) if callable(found) else found)
        elif kind == "unsubscribe_events":
            self._say(link, number, None)
        else:
            error = {"code": "unknown_command", "message": f"Unknown command. Token {self.token}"}
            link.send(json.dumps({"id": number, "type": "result", "success": False, "error": error}))

    def _say(self, link: ServerConnection, number: int, result: Any) -> None:
        link.send(json.dumps({"id": number, "type": "result", "success": True, "result": result}))


@contextmanager
def home_assistant(stand_in: HomeAssistantStandIn) -> Iterator[str]:
    """The url of a stand-in."""
    silent = logging.getLogger(__name__)
    silent.disabled = True
    server: Server = serve(
        stand_in.talk, "127.0.0.1", 0, process_request=stand_in.refused, max_size=None, logger=silent
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
    finally:
        stand_in.over.set()
        server.shutdown()
        thread.join(10)


def state(value: object, unit: str | None = None, name: str = "Entity") -> dict[str, Any]:
    """An entity's state in the short form."""
    attributes = {"friendly_name": name} | ({} if unit is None else {"unit_of_measurement": unit})
    return {"s": str(value), "a": attributes, "c": "01", "lc": 1.0}

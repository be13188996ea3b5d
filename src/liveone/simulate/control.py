"""The levers of the pretended portal over HTTP, beside the vendor's own addresses.

``GET /control`` what is in force and how often was asked; ``POST /control/faults`` with a fault's text as
body (or JSON ``{"fault": text}``); ``DELETE /control/faults`` or ``/control/faults/3``; ``POST
/control/sessions/end``; ``GET /control/log?after=17&limit=1000``. There is no log-in: keep it on loopback.
"""

from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import parse_qs

import orjson

from liveone.errors import BadInput
from liveone.simulate.accounts import Sessions
from liveone.simulate.answers import PortalRequest, PortalResponse, json_answer
from liveone.simulate.faults import FaultBook
from liveone.simulate.log import ServedLog

PREFIX = "/control"
ENTRIES_MAX = 10_000


class Control:
    """Answers what is asked under ``/control``."""

    def __init__(
        self, faults: FaultBook, sessions: Sessions, log: ServedLog, counts: Mapping[str, int]
    ) -> None:
        self._faults, self._sessions, self._log, self._counts = faults, sessions, log, counts

    def answer(self, request: PortalRequest) -> PortalResponse:
        """The answer; what cannot be understood is a 400 with ``error`` and ``hint``."""
        try:
            return self._answer(request)
        except BadInput as error:
            return json_answer({"error": error.args[0], "hint": error.hint}, 400)

    def _answer(self, request: PortalRequest) -> PortalResponse:
        parts = request.path.strip("/").split("/")[1:]
        match (request.method, parts):
            case ("GET", []):
                return json_answer({"faults": self._in_force(), "counts": dict(self._counts)})
            case ("GET", ["faults"]):
                return json_answer(self._in_force())
            case ("POST", ["faults"]):
                return json_answer({"number": self._faults.add(_fault_text(request.body))}, 201)
            case ("DELETE", ["faults"]):
                self._faults.clear()
                return json_answer({})
            case ("DELETE", ["faults", number]) if number.isdigit():
                return json_answer({}, 200 if self._faults.remove(int(number)) else 404)
            case ("POST", ["sessions", "end"]):
                self._sessions.end_all()
                return json_answer({})
            case ("GET", ["log"]):
                return json_answer(self._entries(request.query))
            case _:
                raise BadInput(
                    f"there is no {request.method} {request.path}", hint=__doc__.partition("\n\n")[2]
                )

    def _in_force(self) -> dict[str, object]:
        return {str(number): asdict(rule) for number, rule in self._faults.in_force().items()}

    def _entries(self, query: str) -> list[dict[str, object]]:
        asked = parse_qs(query)
        try:
            after, limit = int(asked.get("after", ["0"])[0]), int(asked.get("limit", ["1000"])[0])
        except ValueError:
            raise BadInput("after and limit are whole numbers", hint="As in /control/log?after=17") from None
        newer = [asdict(entry) for entry in self._log.entries() if entry.n > after]
        return newer[: max(0, min(limit, ENTRIES_MAX))]


def _fault_text(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    if not text.startswith("{"):
        return text
    try:
        return str(orjson.loads(text).get("fault", ""))
    except orjson.JSONDecodeError as error:
        raise BadInput(
            f"the body is not JSON: {error}", hint='Send {"fault": "hang@30%"} or the text.'
        ) from None

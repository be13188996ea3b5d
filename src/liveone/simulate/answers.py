"""What goes over the wire: requests as the portal sees them, answers and how they are delivered."""

import math
from dataclasses import dataclass, replace
from enum import Enum

import orjson

from liveone.simulate.faults import PortalFault
from liveone.simulate.log import Served
from liveone.simulate.pages import message_page

HANG_S = 600.0
SLOW_S = 2.0
RETRY_AFTER_S = 60
DELAY_S_MAX = 3600.0

JSON = "application/json"
HTML = "text/html;charset=UTF-8"


class Delivery(Enum):
    """How an answer reaches the client, or does not."""

    WHOLE = "whole"
    HALF = "half"
    NOTHING = "nothing"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class PortalRequest:
    """One HTTP request; ``path`` without its query, ``cookie`` the Cookie header."""

    method: str
    path: str
    query: str = ""
    cookie: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class PortalResponse:
    """One HTTP answer; it waits ``delay_s`` before it is delivered. ``entry`` is its line in the log."""

    status: int
    body: bytes = b""
    content_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = Delivery.WHOLE
    delay_s: float = 0.0
    entry: Served | None = None

    @property
    def whole(self) -> bool:
        """Whether a patient client gets the answer as it was meant."""
        return self.delivery is Delivery.WHOLE


def json_answer(value: object, status: int = 200) -> PortalResponse:
    return PortalResponse(status, orjson.dumps(value), JSON)


def page_answer(html: str, status: int = 200) -> PortalResponse:
    return PortalResponse(status, html.encode(), HTML)


def redirect(location: str, *cookies: str) -> PortalResponse:
    return PortalResponse(
        302, headers=(("Location", location), *(("Set-Cookie", cookie) for cookie in cookies))
    )


def error_answer(status: int) -> PortalResponse:
    """An error as a web server in front of the portal words it."""
    texts = {401: "Unauthorized", 404: "Page not found", 429: "Too many requests", 503: "Service unavailable"}
    text = texts.get(status, "Server error")
    return page_answer(
        message_page(f"{status} {text}", "The page you were looking for is not available."), status
    )


def misanswer(answer: PortalResponse, rules: list[PortalFault]) -> PortalResponse:
    """The answer as it is given under the rules that are not about payload; of errors the first counts."""
    replaced = False
    for rule in rules:
        if rule.kind in _DELIVERIES:
            answer = _DELIVERIES[rule.kind](answer, rule)
        elif not replaced and (other := _instead(rule)) is not None:
            answer = replace(other, delivery=answer.delivery, delay_s=answer.delay_s)
            replaced = True
    return answer


def _instead(rule: PortalFault) -> PortalResponse | None:
    """The answer that a rule puts in place of the right one."""
    if rule.kind.startswith("status"):
        return error_answer(int(rule.kind.removeprefix("status")))
    match rule.kind:
        case "unauthorized":
            return error_answer(401)
        case "login":
            return redirect("/login")
        case "html":
            return page_answer(message_page("Maintenance", "Select.Live is being updated, please come back."))
        case "ratelimit":
            retry_after = ("Retry-After", str(math.ceil(_seconds(rule, RETRY_AFTER_S))))
            return replace(error_answer(429), headers=(retry_after,))
        case "empty":
            return PortalResponse(200, b"", JSON)
        case _:
            return None


def _seconds(rule: PortalFault, otherwise: float) -> float:
    return min(DELAY_S_MAX, max(0.0, float(rule.value))) if rule.value else otherwise


_DELIVERIES = {
    "half": lambda answer, rule: replace(answer, delivery=Delivery.HALF),
    "reset": lambda answer, rule: replace(answer, delivery=Delivery.RESET),
    "hang": lambda answer, rule: replace(answer, delivery=Delivery.NOTHING, delay_s=_seconds(rule, HANG_S)),
    "slow": lambda answer, rule: replace(answer, delay_s=_seconds(rule, SLOW_S)),
}

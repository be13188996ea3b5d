"""Misbehaviour at command: rules written as short texts, and the book that says which apply to a request.

A rule is ``KIND[:VALUE][@CONDITION[,CONDITION...]]``, for example ``hang@30%``,
``status500@minute50``, ``null:grid_w@site=1586,from=+60,until=+120`` or ``glitch:solar@once``.
KINDS and CONDITIONS say what there is.
"""

import itertools
import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from liveone.errors import BadInput

KINDS = {
    "unauthorized": "401 without a word",
    "login": "a redirect to the login page, as when the session has ended",
    "html": "200 with an HTML page instead of JSON",
    "status500": "an error of the portal; any status400 to status599",
    "ratelimit": "429; the value is Retry-After in seconds (default 60)",
    "empty": "200 with nothing in it",
    "half": "half of the body, then the connection closes",
    "hang": "no answer; the value is after how many seconds the connection closes (default 600)",
    "slow": "the right answer, late; the value is by how many seconds (default 2)",
    "reset": "the connection is reset instead of an answer",
    "repeat": "the sample that was served last, again",
    "missing": "the field named by the value is absent",
    "null": "the field named by the value is null",
    "text": "the number in the field named by the value is a string",
    "counterreset": "counters begin again at 0 and go on from there; the value names one (default all)",
    "glitch": "counters read 0 for this answer; the value names one (default all)",
    "clock": "the device's clock is wrong by the value in seconds (default 3600)",
}
CONDITIONS = {
    "30%": "for that share of requests",
    "minute50": "in that minute of every hour",
    "site=1586": "for that site only",
    "on=data": "for those requests only: data (the default), login, list, page, devices or any",
    "once": "one time; also times=3",
    "from=1755310673": "from that portal time on; +60 is 60 seconds from now",
    "until=1755310700": "until that portal time, exclusive; +60 as above",
}
PAYLOAD_KINDS = frozenset({"missing", "null", "text", "counterreset", "glitch", "clock", "repeat"})
"""Kinds that change a sample; the others change how it is answered."""
_NEEDS_FIELD = frozenset({"missing", "null", "text"})
_NUMERIC = frozenset({"ratelimit", "hang", "slow", "clock"})
_ONE_TIME = frozenset({"counterreset", "glitch"})
AREAS = ("data", "login", "list", "page", "devices", "any")
RULES_MAX = 1000


@dataclass(frozen=True, slots=True)
class PortalFault:
    """One misbehaviour and when it applies; portal times in UTC epoch seconds, ``until_at`` exclusive."""

    kind: str
    value: str = ""
    site: str | None = None
    area: str = "data"
    share: float = 1.0
    minute: int | None = None
    from_at: float | None = None
    until_at: float | None = None
    times: int | None = None

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else self.kind

    def fits(self, area: str, site: str | None, at: float) -> bool:
        """Whether everything but chance and count allows it now."""
        return (
            self.area in (area, "any")
            and (self.site is None or self.site == site)
            and (self.minute is None or int(at) // 60 % 60 == self.minute)
            and (self.from_at is None or at >= self.from_at)
            and (self.until_at is None or at < self.until_at)
        )


def parse_rule(text: str, *, now_at: float = 0.0) -> PortalFault:
    """A rule from its text. Raises BadInput that lists what is allowed."""
    head, _, tail = text.strip().partition("@")
    kind, _, value = (part.strip() for part in head.partition(":"))
    if kind not in KINDS and not re.fullmatch(r"status[45]\d\d", kind):
        raise _bad(text, f"there is no fault {kind!r}", KINDS)
    if kind in _NEEDS_FIELD and not value:
        raise _bad(text, f"{kind} needs a field, as in {kind}:grid_w", KINDS)
    if kind in _NUMERIC and value:
        _number(text, value)
    settings: dict[str, Any] = {}
    for condition in filter(None, (part.strip() for part in tail.split(","))):
        settings |= _condition(text, condition, now_at)
    if kind in _ONE_TIME and not settings.keys() & {"times", "share", "until_at"}:
        settings["times"] = 1
    return PortalFault(kind, value, **settings)


def _condition(text: str, condition: str, now_at: float) -> dict[str, Any]:
    if condition == "once":
        return {"times": 1}
    if condition.endswith("%"):
        share = _number(text, condition[:-1]) / 100.0
        if not 0.0 <= share <= 1.0:
            raise _bad(text, f"{condition} is not a share", CONDITIONS)
        return {"share": share}
    if minute := re.fullmatch(r"minute=?([0-5]?\d)", condition):
        return {"minute": int(minute[1])}
    name, found, value = condition.partition("=")
    if found and name == "site":
        return {"site": value}
    if found and name == "on" and value in AREAS:
        return {"area": value}
    if found and name == "times" and value.isdigit():
        return {"times": int(value)}
    if found and name in ("from", "until"):
        return {f"{name}_at": _number(text, value) + (now_at if value.startswith("+") else 0.0)}
    raise _bad(text, f"{condition!r} is not a condition", CONDITIONS)


def _number(text: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise _bad(text, f"{value!r} is not a number", CONDITIONS) from None


def _bad(text: str, why: str, allowed: dict[str, str]) -> BadInput:
    choices = "\n  ".join(f"{name:<16} {meaning}" for name, meaning in allowed.items())
    return BadInput(f"the fault {text!r} cannot be understood: {why}", hint=f"What there is:\n  {choices}")


class FaultBook:
    """The rules in force. Safe to use from many threads; chance comes from ``seed``."""

    def __init__(self, now: Callable[[], float], *, seed: int = 0) -> None:
        self._now, self._chance, self._lock = now, random.Random(seed), threading.Lock()
        self._numbers = itertools.count(1)
        self._rules: dict[int, PortalFault] = {}
        self._left: dict[int, int] = {}

    def add(self, rule: PortalFault | str) -> int:
        """Put a rule in force; its number is for ``remove``."""
        made = parse_rule(rule, now_at=self._now()) if isinstance(rule, str) else rule
        with self._lock:
            if len(self._rules) >= RULES_MAX:
                raise BadInput(f"there are {RULES_MAX} faults in force", hint="Remove some first.")
            number = next(self._numbers)
            self._rules[number] = made
            if made.times is not None:
                self._left[number] = made.times
        return number

    def remove(self, number: int) -> bool:
        """Whether there was such a rule."""
        with self._lock:
            self._left.pop(number, None)
            return self._rules.pop(number, None) is not None

    def clear(self) -> None:
        """Behave again (but a counter that was reset stays so)."""
        with self._lock:
            self._rules.clear()
            self._left.clear()

    def in_force(self) -> dict[int, PortalFault]:
        with self._lock:
            return dict(self._rules)

    def draw(self, area: str, site: str | None) -> list[PortalFault]:
        """The rules that strike this request, in the order they were added."""
        if not self._rules:
            return []
        at = self._now()
        with self._lock:
            return [
                rule
                for number, rule in list(self._rules.items())
                if self._strikes(number, rule, area, site, at)
            ]

    def _strikes(self, number: int, rule: PortalFault, area: str, site: str | None, at: float) -> bool:
        if not rule.fits(area, site, at) or (rule.share < 1.0 and self._chance.random() >= rule.share):
            return False
        if number in self._left:
            self._left[number] -= 1
            if self._left[number] <= 0:
                del self._rules[number], self._left[number]
        return True

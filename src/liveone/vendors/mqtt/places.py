"""Where a value stands among topics: ``home/pv power`` is the number that a topic says, ``home/pv $.power`` a
value in its JSON, ``home/+/pv $.kw * 1000`` the sum of several, scaled, and `` + `` joins what adds up. Pure.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonpath import JSONPath, JSONPathError, compile

from liveone.errors import ConfigError
from liveone.vendors.answers import quantity

TOPIC_BYTES_MAX = 1000
_FACTOR = re.compile(r"(.*\S)\s+\*\s+(-?\d{1,9}(?:\.\d{1,9})?)\s*", re.DOTALL)
_SUCH_AS = "Such as home/pv/power, home/meter $.power * -1, or solar/+/power."


class NoSuchPart:
    """What a device says of a part that it has not got: null, or an emptied topic."""


class Overdue:
    """In the place of a payload that is older than values hold."""


NO_SUCH_PART, OVERDUE = NoSuchPart(), Overdue()
Found = float | NoSuchPart | None
"""A number; a part that is not there; or None, for what should be a number and is none."""


@dataclass(frozen=True, slots=True)
class TopicTerm:
    """A topic, or all that a filter with ``+`` lets through; where in its JSON; what it is multiplied by."""

    topics: str
    path: JSONPath | None
    factor: float

    def matches(self, topic: str) -> bool:
        """Whether it is about this topic."""
        wanted, levels = self.topics.split("/"), topic.split("/")
        return len(wanted) == len(levels) and all(
            each in ("+", level) for each, level in zip(wanted, levels, strict=True)
        )

    def value(self, payload: Any) -> Found:
        """The value in a payload: text, or JSON where there is a path."""
        if isinstance(payload, Overdue):
            return None
        if payload is None or payload == "":
            return NO_SUCH_PART
        if self.path is None:
            return self._scaled(payload)
        if not isinstance(payload, Mapping | list):
            return None
        found = self.path.findall(payload)
        if len(found) == 1 and isinstance(found[0], list):
            found = found[0]
        if found and all(each is None for each in found):
            return NO_SUCH_PART
        parts = [self._scaled(each) for each in found]
        numbers = [part for part in parts if part is not None]
        return sum(numbers) if numbers and len(numbers) == len(parts) else None

    def _scaled(self, value: object) -> float | None:
        number = quantity(value)
        return None if number is None else number * self.factor


Place = tuple[TopicTerm, ...]
"""The terms of one value, which add up."""


@lru_cache(maxsize=500)
def place_of(name: str, text: str) -> Place:
    """The place that a text names. Raises ConfigError that says which setting is wrong."""
    return tuple(_term(name, each) for each in re.split(r"\s\+\s", text))


def topic_filter(name: str, text: str, *, wildcards: bool = True) -> str:
    """A topic that can be subscribed to. Raises ConfigError."""
    levels = text.split("/")
    if not text or len(text.encode()) > TOPIC_BYTES_MAX or not text.isprintable():
        raise ConfigError(f"{name}: {text[:40]!r} is no topic", hint=_SUCH_AS)
    if "#" in text:
        raise ConfigError(
            f"{name}: # stands for topics of every kind, which cannot be one value", hint=_SUCH_AS
        )
    if any("+" in level and (level != "+" or not wildcards) for level in levels):
        raise ConfigError(
            f"{name}: {text[:40]!r} is no topic",
            hint=f"+ stands for one whole level between slashes. {_SUCH_AS}",
        )
    return text


def decoded(payload: bytes) -> Any:
    """A payload as JSON where it is JSON, else as text; None where it is neither."""
    try:
        text = payload.decode().strip()
    except UnicodeDecodeError:
        return "?"
    try:
        return json.loads(text) if text else ""
    except (ValueError, RecursionError):
        return text


def total(parts: Mapping[str, Found]) -> float | None:
    """The sum of what is there; absent where one of the parts should be a number and is none."""
    there = [part for part in parts.values() if not isinstance(part, NoSuchPart)]
    known = [part for part in there if part is not None]
    return sum(known) if known and len(known) == len(there) else None


def value_in(place: Place, payloads: Mapping[str, Any]) -> float | None:
    """The value that stands at a place, in the payloads of topics; absent where one of its parts is."""
    parts = {
        f"{number} {topic}": term.value(payload)
        for number, term in enumerate(place)
        for topic, payload in payloads.items()
        if term.matches(topic)
    }
    return total(parts)


def _term(name: str, text: str) -> TopicTerm:
    found = _FACTOR.fullmatch(text)
    place, factor = (found[1], float(found[2])) if found else (text, 1.0)
    topic, dollar, path = place.partition(" $")
    topics = topic_filter(name, topic.strip())
    if not dollar:
        return TopicTerm(topics, None, factor)
    try:
        compiled = compile(f"${path.strip()}")
    except JSONPathError as error:
        raise ConfigError(f"{name} is no JSONPath: {str(error).splitlines()[0]}", hint=_SUCH_AS) from None
    if not isinstance(compiled, JSONPath):
        raise ConfigError(f"{name} must be one JSONPath", hint=_SUCH_AS)
    return TopicTerm(topics, compiled, factor)

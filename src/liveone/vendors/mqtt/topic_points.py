"""Values beyond the house's balance among topics. Pure.

A key with ``+`` is a point for each topic: in ``mppt_+_w`` stands, for the ``+``, what stands for it in the
topic.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from liveone.domain.points import COUNTER, Point, unit_of
from liveone.errors import ConfigError
from liveone.vendors.answers import points
from liveone.vendors.mqtt.places import Place, place_of, value_in

_NOT_IN_KEYS = re.compile(r"[^a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class TopicPoint:
    """A point, and the place of its value; or one for each topic, where its ``key`` has a ``+``."""

    key: str
    name: str
    unit: str
    place: Place

    @property
    def is_counter(self) -> bool:
        """Whether its newest value counts, and no mean."""
        return self.key.endswith(COUNTER)

    def matches(self, topic: str) -> bool:
        """Whether it is about this topic."""
        return any(term.matches(topic) for term in self.place)

    def values(self, payloads: Mapping[str, Any]) -> Iterator[tuple["TopicPoint", float | None]]:
        """Itself with its value; or those that it stands for, each with its own."""
        if "+" not in self.key:
            yield self, value_in(self.place, payloads)
            return
        for topic, payload in payloads.items():
            if self.matches(topic):
                yield self._of(topic), value_in(self.place, {topic: payload})

    def _of(self, topic: str) -> "TopicPoint":
        """The one that stands for a topic."""
        wanted = zip(self.place[0].topics.split("/"), topic.split("/"), strict=True)
        key, name = self.key, self.name
        for level in (level for each, level in wanted if each == "+"):
            key = key.replace("+", _NOT_IN_KEYS.sub("_", level.lower()), 1)
            name = name.replace("+", level, 1)
        return replace(self, key=key, name=name)


def topic_point(key: str, text: str, name: str = "") -> TopicPoint:
    """The point that a key and the text of its place name. Raises ConfigError."""
    place = place_of(f"points: {key}", text)
    if "+" in key and (len(place) > 1 or key.count("+") != place[0].topics.split("/").count("+")):
        raise ConfigError(
            f"points: {key} needs one topic with as many +", hint="Such as mppt_+_w = home/solar/+/power."
        )
    return TopicPoint(key, name or key, unit_of(key), place)


def values_of(
    wanted: Iterable[TopicPoint], payloads: Mapping[str, Any]
) -> list[tuple[TopicPoint, float | None]]:
    """All points with their values; None for what is absent."""
    return [found for each in wanted for found in each.values(payloads)]


def points_of(
    wanted: Iterable[TopicPoint], payloads: Mapping[str, Any], means: Mapping[str, float]
) -> tuple[Point, ...]:
    """The points that are there; ``means`` take the place of their newest values."""
    return points(
        *(
            (each.key, each.name, each.unit, None if value is None else means.get(each.key, value))
            for each, value in values_of(wanted, payloads)
        )
    )

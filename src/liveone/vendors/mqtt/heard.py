"""What was heard of topics: the newest payload of each, when it came, and what powers were since the
last look.

Rule: every value counts for the time that it held, in the mean that a reading takes. What was kept by the
broker is of an unknown age: it counts only where the owner says so, or (``online``) where it says that the
device is away.
"""

import threading
from collections.abc import Mapping
from typing import Any

from liveone.mqtt.link import Message
from liveone.vendors.answers import quantity
from liveone.vendors.means import HeldMean
from liveone.vendors.mqtt.places import OVERDUE, decoded, value_in
from liveone.vendors.mqtt.presets import TopicPlan
from liveone.vendors.mqtt.topic_points import values_of

TOPICS_MAX = 500
"""A filter with + may let through any number of topics: later ones are not taken."""

LAPSED_S = 3600.0
"""A part of a sum that is overdue for so long is no longer waited for: it was taken away."""

_AWAY = frozenset(("offline", "false", "off", "0", "disconnected"))


class HeardTopics:
    """What one source has heard. Safe to call from any thread; times are of the monotonic clock."""

    def __init__(self, plan: TopicPlan) -> None:
        self._plan, self._lock = plan, threading.Lock()
        self._newest: dict[str, tuple[Any, float, bool]] = {}
        self._means: dict[str, HeldMean] = {}
        self._online: Any = None

    def take(self, message: Message, now_s: float) -> None:
        """A message more."""
        payload = decoded(message.payload)
        with self._lock:
            if message.topic == self._plan.online:
                self._online = payload
            if message.topic in self._newest or len(self._newest) < TOPICS_MAX:
                self._newest[message.topic] = payload, now_s, message.is_retained
                self._count(message.topic, now_s)

    def is_away(self) -> bool:
        """Whether the device, or the broker in its name, says that it is not there."""
        said = self._online.get("state") if isinstance(self._online, Mapping) else self._online
        return str(said).lower() in _AWAY

    def topics(self, now_s: float) -> dict[str, dict[str, Any]]:
        """The newest payload of each topic that counts, with its age."""
        with self._lock:
            return self._counting(now_s)

    def take_means(self, now_s: float) -> dict[str, float]:
        """The mean of each power, and of each point that is no counter, since the last time."""
        with self._lock:
            taken = {name: each.take(now_s, self._plan.holds_s) for name, each in self._means.items()}
        return {name: value for name, value in taken.items() if value is not None}

    def has_kept(self) -> bool:
        """Whether all that was heard is what the broker had kept."""
        with self._lock:
            return bool(self._newest) and all(each[2] for each in self._newest.values())

    def _count(self, topic: str, now_s: float) -> None:
        """Bring up to date the means of what this topic is a part of."""
        powers = {
            name: place
            for name, place in self._plan.places.items()
            if name.endswith("_w") and any(term.matches(topic) for term in place)
        }
        points = [each for each in self._plan.points if not each.is_counter and each.matches(topic)]
        if not powers and not points:
            return
        payloads = current(self._plan, self._counting(now_s))
        values = {name: value_in(place, payloads) for name, place in powers.items()}
        values |= {each.key: value for each, value in values_of(points, payloads)}
        for name, value in values.items():
            self._means.setdefault(name, HeldMean()).note(now_s, value, self._plan.holds_s)

    def _counting(self, now_s: float) -> dict[str, dict[str, Any]]:
        return {
            topic: {"payload": payload, "age_s": round(now_s - at_s, 3)}
            for topic, (payload, at_s, is_retained) in self._newest.items()
            if topic != self._plan.online and (not is_retained or self._plan.believes_retained)
        }


def current(plan: TopicPlan, topics: Mapping[str, Any]) -> dict[str, Any]:
    """The payloads of topics; OVERDUE in the place of one that is older than values hold. Pure."""
    found: dict[str, Any] = {}
    for topic, each in topics.items():
        age_s = quantity(each["age_s"])
        if age_s is not None and age_s <= plan.holds_s:
            found[topic] = each["payload"]
        elif age_s is None or age_s <= plan.holds_s + LAPSED_S:
            found[topic] = OVERDUE
    return found

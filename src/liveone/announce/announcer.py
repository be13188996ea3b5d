"""Tells each new reading, and what there is to tell of, for as long as it runs: in a thread of its own.

Rule: what the broker keeps for us is what there is now. A system that was removed or renamed, or that gives
something new, is told anew at once; when Home Assistant or the broker starts anew, everything is said again.
"""

import json
import logging
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from liveone.announce import remembered
from liveone.announce.device import ALWAYS, OFFLINE, ONLINE, Topics, config_of, state_of, told_in
from liveone.announce.energies import never_falling, since_first
from liveone.clock import Clock
from liveone.domain import freshness
from liveone.domain.reading import Reading
from liveone.domain.system import System
from liveone.mqtt.broker import Broker
from liveone.mqtt.link import Message, MqttLink, Will
from liveone.store import readings, systems
from liveone.store.database import StoreError
from liveone.store.store import Store

LOOK_S, ANYWAY_S, NAME_AGAIN_S = 0.5, 30.0, 60.0
"""How often the database's change token is read; how often is looked without a change, for what falls silent;
and how often we say who we are."""

CONFLICT_S = 180.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnnouncerStatus:
    """How it goes: ``problem`` says what is wrong, and ``hint`` what to do; empty while all is well."""

    broker: str
    base: str
    discovery_prefix: str
    is_connected: bool
    devices: int
    told_at: float | None
    problem: str = ""
    hint: str = ""


class Announcer:
    """What one process tells. ``running`` is its life; ``status`` may be asked from any thread."""

    def __init__(
        self, store: Store, clock: Clock, broker: Broker, topics: Topics, *, folder: Path, cadence_s: float,
        release: str,
    ) -> None:  # fmt: skip
        self._store, self._clock, self._topics = store, clock, topics
        self._folder, self._cadence_s, self._release = folder, cadence_s, release
        self._us, self._other_s = secrets.token_hex(8), float("-inf")
        self._link = MqttLink(
            broker,
            (*topics.births, topics.instance),
            heard=self._heard,
            connected=self._say_all_again,
            will=Will(topics.status, OFFLINE),
        )
        self._known = remembered.load(folder, str(broker))
        self._on_disk = self._known
        self._said: dict[str, bytes] = {}
        self._states: dict[int, tuple[Reading, dict[str, Any]]] = {}
        self._kwh: dict[int, list[float | None]] = {}
        self._again, self._ending = threading.Event(), threading.Event()
        self._seen: int | None = None
        self._next_look_s = self._next_name_s = float("-inf")
        self._told_at: float | None = None
        self._failure = ""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Tell while inside; at the end the broker hears that we are gone."""
        thread = threading.Thread(target=self._run, name="announcer", daemon=True)
        self._link.start()
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            self._again.set()
            thread.join(5)
            self._link.close(last=[Message(self._topics.status, OFFLINE)])

    def status(self) -> AnnouncerStatus:
        """How it goes."""
        problem = self._link.problem
        text, hint = (problem.text, problem.hint) if problem else (self._failure, "")
        if not text and time.monotonic() - self._other_s < CONFLICT_S:
            text = f"another LiveOne tells below {self._topics.base!r} at {self._link.broker}, too"
            hint = "Give each its own [mqtt] base."
        return AnnouncerStatus(
            str(self._link.broker), self._topics.base, self._topics.prefix, self._link.is_up,
            sum(1 for topic in list(self._said) if topic.endswith("/state")), self._told_at, text, hint,
        )  # fmt: skip

    def facts(self) -> Mapping[str, Any]:
        """``status`` for a page."""
        return asdict(self.status())

    def _heard(self, message: Message) -> None:
        if message.topic == self._topics.instance:
            if not message.is_retained and message.payload != self._us.encode():
                self._other_s = time.monotonic()
        elif message.payload.strip() == ONLINE:
            self._say_all_again()

    def _say_all_again(self) -> None:
        self._said, self._seen = {}, None
        self._next_look_s = self._next_name_s = float("-inf")
        self._again.set()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._look()
                self._failure = ""
            except StoreError as error:
                self._failure = f"the database does not answer: {error.args[0]}"
            except Exception as fault:
                if not self._failure:
                    log.exception("telling by MQTT failed")
                self._failure = f"telling ended in a fault of LiveOne: {fault!r}"
            self._again.wait(LOOK_S)
            self._again.clear()

    def _look(self) -> None:
        """Tell what is new, where something may be."""
        if not self._link.is_up:
            return
        now_s, token = time.monotonic(), self._store.database.change_token()
        if now_s >= self._next_name_s:
            self._next_name_s = now_s + NAME_AGAIN_S
            self._link.publish(self._topics.instance, self._us.encode())
        if token == self._seen and now_s < self._next_look_s:
            return
        self._seen, self._next_look_s = token, now_s + ANYWAY_S
        self._tell(self._wanted())

    def _wanted(self) -> dict[str, bytes]:
        """What the broker should keep for us, by topic, in the order of saying it. Raises StoreError."""
        now_at = self._clock.now_at()
        newest = readings.latest_many(self._store, now_at)
        wanted: dict[str, bytes] = {}
        for system in systems.list_systems(self._store):
            if system.id in newest and not system.is_import_only:
                wanted |= self._of_system(system, newest[system.id], now_at)
        return wanted | {self._topics.status: ONLINE}

    def _of_system(self, system: System, reading: Reading, now_at: float) -> dict[str, bytes]:
        state = self._state_of(system, reading, now_at)
        told = self._known.told.get(system.id, frozenset(ALWAYS)) | told_in(state)
        if told != self._known.told.get(system.id):
            self._known = replace(self._known, told={**self._known.told, system.id: told})
        speaks = freshness.of(reading.received_time, now_at, self._cadence_s) in ("fresh", "late")
        found = {
            self._topics.state(system.id): json.dumps(state).encode(),
            self._topics.availability(system.id): ONLINE if speaks and system.is_active else OFFLINE,
        }
        if not self._topics.prefix:
            return found
        config = config_of(system, told, self._topics, self._release)
        return {self._topics.config(system.id): json.dumps(config).encode(), **found}

    def _state_of(self, system: System, reading: Reading, now_at: float) -> dict[str, Any]:
        """How a system is; worked out once for each reading."""
        known_of, state = self._states.get(system.id, (None, {}))
        if known_of != reading:
            kwh = since_first(self._store, system, now_at)
            kwh = self._kwh[system.id] = never_falling(self._kwh.get(system.id, kwh), kwh)
            state = state_of(reading, kwh)
            self._states[system.id] = reading, state
        return state

    def _tell(self, wanted: Mapping[str, bytes]) -> None:
        """Publish what differs from what was said; take back what is no longer there."""
        for topic in sorted(self._known.topics.union(self._said).difference(wanted)):
            if not self._link.publish(topic, b"", retain=True, qos=1):
                return
            self._said.pop(topic, None)
        for topic, payload in wanted.items():
            if self._said.get(topic) != payload:
                if not self._link.publish(topic, payload, retain=True, qos=1):
                    return
                self._said[topic] = payload
                self._told_at = self._clock.now_at()
        self._known = replace(self._known, topics=frozenset(wanted))
        if self._known != self._on_disk:
            remembered.save(self._folder, self._known)
            self._on_disk = self._known

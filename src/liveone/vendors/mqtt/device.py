"""A device or a program behind a broker, as a source: it is listened to all the time, and looked at when
polled."""

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, NoReturn

from liveone.domain.sources import Role
from liveone.domain.system import SystemInfo
from liveone.mqtt.broker import Broker
from liveone.mqtt.link import Message, MqttLink
from liveone.vendors.adapter import METER_PARAMETERS, Adapter, Raw
from liveone.vendors.base import CredentialsRefused, Poll, TemporaryFailure, VendorAccount
from liveone.vendors.measures import HOUSE_FIELDS, HOUSE_MEASURES, DeviceSample, Measure, fields_of, roles_of
from liveone.vendors.mqtt.heard import HeardTopics, current
from liveone.vendors.mqtt.places import Overdue, value_in
from liveone.vendors.mqtt.presets import PRESETS, SUCH_AS, TopicPlan, plan_of
from liveone.vendors.mqtt.topic_points import points_of, values_of
from liveone.vendors.named_points import points_parameter
from liveone.vendors.parameters import Settings, VendorParameter
from timed_http.deadline import Deadline

KEEP_ALIVE_S = 30.0
"""A GX forgets after 60 s that somebody listens."""

SETTLE_S = 1.5
"""After the first value so long is waited for those that have not come yet."""

AWAY_S = 60.0
"""While the broker is away for longer, nothing of what it said counts."""

_SIGNS = {"battery_w": ", > 0 discharges", "grid_w": ", > 0 imports"}
_PLACE_HELP = "Topic, and a JSONPath where it says JSON: home/meter $.power * 1000"


def _help(name: str) -> str:
    unit = "%" if name.endswith("_pct") else "kWh" if name.endswith("_total") else "W"
    return f"{_PLACE_HELP}, in {unit}{_SIGNS.get(name, '')}."


class MqttSource(Adapter):
    """Which values it gives is what its settings and its preset say. Safe to call from threads."""

    vendor_type = "mqtt"
    title = "MQTT: Victron GX, Shelly, Tasmota, Zigbee2MQTT, Home Assistant, any topic"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (
        VendorParameter(
            "host", "Broker", "host", required=True, help="Where the broker is, such as 192.168.1.5."
        ),
        VendorParameter(
            "port", "Port", "integer", lowest=1, highest=65_535, help="1883, and 8883 with TLS, if left out."
        ),
        VendorParameter("username", "User name", help="If the broker asks for one."),
        VendorParameter("password", "Password", secret=True, help="If the broker asks for one."),
        VendorParameter("tls", "TLS", "switch", default=False, help="Whether the broker speaks TLS."),
        VendorParameter(
            "verify_tls", "Check its certificate", "switch", default=True, help="With TLS, who the broker is."
        ),
        VendorParameter("ca_file", "Authority", help="A file (PEM): who signed the broker's certificate."),
        VendorParameter("client_id", "Client id", help="Only if the broker wants a certain one."),
        VendorParameter(
            "preset", "Preset", "choice", choices=tuple(PRESETS), default="own",
            help="What sends: its topics are then known. own: you name them all.",
        ),
        VendorParameter(
            "device", "Device", help="What the preset needs: portal id, MQTT prefix, topic, friendly name."
        ),
        VendorParameter(
            "base", "Base", help="What all its topics begin with, if not zigbee2mqtt or homeassistant."
        ),
        VendorParameter("channel", "Channel", help="Of a Shelly: em:0, em1:1, pm1:0, switch:0; Gen1: 0."),
        *METER_PARAMETERS,
        *(VendorParameter(name, label, help=_help(name)) for name, label in HOUSE_FIELDS.items()),
        points_parameter(SUCH_AS),
        VendorParameter("online", "Presence", help="A topic that says online or offline, true or false."),
        VendorParameter(
            "holds_s", "Values hold (s)", "number", lowest=2, highest=172_800,
            help="How long a value counts after it came; longer than the device is ever silent.",
        ),
        VendorParameter(
            "retained", "Believe kept values", "switch",
            help="What a broker kept is of any age: only for what sends nothing but changes.",
        ),
    )  # fmt: skip
    measures: ClassVar[Mapping[str, Measure]] = HOUSE_MEASURES

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        self._plan = _plan(self.settings)
        self._heard = HeardTopics(self._plan)
        self._waits, self._asked_s, self._first_s = True, 0.0, 0.0
        self._link = MqttLink(
            _broker(self.settings),
            self._plan.filters,
            heard=self._take,
            connected=self._ask_for_values,
            tick=self._keep_alive,
        )
        self.on_value: Callable[[], None] = lambda: None
        """Called, in the link's thread, after each message that may hold a value."""

    def __repr__(self) -> str:
        return f"MqttSource({self._link.broker})"

    def follow(self) -> None:
        """Begin to listen, where it has not begun yet."""
        self._link.start()

    def ask(self, deadline: Deadline) -> Raw:
        """What has been heard; the first time it is waited for. Raises VendorError, in words."""
        self.follow()
        if self._waits:
            self._first_values(deadline)
            self._waits = not self._is_settled() and not self._link.is_up
        found = self._usable()
        if not found:
            self._refuse()
        return {"topics": found}

    def poll(self, vendor_site_id: str, *, memory: Mapping[str, Any], now_at: float) -> Poll:
        """The newest values; powers are what they were on average since the last poll."""
        raw = self.asked()
        means = self._heard.take_means(time.monotonic())
        return self.read({**raw, "means": means}, self.settings, now_at=now_at, memory=memory)

    @classmethod
    def streams(cls, settings: Settings) -> bool:
        """Always."""
        return True

    def newest(self, now_at: float) -> Poll | None:
        """What it says at this moment, without waiting; None where that is nothing. Raises VendorError."""
        found = self._usable()
        return self.read({"topics": found}, self.settings, now_at=now_at) if found else None

    @classmethod
    def fields(cls, settings: Settings) -> frozenset[str]:
        """Those that have a place."""
        return fields_of({name: cls.measures[name] for name in _plan(settings).places})

    @classmethod
    def roles(cls, settings: Settings) -> tuple[Role, ...]:
        """Those of its fields."""
        return roles_of(
            cls.fields(settings), "generator" if settings.get("measures") == "generator" else None
        )

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """What topics say that were heard lately; ``means`` take the place of powers and points that are
        there. Points alone are an answer: a device that measures nothing else is whole."""
        plan = _plan(settings)
        payloads = current(plan, raw["topics"])
        means = dict(raw.get("means") or {})
        found = {name: value_in(place, payloads) for name, place in plan.places.items()}
        values: dict[str, object] = {
            name: None if value is None else means.get(name, value) for name, value in found.items()
        }
        points = points_of(plan.points, payloads, means)
        return DeviceSample(values, points=points, points_only=bool(points))

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """What it is called at the broker."""
        return SystemInfo(serial=str(settings["device"]) if "device" in settings else None)

    def close(self) -> None:
        """Leave the broker."""
        super().close()
        self._link.close()

    def _take(self, message: Message) -> None:
        self._heard.take(message, time.monotonic())
        # The settling time begins with the first value, whatever the broker took to connect.
        self._first_s = self._first_s or time.monotonic()
        self.on_value()

    def _usable(self) -> dict[str, dict[str, Any]]:
        """The topics that count now, where one of them is not overdue."""
        now_s = time.monotonic()
        if self._heard.is_away() or now_s - self._link.up_s > AWAY_S:
            return {}
        found = self._heard.topics(now_s)
        payloads = current(self._plan, found)
        return found if any(not isinstance(each, Overdue) for each in payloads.values()) else {}

    def _first_values(self, deadline: Deadline) -> None:
        """Wait for what there is to hear at first, or for a reason why there is nothing."""
        while not self._is_settled() and self._link.problem is None and (left_s := deadline.left_s()) > 0:
            self._link.wait(self._is_settled, min(0.25, left_s))

    def _is_settled(self) -> bool:
        payloads = current(self._plan, self._heard.topics(time.monotonic()))
        values = [value_in(place, payloads) for place in self._plan.places.values()]
        points = values_of(self._plan.points, payloads)
        if None not in (*values, *(value for _, value in points)) and (values or points):
            return True
        waited_s = time.monotonic() - self._first_s
        return self._heard.is_away() or (bool(payloads) and waited_s > SETTLE_S)

    def _refuse(self) -> NoReturn:
        """Say why there is nothing."""
        problem = self._link.problem
        if problem is not None:
            kind = CredentialsRefused if problem.kind == "refused" else TemporaryFailure
            raise kind(problem.text, hint=problem.hint)
        if self._heard.is_away():
            raise TemporaryFailure(
                f"{self._plan.online} says that the device is away", hint="Is it switched on, and connected?"
            )
        if not self._link.is_up:
            raise TemporaryFailure(
                f"{self._link.broker} has not answered yet", hint="Check host, port and TLS."
            )
        kept = ", but values of an unknown age that the broker had kept" if self._heard.has_kept() else ""
        raise TemporaryFailure(
            f"the broker answers, and nothing has come of {self._plan.filters[0]} "
            f"for {self._plan.holds_s:g} s{kept}",
            hint="Does the device send, is the topic right (mosquitto_sub -v -t '#' shows all), "
            "and is holds_s longer than the device is ever silent?",
        )

    def _ask_for_values(self) -> None:
        """A device that sends only to listeners is told at once that there is one."""
        self._asked_s = 0.0
        self._keep_alive()

    def _keep_alive(self) -> None:
        now_s = time.monotonic()
        if self._plan.keep_alive and now_s - self._asked_s >= KEEP_ALIVE_S:
            self._asked_s = now_s
            self._link.publish(self._plan.keep_alive, b"")


def _plan(settings: Settings) -> TopicPlan:
    return _plan_of(tuple(sorted(settings.items())))


@lru_cache(maxsize=200)
def _plan_of(settings: tuple[tuple[str, Any], ...]) -> TopicPlan:
    return plan_of(dict(settings))


def _broker(settings: Settings) -> Broker:
    port = settings.get("port")
    return Broker(
        host=str(settings["host"]).strip("[]"),
        port=None if port is None else int(port),
        username=str(settings.get("username", "")),
        password=str(settings.get("password", "")),
        tls=settings.get("tls") is True,
        verify_tls=settings.get("verify_tls") is not False,
        ca_file=str(settings.get("ca_file", "")),
        client_id=str(settings.get("client_id", "")),
    )

"""A connection that stays: it is made again whenever it ends, in a thread of its own.

Rule: nothing that comes over it stops it. A broker that is away, silent or restarts is tried again, sooner at
first; what it did wrong stands in ``problem`` until it works again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from liveone.mqtt import broker as words
from liveone.mqtt.broker import Broker, BrokerProblem, new_client_id, tls_context

PAYLOAD_BYTES_MAX = 256 * 1024
"""Longer messages are not taken: no value of a house is."""

KEEP_ALIVE_S, ANSWER_S, TICK_S = 30, 5.0, 0.5
PAUSE_S, PAUSE_S_MAX, STEADY_S = 0.5, 30.0, 60.0
"""After a connection that ended, so long is waited, twice as long each time, until one was steady."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """What came. ``is_retained``: the broker had kept it, for a time that nobody knows."""

    topic: str
    payload: bytes
    is_retained: bool = False


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says in our name when we are gone; kept, so that whoever comes later hears it too."""

    topic: str
    payload: bytes


class MqttLink:
    """One client at a broker. ``start`` returns at once; callbacks come from the link's own thread.

    ``connected`` is called after each connection, ``tick`` about twice a second while there is one. ``up_s``
    is when there last was one (of the monotonic clock), ``too_large`` how many messages were too long.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Iterable[str],
        *,
        heard: Callable[[Message], None],
        connected: Callable[[], None] = lambda: None,
        tick: Callable[[], None] = lambda: None,
        will: Will | None = None,
    ) -> None:
        self.broker, self._topics, self._will = broker, tuple(dict.fromkeys(topics)), will
        self._heard, self._connected, self._tick = heard, connected, tick
        self._id = broker.client_id or new_client_id()
        self._protocol = MQTTProtocolVersion.MQTTv5
        self._closing, self._changed = threading.Event(), threading.Condition()
        self._thread: threading.Thread | None = None
        self._client: Client | None = None
        self._is_up = False
        self._problem: BrokerProblem | None = None
        self._ended = ""
        self.too_large, self.up_s = 0, float("-inf")

    @property
    def is_up(self) -> bool:
        """Whether the broker has taken us."""
        return self._is_up

    @property
    def problem(self) -> BrokerProblem | None:
        """What is wrong now; None while there is a connection, and before the first try."""
        return self._problem

    def start(self) -> None:
        """Connect, and stay; a second call changes nothing."""
        with self._changed:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name=f"mqtt {self._id}", daemon=True)
                self._thread.start()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 0) -> bool:
        """Say something; False where there is no connection. With ``qos`` 1 it is sent until it arrived."""
        client = self._client
        if client is None or not self._is_up:
            return False
        return client.publish(topic, payload, qos=qos, retain=retain).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def wait(self, until: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for a state that a message or a connection brings about."""
        with self._changed:
            return self._changed.wait_for(until, timeout_s)

    def close(self, *, last: Iterable[Message] = (), within_s: float = 3.0) -> None:
        """Say the ``last`` messages, take leave of the broker, and end."""
        client = self._client
        if client is not None and self._is_up:
            sent = [client.publish(each.topic, each.payload, qos=1, retain=True) for each in last]
            give_up_s = time.monotonic() + within_s
            while not all(each.is_published() for each in sent) and time.monotonic() < give_up_s:
                time.sleep(0.01)
        self._closing.set()
        if client is not None and client.socket() is not None:
            client.disconnect()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(within_s)

    def _run(self) -> None:
        pause_s = PAUSE_S
        while not self._closing.is_set():
            began_s = time.monotonic()
            try:
                self._connection()
            except Exception as error:
                self._note(words.unreachable(self.broker, error))
                if not isinstance(error, OSError | ValueError):
                    log.exception("the connection to %s ended in a fault", self.broker)
            pause_s = PAUSE_S if time.monotonic() - began_s > STEADY_S else pause_s
            self._closing.wait(pause_s)
            pause_s = min(PAUSE_S_MAX, 2 * pause_s)

    def _connection(self) -> None:
        client = self._new_client()
        self._client, self._ended = client, ""
        try:
            client.connect(self.broker.host, self.broker.reached_at, KEEP_ALIVE_S, **self._asked())
            self._follow(client)
        finally:
            self._is_up, self._client = False, None
            if client.socket() is not None:
                client.disconnect()

    def _follow(self, client: Client) -> None:
        answer_by_s = time.monotonic() + ANSWER_S
        while not self._closing.is_set():
            code = client.loop(TICK_S)
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                if self._is_up or self._problem is None:
                    self._note(words.lost(self.broker, self._ended or _said(code)))
                return
            if self._is_up:
                self.up_s = time.monotonic()
                self._guarded(self._tick)
            elif time.monotonic() > answer_by_s:
                self._note(words.silent(self.broker))
                return

    def _asked(self) -> dict[str, Any]:
        """What MQTT 5 can ask for: a new session, and no message larger than we take."""
        if self._protocol != MQTTProtocolVersion.MQTTv5:
            return {}
        wanted = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wanted.MaximumPacketSize = PAYLOAD_BYTES_MAX + 65_600
        return {"clean_start": True, "properties": wanted}

    def _new_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=self._id, protocol=self._protocol)
        client.connect_timeout = ANSWER_S
        if self.broker.username:
            client.username_pw_set(self.broker.username, self.broker.password or None)
        if self.broker.tls:
            client.tls_set_context(tls_context(self.broker))
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        client.on_connect, client.on_message = self._on_connect, self._on_message
        client.on_disconnect, client.on_subscribe = self._on_disconnect, self._on_subscribe
        return client

    def _on_connect(self, client: Client, _: Any, __: Any, code: ReasonCode, ___: Any) -> None:
        if not code.is_failure:
            if self._topics:
                client.subscribe([(topic, 0) for topic in self._topics])
            self._is_up, self.up_s = True, time.monotonic()
            self._note(None)
            self._guarded(self._connected)
        elif str(code) == "Unsupported protocol version" and self._protocol == MQTTProtocolVersion.MQTTv5:
            self._protocol = MQTTProtocolVersion.MQTTv311
        else:
            self._note(words.refused(self.broker, code))

    def _on_disconnect(self, _: Client, __: Any, ___: Any, code: ReasonCode, ____: Any) -> None:
        self._ended = self._ended or str(code)

    def _on_subscribe(self, _: Client, __: Any, ___: int, codes: list[ReasonCode], ____: Any) -> None:
        refused = [topic for topic, code in zip(self._topics, codes, strict=False) if code.is_failure]
        if refused:
            self._note(
                BrokerProblem(
                    "refused",
                    f"{self.broker} does not let this user read {refused[0]}",
                    "Allow it in the access list of the broker.",
                )
            )

    def _on_message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        if len(message.payload) > PAYLOAD_BYTES_MAX:
            self.too_large += 1
            return
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        self._guarded(lambda: self._heard(Message(topic, bytes(message.payload), message.retain)))
        with self._changed:
            self._changed.notify_all()

    def _note(self, problem: BrokerProblem | None) -> None:
        if problem is not None and problem != self._problem:
            log.warning("%s", problem.text)
        elif problem is None and self._problem is not None:
            log.warning("%s answers again", self.broker)
        with self._changed:
            self._problem = problem
            self._changed.notify_all()

    def _guarded(self, call: Callable[[], None]) -> None:
        """What a callback does wrong is told and ends nothing."""
        try:
            call()
        except Exception:
            log.exception("a message of %s could not be dealt with", self.broker)


def _said(code: MQTTErrorCode) -> str:
    return code.name.removeprefix("MQTT_ERR_").lower().replace("_", " ")

"""Telling by a real broker: what it keeps is what there is, whatever restarts, goes or is renamed."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.mqtt.mosquitto import Mosquitto, broker, until
from tests.web.support import NOW_AT, SetClock, add, seeded

from liveone.announce import announcer as announcer_module
from liveone.announce.announcer import Announcer
from liveone.announce.device import Topics
from liveone.domain.reading import Reading
from liveone.mqtt.broker import Broker
from liveone.mqtt.link import Message, MqttLink
from liveone.store import bulk, readings, systems
from liveone.store.readings import Recorded
from liveone.store.store import Query, Store

CONFIG, STATE = "homeassistant/device/liveone_1/config", "liveone/1/state"


class Listener:
    """Somebody at the broker: what it keeps by topic, and all that came."""

    def __init__(self, port: int) -> None:
        self.kept: dict[str, str] = {}
        self.came: list[str] = []
        self.link = MqttLink(Broker("127.0.0.1", port), ("#",), heard=self._heard)

    def _heard(self, message: Message) -> None:
        self.came.append(message.topic)
        self.kept[message.topic] = message.payload.decode()
        if not message.payload:
            del self.kept[message.topic]

    def json(self, topic: str) -> Any:
        return json.loads(self.kept.get(topic, "{}"))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer_module, "LOOK_S", 0.05)
    monkeypatch.setattr(announcer_module, "ANYWAY_S", 0.2)
    monkeypatch.setattr(announcer_module, "NAME_AGAIN_S", 0.2)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Mosquitto]:
    with broker(tmp_path) as found:
        yield found


@pytest.fixture
def listener(running: Mosquitto) -> Iterator[Listener]:
    found = Listener(running.port)
    found.link.start()
    until(lambda: found.link.is_up, "a listener")
    yield found
    found.link.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = seeded(tmp_path / "liveone.db", days=1)
    yield found
    found.close()


Telling = Callable[..., Any]


@pytest.fixture
def telling(running: Mosquitto, store: Store, tmp_path: Path) -> Telling:
    """A LiveOne that tells of the store."""

    @contextmanager
    def tell(*, base: str = "liveone", prefix: str = "homeassistant", clock: SetClock | None = None) -> Any:
        announcer = Announcer(
            store, clock or SetClock(), Broker("127.0.0.1", running.port), Topics(base, prefix),
            folder=tmp_path / f"spool-{base}" if base == "other" else tmp_path / "spool", cadence_s=60,
            release="0.1.0",
        )  # fmt: skip
        with announcer.running():
            yield announcer

    return tell


def record(store: Store, reading: Reading) -> None:
    readings.record(store, [Recorded(1, reading, "{}", {}, reading.received_time)])


def test_a_system_is_announced_told_and_gone_with_its_process(telling: Telling, listener: Listener) -> None:
    with telling() as announcer:
        until(lambda: STATE in listener.kept and "liveone/status" in listener.kept, "a state")
        assert listener.kept["liveone/status"] == "online"
        assert listener.kept["liveone/1/availability"] == "online"
        config, state = listener.json(CONFIG), listener.json(STATE)
        assert config["device"]["name"] == "Home 1586"
        assert config["state_topic"] == STATE
        assert set(config["components"]) <= set(state)
        assert state["solar_w"] == readings_of(announcer).solar_w
        assert state["solar_kwh"] > 10, "a day of a sunny house"
        status = announcer.status()
        assert (status.is_connected, status.devices, status.problem) == (True, 1, "")
    until(lambda: listener.kept.get("liveone/status") == "offline", "the leave")


def readings_of(announcer: Announcer) -> Reading:
    found = readings.latest(announcer._store, 1, NOW_AT)
    assert found is not None
    return found


def test_new_readings_new_names_and_new_values_are_told(
    telling: Telling, listener: Listener, store: Store
) -> None:
    with telling() as announcer:
        until(lambda: STATE in listener.kept, "a state")
        newest = readings_of(announcer)
        record(store, replace(newest, inverter_time=NOW_AT - 1, solar_w=77, generator_status=None))
        until(lambda: listener.json(STATE).get("solar_w") == 77, "the reading")
        record(store, replace(newest, inverter_time=NOW_AT, received_time=NOW_AT, solar_w=None))
        until(lambda: listener.json(STATE).get("solar_w", 1) is None, "an absent value")
        assert "solar_w" in listener.json(CONFIG)["components"], "it is still announced"
        store.write([Query("systems_edit", (1, "Barn", 600))])
        until(lambda: listener.json(CONFIG)["device"]["name"] == "Barn", "the new name")


def test_a_system_that_says_nothing_is_shown_as_away(
    telling: Telling, listener: Listener, store: Store
) -> None:
    clock = SetClock()
    with telling(clock=clock):
        until(lambda: listener.kept.get("liveone/1/availability") == "online", "it to be there")
        clock.at += 2000
        until(lambda: listener.kept.get("liveone/1/availability") == "offline", "its silence")


def test_what_was_removed_while_nobody_ran_is_taken_back(
    telling: Telling, listener: Listener, store: Store
) -> None:
    second = add(store, "alice", site="2")
    bulk.import_readings(store, second.id, [(NOW_AT - 60, NOW_AT - 58, *[5] * 16)])
    config = f"homeassistant/device/liveone_{second.id}/config"
    with telling():
        until(lambda: config in listener.kept and STATE in listener.kept, "both")
    systems.remove_system(store, second.id)
    with telling():
        left = {config, f"liveone/{second.id}/state"}
        until(lambda: not left & set(listener.kept), "the removal")
        assert CONFIG in listener.kept


def test_another_prefix_and_another_base_leave_nothing_behind(telling: Telling, listener: Listener) -> None:
    with telling():
        until(lambda: CONFIG in listener.kept, "it")
    with telling(prefix="house/ha", base="second"):
        until(lambda: "house/ha/device/second_1/config" in listener.kept, "the new place")
        until(lambda: CONFIG not in listener.kept and STATE not in listener.kept, "the old place to be empty")
    with telling(prefix="", base="second"):
        until(lambda: "house/ha/device/second_1/config" not in listener.kept, "no announcement")
        until(lambda: "second/1/state" in listener.kept, "the state all the same")


def test_everything_is_said_again_to_a_home_assistant_and_a_broker_that_start(
    telling: Telling, listener: Listener, running: Mosquitto
) -> None:
    with telling():
        until(lambda: STATE in listener.kept, "it")
        listener.came.clear()
        running.say("homeassistant/status", "online")
        until(lambda: {CONFIG, STATE} <= set(listener.came), "all of it again")
        running.stop()
        running.start()
        listener.came.clear()
        until(lambda: {CONFIG, STATE, "liveone/status"} <= set(listener.came), "all of it at the new broker")


def test_two_liveones_with_one_base_are_told_of_it(telling: Telling, listener: Listener) -> None:
    with telling() as one:
        until(lambda: one.status().is_connected, "one")
        assert one.status().problem == ""
        with telling() as two:
            until(lambda: "another LiveOne" in one.status().problem + two.status().problem, "the conflict")
            until(lambda: "another LiveOne" in one.status().problem, "the first to hear")
            until(lambda: "another LiveOne" in two.status().problem, "the second to hear")
            assert "base" in two.status().hint


def test_a_broker_that_is_away_is_named(telling: Telling, running: Mosquitto) -> None:
    running.stop()
    with telling() as announcer:
        until(lambda: "cannot reach" in announcer.status().problem, "the reason")
        running.start()
        until(lambda: announcer.status().is_connected and announcer.status().devices == 1, "all is well")
        assert announcer.status().problem == ""

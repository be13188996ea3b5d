"""A device that is asked between polls: every answer counts in the mean; a silent one counts no longer."""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import pytest
from tests.vendors.modbus_device import ModbusDevice
from tests.vendors.test_sunspec import SUN, UNIT, common, device_of
from tests.vendors.wire import Wire, reply

from liveone.vendors.adapter import Raw, account_of
from liveone.vendors.answers import points
from liveone.vendors.base import CredentialsRefused, Poll, RateLimited, TemporaryFailure, VendorError
from liveone.vendors.followed import AFTER_FAILURE_S, AFTER_REFUSAL_S, FollowedAdapter
from liveone.vendors.measures import DeviceSample, Measure
from liveone.vendors.parameters import Settings
from liveone.vendors.shelly.device import ShellyMeter
from liveone.vendors.sunspec.device import SunSpecDevice
from timed_http.deadline import Deadline

PATIENCE_S = 20.0


class Scripted(FollowedAdapter):
    """Gives these values one after the other, each when a test lets it; None is no answer."""

    vendor_type = "scripted"
    title = "Scripted"
    measures: ClassVar[Mapping[str, Measure]] = {
        "solar_w": Measure("W"),
        "grid_w": Measure("W", positive="import"),
    }

    def script(self, *values: float | None) -> None:
        self.values: Iterator[float | None] = iter(values)
        self.asked_times = 0

    def ask(self, deadline: Deadline) -> Raw:
        value = next(self.values, None)
        self.asked_times += 1
        if value is None:
            raise TemporaryFailure("nothing")
        return {"solar_w": value, "grid_w": -value / 2}

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        return DeviceSample(
            dict(raw),
            points=points(("car_w", "Car", "W", raw["solar_w"] * 2), ("n_total", "", "", raw["solar_w"])),
        )


def followed(every_s: float, *values: float | None) -> Scripted:
    adapter = Scripted(account_of("scripted", {"every_s": 1}))
    adapter._every_s = every_s
    adapter.script(*values)
    return adapter


def powers(poll: Poll) -> Sequence[int | None]:
    return poll.reading.solar_w, poll.reading.grid_w, poll.reading.load_w


def test_a_reading_is_the_mean_of_all_answers_since_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock of the test: 100 W hold for 3 s, then 400 W for 1 s."""
    now_s = [1000.0]
    monkeypatch.setattr("liveone.vendors.followed.time.monotonic", lambda: now_s[0])
    adapter = followed(4.0, 100, 400, 800)
    monkeypatch.setattr(adapter, "_follow", lambda: None)
    for held_s in (3.0, 1.0):
        assert adapter._ask_once() == 0
        now_s[0] += held_s
    poll = adapter.poll("house", memory={"kept": 1}, now_at=5000.0)
    assert (powers(poll), poll.memory, poll.reading.received_time) == ((175, -88, 88), {"kept": 1}, 5000)
    assert {each.key: each.value for each in poll.points} == {"car_w": 350, "n_total": 400}
    newest = adapter.newest(5000.0)
    assert newest is not None
    assert powers(newest) == (400, -200, 200), "what is shown is the last answer"
    now_s[0] += 1
    assert powers(adapter.poll("house", memory={}, now_at=5001.0)) == (400, -200, 200)
    now_s[0] += 12
    assert adapter.newest(5013.0) is None, "an answer counts until three more should have come"
    assert adapter.poll("house", memory={}, now_at=5013.0).reading.solar_w == 800, "then it is asked again"
    adapter.close()


def test_it_tells_of_each_answer_and_ends_when_it_is_closed() -> None:
    heard = threading.Semaphore(0)
    adapter = followed(0.01, *range(1, 100_000))
    adapter.on_value = heard.release
    assert adapter.newest(0) is None, "before the first poll nobody is asked"
    assert adapter.asked_times == 0
    adapter.poll("house", memory={}, now_at=0)
    assert all(heard.acquire(timeout=PATIENCE_S) for _ in range(5))
    adapter.close()
    assert adapter._follower is not None
    assert not adapter._follower.is_alive()


def test_one_that_fails_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    adapter = followed(5.0, 100, None)

    def wait(seconds_s: float) -> None:
        waits.append(seconds_s)
        if len(waits) == 2:
            adapter._closed.set()

    monkeypatch.setattr(adapter._closed, "wait", wait)
    adapter._ask_on()
    assert waits[0] <= 5.0 < waits[1] == AFTER_FAILURE_S


@pytest.mark.parametrize(
    ("failure", "pause_s"),
    [
        (CredentialsRefused("no"), AFTER_REFUSAL_S),
        (RateLimited("slow", retry_after_s=77.0), 77.0),
        (RateLimited("slow"), AFTER_FAILURE_S),
    ],
    ids=["refused", "asked for a pause", "a pause of no length"],
)
def test_one_that_refuses_is_left_alone_for_longer(
    failure: VendorError, pause_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = followed(5.0)

    def ask(deadline: Deadline) -> Raw:
        raise failure

    monkeypatch.setattr(adapter, "ask", ask)
    assert adapter._ask_once() == pause_s


def test_without_every_s_it_is_asked_when_it_is_polled_and_no_more() -> None:
    adapter = Scripted(account_of("scripted", {}))
    adapter.script(5, 6)
    assert not adapter.streams(adapter.settings)
    assert [adapter.poll("house", memory={}, now_at=0).reading.solar_w for _ in range(2)] == [5, 6]
    assert (adapter.asked_times, adapter._follower) == (2, None)
    adapter.close()


def test_a_modbus_device_is_followed_over_its_one_connection() -> None:
    with ModbusDevice({UNIT: ({40_000: device_of(common("Any"), SUN)}, {})}) as device:
        settings = {"host": "127.0.0.1", "port": device.port, "every_s": 1}
        adapter = SunSpecDevice(account_of("sunspec", settings))
        assert adapter.streams(adapter.settings)
        adapter._every_s = 0.02
        heard = threading.Semaphore(0)
        adapter.on_value = heard.release
        assert adapter.poll("house", memory={}, now_at=time.time()).reading.solar_w == 3120
        assert all(heard.acquire(timeout=PATIENCE_S) for _ in range(5))
        assert adapter.poll("house", memory={}, now_at=time.time()).reading.solar_w == 3120
        adapter.close()
        assert device.connections == 1


def test_a_meter_is_followed_over_http() -> None:
    status = {"em:0": {"total_act_power": -412.6, "a_act_power": -412.6, "a_voltage": 230.5}}
    pages = {"/shelly": {"gen": 2}, "/rpc/Shelly.GetStatus": status}
    with Wire(lambda request: reply(200, json.dumps(pages[request.path]))) as wire:
        adapter = ShellyMeter(account_of("shelly", {"url": wire.url, "every_s": 1}))
        adapter._every_s = 0.02
        heard = threading.Semaphore(0)
        adapter.on_value = heard.release
        polled = adapter.poll("house", memory={}, now_at=time.time()).reading
        assert polled.grid_w == -413
        assert all(heard.acquire(timeout=PATIENCE_S) for _ in range(3))
        adapter.close()

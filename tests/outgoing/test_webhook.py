"""Webhooks: signed, guarded, retried, and what is too old is left out."""

import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.domain.rows import close_days
from tests.outgoing.test_influx import drained, record, store
from tests.vendors.wire import Wire, reply
from tests.web.support import NOW_AT, SetClock

from liveone.domain.zones import zone_of
from liveone.outgoing import guard
from liveone.outgoing.forwarder import Forwarder, read_state
from liveone.outgoing.guard import refusal
from liveone.outgoing.pages import DayPages, ReadingPages
from liveone.outgoing.webhook import WebhookOutlet, key_of
from liveone.settings.outgoing import WebhookConfig
from liveone.store import aggregates, systems
from liveone.store.store import Store

__all__ = ["store"]
SECRET = "a-secret-of-the-owner-7f3a"
Make = Callable[..., Forwarder]


@pytest.fixture
def hooked(store: Store, tmp_path: Path) -> Iterator[Make]:
    """Makes forwarders of webhooks, and closes them."""
    made: list[Forwarder] = []

    def make(url: str, **more: Any) -> Forwarder:
        clock = SetClock()
        config = WebhookConfig("hook", url=url, secret=SECRET, **({"lan": True} | more))
        pages = DayPages(store, clock) if config.on == "day" else ReadingPages(store)
        made.append(Forwarder(WebhookOutlet(config, clock), pages, tmp_path / "hook.json", clock))
        return made[-1]

    yield make
    for each in made:
        each.outlet.close()


def proven(heard: Any, secret: bytes) -> bool:
    """As a receiver checks it, by the words of Standard Webhooks."""
    signed = f"{heard.headers['webhook-id']}.{heard.headers['webhook-timestamp']}.{heard.body}".encode()
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return bool(heard.headers["webhook-signature"] == f"v1,{expected}")


def test_each_reading_is_posted_once_and_signed(store: Store, hooked: Make) -> None:
    with Wire(lambda heard: reply(204)) as wire:
        sender = hooked(f"{wire.url}/hook?key=1")
        drained(sender)
        record(store, 2, from_at=NOW_AT - 120)
        drained(sender)
        drained(sender)
    assert wire.paths("POST") == ["/hook?key=1"] * 2
    first = wire.heard[0]
    assert json.loads(first.body) == {
        "type": "reading",
        "system": {"id": 1, "name": "Home, sweet=home"},
        "at": NOW_AT - 120,
        "data": {"solar_w": 3000, "grid_w": -100, "solar_kwh_total": 5200.25},
    }
    assert first.headers["webhook-timestamp"] == str(NOW_AT)
    assert len({heard.headers["webhook-id"] for heard in wire.heard}) == 2
    assert all(proven(heard, SECRET.encode()) for heard in wire.heard)
    assert not proven(first, b"another secret")
    assert key_of("whsec_" + base64.b64encode(b"bytes").decode()) == b"bytes"


def test_a_reading_that_is_a_day_old_is_left_out_and_one_that_failed_comes_again(
    store: Store, hooked: Make, tmp_path: Path
) -> None:
    status = 500
    with Wire(lambda heard: reply(status)) as wire:
        sender = hooked(wire.url)
        drained(sender)
        record(store, 1, from_at=NOW_AT - 90_000)
        record(store, 1, from_at=NOW_AT - 60)
        assert drained(sender) > 0
        status = 200
        drained(sender)
    ids = [heard.headers["webhook-id"] for heard in wire.heard]
    assert len(ids) >= 2
    assert set(ids) == {f"reading-1-{NOW_AT - 60}"}, "the same id each time it is sent"
    state = read_state(tmp_path / "hook.json")
    assert (state.sent, state.left_out) == (1, 1)


def test_each_closed_day_is_posted_once(store: Store, hooked: Make) -> None:
    with Wire(lambda heard: reply(200)) as wire:
        sender = hooked(wire.url, on="day")
        drained(sender)
        record(store, 30, from_at=NOW_AT - 3600)
        sender.clock.at = NOW_AT + 86_400  # type: ignore[attr-defined]
        drained(sender)
        assert wire.heard == [], "a day that is not closed yet"
        system = systems.get_system(store, 1)
        assert system is not None
        (day,) = aggregates.open_days(store, system, now_at=NOW_AT + 86_400)
        rows = aggregates.five_minutes_around(store, 1, NOW_AT - 86_400, NOW_AT + 86_400)
        aggregates.save_days(store, 1, list(close_days(rows, zone=zone_of(system), rated_kw=10)))
        drained(sender)
        drained(sender)
    assert [heard.headers["webhook-id"] for heard in wire.heard] == [f"day-1-{day}"]
    event = json.loads(wire.heard[0].body)
    assert (event["type"], event["data"]["day"]) == ("day", day)
    assert event["data"]["solar_kwh"] >= 0


@pytest.mark.parametrize(
    ("address", "from_lan", "from_outside"),
    [
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("2002:a9fe:a9fe::", False, False),
        ("fe80::1%eth0", False, False),
        ("fd00:ec2::254", False, False),
        ("100.100.100.200", False, False),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("224.0.0.1", False, False),
        ("255.255.255.255", False, False),
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("10.1.2.3", True, False),
        ("192.168.1.9", True, False),
        ("fd12::9", True, False),
        ("100.64.0.1", True, False),
        ("8.8.8.8", True, True),
        ("2606:4700::1111", True, True),
    ],
)
def test_where_a_webhook_may_go(address: str, from_lan: bool, from_outside: bool) -> None:
    assert (not refusal(address, lan=True)) == from_lan
    assert (not refusal(address, lan=False)) == from_outside


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_nothing_is_sent_to_this_machine_unless_the_owner_allows_it(
    store: Store, hooked: Make, tmp_path: Path, host: str
) -> None:
    with Wire(lambda heard: reply(200)) as wire:
        port = wire.url.rpartition(":")[2]
        sender = hooked(f"http://{host}:{port}/", lan=False)
        drained(sender)
        record(store, 1, from_at=NOW_AT - 60)
        assert drained(sender) > 0
        assert wire.heard == []
        assert wire.connections == 0
    assert "lan is not set" in read_state(tmp_path / "hook.json").error


def test_the_address_of_clouds_is_refused_even_where_lan_is_allowed(
    store: Store, hooked: Make, tmp_path: Path
) -> None:
    sender = hooked("http://169.254.169.254/latest/meta-data")
    drained(sender)
    record(store, 1, from_at=NOW_AT - 60)
    drained(sender)
    assert "no address for a webhook" in read_state(tmp_path / "hook.json").error


def test_a_name_that_changes_its_mind_is_followed_to_the_address_that_was_looked_at(
    store: Store, hooked: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    found = socket.getaddrinfo

    def resolve(host: str, port: int, *args: Any, **more: Any) -> Any:
        asked.append(host)
        return found("127.0.0.1" if host == "rebinding.test" else host, port, *args, **more)

    monkeypatch.setattr(guard.socket, "getaddrinfo", resolve)
    with Wire(lambda heard: reply(200)) as wire:
        sender = hooked(f"http://rebinding.test:{wire.url.rpartition(':')[2]}/")
        drained(sender)
        record(store, 1, from_at=NOW_AT - 60)
        drained(sender)
        assert len(wire.heard) == 1
    assert asked.count("rebinding.test") == 1, "the name is asked for once, and its address connected to"


def test_a_redirect_is_not_followed(store: Store, hooked: Make) -> None:
    with Wire(lambda heard: reply(302, "", ("location", "http://169.254.169.254/"))) as wire:
        sender = hooked(wire.url)
        drained(sender)
        record(store, 1, from_at=NOW_AT - 60)
        assert drained(sender) > 0
        assert len(wire.heard) == 1


def test_the_secret_is_shown_nowhere(
    store: Store, hooked: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with Wire(lambda heard: reply(403, SECRET)) as wire:
        sender = hooked(f"{wire.url}/T0KEN-in-path")
        drained(sender)
        record(store, 1, from_at=NOW_AT - 60)
        drained(sender)
    shown = caplog.text + (tmp_path / "hook.json").read_text() + repr(sender)
    assert SECRET not in shown
    assert "T0KEN-in-path" not in shown

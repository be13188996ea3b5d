"""Looking around on a local network: by stand-ins on loopback, and by zeroconf's own packets."""

import json
import socket
import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.vendors.modbus_device import ModbusDevice
from tests.vendors.test_sunspec import UNIT, common, device_of
from zeroconf import DNSIncoming, DNSOutgoing, ServiceInfo

from liveone.cli.discover import command_of
from liveone.cli.root import root
from liveone.errors import BadInput
from liveone.vendors.conformance.device import served
from liveone.vendors.discovery import look as looking
from liveone.vendors.discovery import probes
from liveone.vendors.discovery.look import HOSTS_MOST, LookProgress, hosts_of, look
from liveone.vendors.discovery.mdns import SERVICES, AnnouncedService, ask, question, services_in
from liveone.vendors.discovery.probes import FoundDevice, device_at
from liveone.wiring.source_service import OneLook

ANSWERS: dict[str, dict[str, Any]] = {
    "fronius": {"/solar_api/GetAPIVersion.cgi": {"APIVersion": 1, "BaseURL": "/solar_api/v1/"}},
    "shelly": {"/shelly": {"id": "shellypro3em-x", "mac": "A8", "model": "SPEM-003CEBEU", "gen": 2}},
    "homewizard": {"/api": {"product_type": "HWE-P1", "product_name": "P1 Meter", "serial": "3c39"}},
    "enphase": {"/info": "<?xml version='1.0'?><envoy_info><device><sn>1</sn></device></envoy_info>"},
    "powerwall": {"/api/status": {"din": "1", "version": "23.4", "device_type": "teg"}},
    "home-assistant": {"/manifest.json": {"name": "Home Assistant", "short_name": "Assistant"}},
}


def nobody(seconds_s: float) -> list[AnnouncedService]:
    return []


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_device_is_known_by_what_it_answers_and_the_command_adds_it(kind: str) -> None:
    with served(ANSWERS[kind]) as url:
        (found,) = look(["127.0.0.1"], [int(url.rpartition(":")[2])], ask=nobody)
    assert (found.vendor_type, found.settings) == (kind, {"url": url})
    assert f"liveone sources add {kind} 1 --name {kind} --url {url}" in command_of(found)


def test_each_device_is_told_as_soon_as_it_is_found_and_how_far_the_look_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(looking, "TOLD_EACH", 1)
    with served(ANSWERS["shelly"]) as url, served({}, "refused") as gone:
        ports = [int(each.rpartition(":")[2]) for each in (url, gone)]
        steps = list(looking.looking(["127.0.0.1"], ports, ask=nobody))
    assert [step.vendor_type for step in steps if isinstance(step, FoundDevice)] == ["shelly"]
    far = [(step.looked, step.places) for step in steps if isinstance(step, LookProgress)]
    assert far == [(1, 2), (2, 2)]


def test_one_looks_around_at_a_time_and_whoever_forgets_to_end_holds_nobody_up() -> None:
    looks = OneLook()
    looks.begin(100.0)
    with pytest.raises(BadInput, match="already"):
        looks.begin(101.0)
    looks.begin(101.0 + looking.WHOLE_S)
    looks.end()
    looks.begin(102.0 + looking.WHOLE_S)


def test_what_is_no_device_of_ours_is_passed_over() -> None:
    with ExitStack() as stack:
        urls = [
            stack.enter_context(served({"/": "<html>a printer</html>"})),
            stack.enter_context(served({path: [] for path in ("/shelly", "/api", "/info")})),
            stack.enter_context(served({}, "500")),
            stack.enter_context(served({}, "not JSON")),
            stack.enter_context(served({}, "refused")),
        ]
        ports = [int(url.rpartition(":")[2]) for url in urls]
        assert look(["127.0.0.1"], ports, ask=nobody) == []


def test_one_that_hangs_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "ASK_S", 0.5)
    with served({}, "slow") as slow, served(ANSWERS["shelly"]) as shelly:
        ports = [int(url.rpartition(":")[2]) for url in (slow, shelly)]
        assert [each.vendor_type for each in look(["127.0.0.1"], ports, ask=nobody)] == ["shelly"]
    monkeypatch.setattr(looking, "WHOLE_S", 0.0)
    with served(ANSWERS["shelly"]) as shelly:
        assert look(["127.0.0.1"], [int(shelly.rpartition(":")[2])], ask=nobody) == [], "the time is over"


def test_modbus_without_sunspec_is_told_as_such_and_brokers_by_their_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probes, "ASK_S", 0.2)
    assert probes._at_modbus("127.0.0.1", 9).vendor_type == "modbus-inverter"
    found = device_at("127.0.0.1", 1883)
    assert found is not None
    assert command_of(found).startswith("liveone sources add mqtt 1 --name mqtt --host 127.0.0.1")


def test_only_what_the_owner_names_on_a_local_network_is_looked_at() -> None:
    assert hosts_of(["192.168.1.0/30", "192.168.1.1", "localhost"]) == [
        "192.168.1.1",
        "192.168.1.2",
        "127.0.0.1",
    ]
    for wrong, said in (
        (["8.8.8.8"], "not on a local network"),
        (["169.254.169.254"], "not on a local network"),
        (["0.0.0.0"], "not on a local network"),
        (["::ffff:169.254.169.254"], "not on a local network"),
        (["::ffff:8.8.8.8"], "not on a local network"),
        (["2001:4860:4860::8888"], "not on a local network"),
        (["10.0.0.0/8"], "16,777,216 addresses"),
        (["10.0.0.0/22", "10.1.0.0/22"], "too many"),
        (["no such name"], "is no address"),
        (["192.168.1.0/33"], "is no address"),
    ):
        with pytest.raises(BadInput, match=said):
            hosts_of(wrong)
    assert HOSTS_MOST == 1024


def announced(kind: str, name: str, port: int) -> bytes:
    """An answer as zeroconf, a library of others, writes it."""
    service = f"{kind}."
    info = ServiceInfo(
        service, f"{name}.{service}", port, addresses=[socket.inet_aton("127.0.0.1")], server="box.local."
    )
    out = DNSOutgoing(0x8400)
    for record in (info.dns_pointer(), info.dns_service(), *info.dns_addresses()):
        out.add_answer_at_time(record, 0)
    return out.packets()[0]


def test_the_question_is_understood_by_others() -> None:
    asked = DNSIncoming(question(SERVICES))
    assert asked.valid
    assert [each.name.rstrip(".") for each in asked.questions] == list(SERVICES)


@pytest.mark.parametrize("kind", SERVICES)
def test_what_others_announce_is_understood(kind: str) -> None:
    found = services_in(announced(kind, "Büro p1", 8080), "127.0.0.9")
    assert found == [AnnouncedService(kind, "büro p1", "127.0.0.1", 8080)]


@given(st.binary(max_size=200), st.integers(0, 190))
def test_nonsense_announces_nothing_and_hurts_nobody(noise: bytes, place: int) -> None:
    assert services_in(noise, "127.0.0.1") == []
    assert services_in(b"\0\0\x84\0" + noise, "127.0.0.1") == []
    message = announced("_hwenergy._tcp.local", "p1", 80)
    found = services_in(message[:place] + noise + message[place + len(noise) :], "127.0.0.1")
    assert {one.service for one in found} <= set(SERVICES)


def test_a_name_that_leads_to_itself_ends() -> None:
    assert services_in(b"\0\0\x84\0\0\0\0\1\0\0\0\0" + b"\xc0\x0c" + bytes(10), "127.0.0.1") == []


def test_answers_of_a_responder_are_gathered_and_only_hosts_that_were_named_count() -> None:
    responder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    responder.bind(("127.0.0.1", 0))

    def answer() -> None:
        _, asker = responder.recvfrom(9000)
        responder.sendto(b"nonsense", asker)
        responder.sendto(announced("_hwenergy._tcp.local", "p1", 80), asker)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()

    def asked(seconds_s: float) -> list[AnnouncedService]:
        found: list[AnnouncedService] = []
        give_up_s = time.monotonic() + 20
        while not found and time.monotonic() < give_up_s:
            found = ask(1.0, group=responder.getsockname())
        return found

    (found,) = look(["127.0.0.1"], [], ask=asked)
    thread.join(5)
    responder.close()
    assert found == FoundDevice(
        "127.0.0.1", "homewizard", {"url": "http://127.0.0.1"}, "announces itself as p1"
    )
    elsewhere = [AnnouncedService("_shelly._tcp.local", "x", "127.0.0.7", 80)]
    assert look(["127.0.0.1"], [], ask=lambda seconds_s: elsewhere) == []


def test_the_command_says_what_it_found_and_how_to_add_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveone.cli.discover.look", lambda hosts, ports: look(hosts, ports, ask=nobody))
    with served(ANSWERS["homewizard"]) as url:
        port = url.rpartition(":")[2]
        said = CliRunner().invoke(root, ["discover", "127.0.0.1", "--port", port])
        facts = json.loads(
            CliRunner().invoke(root, ["discover", "127.0.0.1", "--port", port, "--json"]).stdout
        )
    assert said.exit_code == 0, said.output
    assert "HomeWizard" in said.output
    assert f"liveone sources add homewizard 1 --name homewizard --url {url}" in said.output
    assert facts[0]["vendor_type"] == "homewizard"


def test_a_modbus_device_that_speaks_sunspec_is_known_by_its_model() -> None:
    with ModbusDevice({UNIT: ({40_000: device_of(common("Fronius"))}, {})}) as device:
        found = probes._at_modbus("127.0.0.1", device.port)
    assert (found.vendor_type, found.settings["port"]) == ("sunspec", device.port)
    assert "Fronius" in found.seen

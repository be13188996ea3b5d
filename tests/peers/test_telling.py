"""LiveOne tells a real Home Assistant by a real broker: its Energy dashboard takes what it finds, and what
has gone shows as gone."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from tests.cli.house import House, built
from tests.mqtt.mosquitto import Mosquitto, broker
from tests.peers.home_assistant import HomeAssistantPeer, running

PATIENCE_S = 420.0
"""Statistics of an entity begin at the next five minutes of the clock."""

NAME = f"Peer {int(time.time())}"
FLOWS = "/api/config/config_entries/flow"


@pytest.fixture(scope="module")
def peer() -> Iterator[HomeAssistantPeer]:
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def listening(peer: HomeAssistantPeer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A broker at which Home Assistant listens; its integration is taken away at the end."""
    for entry in peer.ask("config_entries/get"):
        if entry["domain"] == "mqtt":
            remove(peer, entry["entry_id"])
    with broker(tmp_path_factory.mktemp("broker")) as found:
        flow = peer.post(FLOWS, {"handler": "mqtt"})["flow_id"]
        other = {"set_client_cert": False, "set_ca_cert": "off"}
        said = {"broker": "127.0.0.1", "port": found.port, "protocol": "5", "other_settings": other}
        done = peer.post(f"{FLOWS}/{flow}", said)
        assert done["type"] == "create_entry", done
        try:
            yield found
        finally:
            remove(peer, done["result"]["entry_id"])


def remove(peer: HomeAssistantPeer, entry_id: str) -> None:
    request = urllib.request.Request(
        f"{peer.url}/api/config/config_entries/entry/{entry_id}",
        method="DELETE",
        headers={"authorization": f"Bearer {peer.token}"},
    )
    urllib.request.urlopen(request, timeout=60).close()


@contextmanager
def served(house: House, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """`liveone serve` of a simulated house, which tells at the broker."""
    settings = house.folder / "liveone.toml"
    text = settings.read_text().replace("[mqtt]                      # tells", "[mqtt]  # tells")
    text = text.replace('host = ""                   # the broker', f'host = "127.0.0.1"\nport = {port} #')
    text = text.replace("port = 0                    # 0: 1883", "# 1883").replace("port = 8080", "port = 0")
    settings.write_text(text.replace("cadence_s = 60", "cadence_s = 5"))
    words = [sys.executable, "-c", "from liveone.cli.root import main; main()"]
    log = (house.folder / "serve.log").open("wb")
    with (
        log,
        subprocess.Popen(
            [*words, "--config", str(settings), "serve"], stdout=log, stderr=log, env={**os.environ}
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with built(tmp_path_factory.mktemp("house")) as found:
        found.ok("systems", "add", "select.live", "1586", "--name", NAME, "--timezone", "Australia/Melbourne")
        yield found


def entities(peer: HomeAssistantPeer, name: str) -> dict[str, str]:
    """The ids of a device's entities, by the component that they were announced as."""
    devices = [each["id"] for each in peer.ask("config/device_registry/list") if each["name"] == name]
    return {
        each["unique_id"].removeprefix("liveone_1_"): each["entity_id"]
        for each in peer.ask("config/entity_registry/list")
        if each["device_id"] in devices
    }


def states(peer: HomeAssistantPeer) -> dict[str, Mapping[str, Any]]:
    return {each["entity_id"]: each for each in peer.ask("get_states")}


def until(condition: Any, what: str) -> Any:
    give_up_s = time.monotonic() + PATIENCE_S
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < give_up_s, f"{what} did not come about"
        time.sleep(1)


def preferences(ids: Mapping[str, str]) -> dict[str, Any]:
    """What an owner chooses in the Energy dashboard: LiveOne's entities, for everything."""
    return {
        "energy_sources": [
            {"type": "solar", "stat_energy_from": ids["solar_kwh"], "stat_rate": ids["solar_w"],
             "config_entry_solar_forecast": None},
            {"type": "battery", "stat_energy_from": ids["battery_out_kwh"],
             "stat_energy_to": ids["battery_in_kwh"], "stat_rate": ids["battery_w"]},
            {"type": "grid", "stat_energy_from": ids["grid_in_kwh"], "stat_energy_to": ids["grid_out_kwh"],
             "stat_rate": ids["grid_w"], "stat_cost": None, "entity_energy_price": None,
             "number_energy_price": None, "stat_compensation": None, "entity_energy_price_export": None,
             "number_energy_price_export": None, "cost_adjustment_day": 0.0},
        ],
        "device_consumption": [{"stat_consumption": ids["load_kwh"]}],
    }  # fmt: skip


def test_the_energy_dashboard_takes_a_system_without_a_touch_and_sees_it_go(
    peer: HomeAssistantPeer, listening: Mosquitto, house: House
) -> None:
    with served(house, listening.port) as process:
        wanted = {"solar_w", "load_w", "battery_w", "grid_w", "battery_soc_pct", "fault", "load_kwh"}
        wanted |= {f"{name}_kwh" for name in ("solar", "battery_in", "battery_out", "grid_in", "grid_out")}
        ids = until(
            lambda: wanted <= set(found := entities(peer, NAME)) and found, f"the device ({process.poll()})"
        )
        until(lambda: states(peer)[ids["solar_kwh"]]["state"] not in ("unknown", "unavailable"), "values")
        found = states(peer)
        power, energy = found[ids["solar_w"]]["attributes"], found[ids["solar_kwh"]]["attributes"]
        assert (power["device_class"], power["state_class"], power["unit_of_measurement"]) == (
            "power", "measurement", "W",
        )  # fmt: skip
        assert (energy["device_class"], energy["state_class"], energy["unit_of_measurement"]) == (
            "energy", "total_increasing", "kWh",
        )  # fmt: skip
        peer.ask("energy/save_prefs", **preferences(ids))
        until(lambda: is_well(peer), f"an Energy dashboard without a fault: {peer.ask('energy/validate')}")
    until(lambda: states(peer)[ids["solar_w"]]["state"] == "unavailable", "its leave")
    with served(house, listening.port):
        until(lambda: states(peer)[ids["solar_w"]]["state"] != "unavailable", "its return")
        house.ok("systems", "remove", "1", "--yes")
        until(lambda: not entities(peer, NAME), "the removal")


def is_well(peer: HomeAssistantPeer) -> bool:
    """Whether the Energy dashboard has nothing to say against the three sources and the load."""
    found = peer.ask("energy/validate")
    return [found["energy_sources"], found["device_consumption"]] == [[[], [], []], [[]]]

"""LiveOne and a real Home Assistant."""

import itertools
import time
from collections.abc import Iterator

import pytest
from tests.cli.house import House
from tests.outgoing.test_statistics import FROM_AT, HOURS, house
from tests.peers.home_assistant import HomeAssistantPeer, running

from liveone.vendors.adapter import account_of
from liveone.vendors.homeassistant.device import HomeAssistant

__all__ = ["house"]
POWER = {"device_class": "power", "state_class": "measurement"}
ENERGY = {"device_class": "energy", "state_class": "total_increasing"}
HOUR_S = 3600


@pytest.fixture(scope="module")
def peer() -> Iterator[HomeAssistantPeer]:
    with running() as found:
        yield found


def opened(peer: HomeAssistantPeer, **entities: str) -> HomeAssistant:
    return HomeAssistant(
        account_of("home-assistant", {"url": peer.url, "token": peer.token, **entities}, timeout_s=60)
    )


def test_entities_are_read_in_the_units_that_they_tell_and_what_is_unavailable_is_absent(
    peer: HomeAssistantPeer,
) -> None:
    peer.set_state("sensor.pv_power", 3.1204, unit_of_measurement="kW", **POWER)
    peer.set_state("sensor.grid_power", -2379, unit_of_measurement="W", **POWER)
    peer.set_state("sensor.bought", 400250, unit_of_measurement="Wh", **ENERGY)
    peer.set_state("sensor.sold", "unavailable", unit_of_measurement="MWh", **ENERGY)
    adapter = opened(
        peer,
        solar_w="sensor.pv_power",
        grid_w="sensor.grid_power",
        grid_in_kwh_total="sensor.bought",
        grid_out_kwh_total="sensor.sold",
    )
    try:
        poll = adapter.poll("house", memory={}, now_at=time.time())
        reading = poll.reading
        assert (reading.solar_w, reading.grid_w, reading.load_w) == (3120, -2379, 741)
        assert (reading.grid_in_kwh_total, reading.grid_out_kwh_total) == (400.25, None)
        assert poll.missing == {"sensor.sold": "it is unavailable in Home Assistant"}
        peer.set_state("sensor.pv_power", 3.2, unit_of_measurement="kW", **POWER)
        assert adapter.poll("house", memory={}, now_at=time.time()).reading.solar_w == 3200
    finally:
        adapter.close()


def test_an_entity_that_its_owner_renames_is_named_with_its_new_name(peer: HomeAssistantPeer) -> None:
    made = peer.ask(
        "input_number/create", name=f"Pump {time.time_ns()}", min=0, max=9000, unit_of_measurement="W"
    )
    old = f"input_number.{made['id']}"
    peer.set_state("sensor.grid_power", -2379, unit_of_measurement="W", **POWER)
    adapter = opened(peer, load_w=old, grid_w="sensor.grid_power")
    try:
        assert adapter.poll("house", memory={}, now_at=time.time()).reading.load_w == 0
        peer.ask("config/entity_registry/update", entity_id=old, new_entity_id=f"{old}_renamed")
        poll = adapter.poll("house", memory={}, now_at=time.time())
        assert (poll.reading.load_w, poll.reading.grid_w) == (None, -2379)
        assert f"There is {old}_renamed" in poll.missing[old]
    finally:
        adapter.close()
        peer.ask("input_number/delete", input_number_id=made["id"])


def test_its_statistics_are_history_whatever_their_unit(peer: HomeAssistantPeer) -> None:
    hour_at = int(time.time()) // HOUR_S * HOUR_S - 400 * HOUR_S
    instants = [
        f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(hour_at + n * HOUR_S))}+00:00" for n in (0, 1)
    ]
    kinds = {"sensor.old_meter": ("Wh", "energy", 0, True), "sensor.old_power": ("kW", "power", 1, False)}
    for name, (unit, unit_class, mean_type, has_sum) in kinds.items():
        peer.ask(
            "recorder/import_statistics",
            metadata={
                "statistic_id": name, "source": "recorder", "name": None, "unit_of_measurement": unit,
                "unit_class": unit_class, "mean_type": mean_type, "has_sum": has_sum,
            },
            stats=[
                {"start": start} | ({"sum": n, "state": 5000 + n} if has_sum else {"mean": 1.5 + n})
                for n, start in enumerate(instants)
            ],
        )  # fmt: skip
    adapter = opened(peer, solar_w="sensor.old_power", solar_kwh_total="sensor.old_meter")
    try:
        give_up_s, found = time.monotonic() + 180, []
        while len(found) < 4 and time.monotonic() < give_up_s:
            found = list(adapter.backfill(hour_at, hour_at + 2 * HOUR_S))
    finally:
        adapter.close()
    assert found == [
        (hour_at + 1800, {"solar_w": 1500}),
        (hour_at + 3600, {"solar_kwh_total": 5.0}),
        (hour_at + 5400, {"solar_w": 2500}),
        (hour_at + 7200, {"solar_kwh_total": pytest.approx(5.001)}),
    ]


def test_the_stand_in_of_make_test_speaks_as_the_real_one(peer: HomeAssistantPeer) -> None:
    """What the stand-in sends in its short form is what Home Assistant sends."""
    peer.set_state("sensor.pv_power", 3.1204, unit_of_measurement="kW", friendly_name="PV", **POWER)
    adapter = opened(peer, solar_w="sensor.pv_power")
    try:
        assert adapter.asked()["states"]["sensor.pv_power"] == {
            "state": "3.1204",
            "unit": "kW",
            "friendly_name": "PV",
        }
    finally:
        adapter.close()


def sums(peer: HomeAssistantPeer, statistic_id: str, from_at: int, hours: int) -> list[float]:
    """The sums of hours as Home Assistant has them, once it has written them."""
    give_up_s = time.monotonic() + 60
    while True:
        answer = peer.ask(
            "recorder/statistics_during_period", start_time=f"{_iso(from_at)}", statistic_ids=[statistic_id],
            period="hour", types=["sum"],
        )  # fmt: skip
        found = [row["sum"] for row in answer.get(statistic_id, [])]
        if len(found) >= hours or time.monotonic() > give_up_s:
            return found


def _iso(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at))


def test_its_energy_dashboard_takes_statistics_that_liveone_wrote_twice(
    peer: HomeAssistantPeer, house: House
) -> None:
    for _ in range(2):
        house.ok("outgoing", "statistics", "1", "--url", peer.url, "--token", peer.token)
    solar, exported = (
        sums(peer, f"liveone:system_1_{name}", FROM_AT, HOURS) for name in ("solar", "grid_out")
    )
    assert solar == pytest.approx([6.0 * (n + 1) for n in range(HOURS)])
    assert exported[-1] == pytest.approx(60)
    grid = {
        "type": "grid", "cost_adjustment_day": 0,
        "stat_energy_from": "liveone:system_1_grid_in", "stat_energy_to": "liveone:system_1_grid_out",
    }  # fmt: skip
    sun = {"type": "solar", "stat_energy_from": "liveone:system_1_solar", "config_entry_solar_forecast": None}
    peer.ask("energy/save_prefs", energy_sources=[sun, grid], device_consumption=[])
    assert peer.ask("energy/validate")["energy_sources"] == [[], []]


def test_an_entity_whose_statistics_are_in_wh_gets_its_past_without_a_jump(
    peer: HomeAssistantPeer, house: House
) -> None:
    newest_at = FROM_AT + 40 * HOUR_S
    name = f"sensor.meter_{time.time_ns()}"
    peer.ask(
        "recorder/import_statistics",
        metadata={
            "statistic_id": name, "source": "recorder", "name": None, "unit_of_measurement": "Wh",
            "unit_class": "energy", "mean_type": 0, "has_sum": True,
        },
        stats=[{"start": _iso(newest_at), "sum": 12_000, "state": 5_012_000}],
    )  # fmt: skip
    assert sums(peer, name, FROM_AT, 1) == [12_000]
    for _ in range(2):
        house.ok(
            "outgoing", "statistics", "1", "--url", peer.url, "--token", peer.token,
            "--entity", f"solar={name}",
        )  # fmt: skip
        found = sums(peer, name, FROM_AT, 41)
        assert [later - sooner for sooner, later in itertools.pairwise(found)] == pytest.approx([6000.0] * 40)
        assert found[-1] == 12_000

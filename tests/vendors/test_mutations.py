"""Recorded answers with parts gone, doubled or replaced: whatever comes, a reading or one of our errors."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.mangled import documents
from tests.vendors.recordings import answer, needs_recordings, pages, text

from liveone.vendors.adapter import Adapter
from liveone.vendors.base import VendorError
from liveone.vendors.enphase.device import Envoy
from liveone.vendors.fronius.device import Fronius
from liveone.vendors.homewizard.device import HomeWizard
from liveone.vendors.parameters import Setting
from liveone.vendors.powerwall.device import Powerwall
from liveone.vendors.shelly.device import ShellyMeter

AT = 1_764_500_000
METER: Mapping[str, Setting] = {"measures": "grid", "turned": False, "channel": "all"}


def gen24() -> Mapping[str, Any]:
    names = {"flow": "PowerFlowRealtimeData", "meters": "MeterRealtimeData", "inverters": "InverterInfo"}
    files = names | {"storage": "StorageRealtimeData"}
    return pages(**{name: f"fronius/gen24_storage/Get{file}.json" for name, file in files.items()})


def envoy() -> Mapping[str, Any]:
    files = {
        "meters": "ivp_meters",
        "readings": "ivp_meters_readings",
        "power": "ivp_ensemble_power",
        "secctrl": "ivp_ensemble_secctrl",
        "production": "production.json",
    }
    folder = "enphase/8.2.4382_ACB"
    return {
        **pages(**{name: f"{folder}/{file}" for name, file in files.items()}),
        "info": text(f"{folder}/info"),
    }


def shelly() -> Mapping[str, Any]:
    sent = answer("shelly/pro_3em.json")
    return {"device": sent["shelly"], "status": sent["status"]}


def p1() -> Mapping[str, Any]:
    return pages(device="homewizard/HWE-P1/device.json", data="homewizard/HWE-P1/data.json")


def powerwall() -> Mapping[str, Any]:
    found = pages(
        meters="powerwall/meters.json", site="powerwall/site_info.json", status="powerwall/status.json"
    )
    return {**found, "system": {"battery_blocks": answer("powerwall/batteries.json")}}


RECORDED: Mapping[type[Adapter], Callable[[], Mapping[str, Any]]] = {
    Fronius: gen24,
    Envoy: envoy,
    ShellyMeter: shelly,
    HomeWizard: p1,
    Powerwall: powerwall,
}


@needs_recordings
@pytest.mark.parametrize("adapter", RECORDED, ids=lambda each: each.__name__)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_a_mangled_answer_gives_a_reading_or_one_of_our_errors(
    adapter: type[Adapter], data: st.DataObject
) -> None:
    raw = data.draw(documents([RECORDED[adapter]()]))
    try:
        poll = adapter.read(raw, METER, now_at=AT)
    except VendorError as error:
        assert error.hint  # noqa: PT017
        return
    assert all(point.value == point.value for point in poll.points)
    assert abs(poll.reading.inverter_time) < 8e9

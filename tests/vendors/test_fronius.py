"""Fronius: recorded answers of a Symo with a Datamanager and of a Gen24 with a battery, and what nobody
recorded."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from tests.vendors.patient_kit import PatientConformance
from tests.vendors.recordings import answer, needs_recordings

from liveone.vendors.base import ProtocolViolation, TemporaryFailure
from liveone.vendors.conformance.kit import RecordedAnswer
from liveone.vendors.fronius.device import FLOW, OTHERS, STORAGE, Fronius

SYMO_AT, NIGHT_AT, GEN24_AT = 1_633_593_643, 1_633_556_994, 1_638_105_140
ASLEEP = {
    "Body": {"Data": {}},
    "Head": {"Status": {"Code": 6, "Reason": "not reachable", "UserMessage": ""}, "Timestamp": ""},
}


def device(folder: str, moment: str = "") -> Mapping[str, Any]:
    """What a recorded device answers, by path."""
    return {
        FLOW: answer(f"fronius/{folder}/GetPowerFlowRealtimeData{moment}.json"),
        OTHERS["meters"]: answer(f"fronius/{folder}/GetMeterRealtimeData.json"),
        OTHERS["inverters"]: answer(f"fronius/{folder}/GetInverterInfo{moment}.json"),
        STORAGE: answer(f"fronius/{folder}/GetStorageRealtimeData.json"),
    }


METER = {"grid_in_kwh_total": 15303.334, "grid_out_kwh_total": 35623.065}
SYMO = METER | {"solar_w": 1111, "load_w": 2815, "grid_w": 1704, "solar_kwh_total": 44188, "fault_code": 0}
SYMO_NIGHT = SYMO | {"solar_w": 0, "load_w": 975, "grid_w": 975, "solar_kwh_total": 44186.9}
GEN24 = {
    "solar_w": 216,
    "load_w": 2459,
    "battery_w": 0,
    "grid_w": 2275,
    "battery_soc_pct": 4.6,
    "grid_in_kwh_total": 1247.204,
    "grid_out_kwh_total": 1705.128,
    "fault_code": 0,
}


@needs_recordings
class TestFronius(PatientConformance):
    adapter = Fronius
    recordings = (
        RecordedAnswer(
            "night", device("symo", "_night"), SYMO_NIGHT, name="symo, night", now_at=NIGHT_AT + 3
        ),
        RecordedAnswer("no battery", device("symo"), SYMO, name="symo", now_at=SYMO_AT),
        RecordedAnswer("day", device("gen24_storage"), GEN24, name="gen24", now_at=GEN24_AT),
        RecordedAnswer("first start", {FLOW: ASLEEP}, None),
    )


def raw(folder: str = "symo", moment: str = "") -> dict[str, Any]:
    by_path = device(folder, moment)
    found = {name: by_path[path] for name, path in OTHERS.items()} | {"flow": by_path[FLOW]}
    return copy.deepcopy(found | {"storage": by_path[STORAGE]})


@needs_recordings
def test_two_inverters_are_one_house_and_a_point_each() -> None:
    sent = raw()
    inverters = sent["flow"]["Body"]["Data"]["Inverters"]
    inverters["2"] = inverters["1"] | {"P": 333}
    poll = Fronius.read(sent, {}, now_at=SYMO_AT)
    points = {point.key: point.value for point in poll.points}
    assert (points["inverter_1_w"], points["inverter_2_w"]) == (1111, 333)
    assert poll.reading.solar_w == 1111


@needs_recordings
def test_no_sun_is_0_only_where_the_inverters_say_so() -> None:
    sent = raw("symo", "_night")
    assert Fronius.read(sent, {}, now_at=NIGHT_AT).reading.solar_w == 0
    sent["flow"]["Body"]["Data"]["Inverters"]["1"]["P"] = None
    assert Fronius.read(sent, {}, now_at=NIGHT_AT).reading.solar_w is None


@needs_recordings
def test_behind_a_battery_the_inverters_energy_is_no_solar_energy() -> None:
    poll = Fronius.read(raw("gen24_storage"), {}, now_at=GEN24_AT)
    assert poll.reading.solar_kwh_total is None
    assert {point.key: point.value for point in poll.points}["inverters_wh_total"] == pytest.approx(
        7512664.404167
    )


@needs_recordings
def test_a_meter_in_the_consumption_path_counts_the_load() -> None:
    sent = raw()
    sent["meters"]["Body"]["Data"]["0"]["Meter_Location_Current"] = 1
    reading = Fronius.read(sent, {}, now_at=SYMO_AT).reading
    assert (reading.load_kwh_total, reading.grid_in_kwh_total) == (15303.334, None)


@needs_recordings
def test_a_house_without_a_meter_knows_its_sun_alone() -> None:
    sent = raw()
    sent["flow"]["Body"]["Data"]["Site"] |= {"P_Grid": None, "P_Load": None, "Meter_Location": "unknown"}
    del sent["meters"]
    reading = Fronius.read(sent, {}, now_at=SYMO_AT).reading
    assert (reading.solar_w, reading.grid_w, reading.load_w) == (1111, None, None)


@needs_recordings
@pytest.mark.parametrize(("code", "fault"), [(0, 0), (307, 0), (102, 102), (None, None)])
def test_an_inverters_fault_is_told_but_not_the_dusk(code: int | None, fault: int | None) -> None:
    sent = raw()
    sent["inverters"]["Body"]["Data"]["1"]["ErrorCode"] = code
    assert Fronius.read(sent, {}, now_at=SYMO_AT).reading.fault_code == fault


@pytest.mark.parametrize(("code", "kind"), [(255, ProtocolViolation), (8, TemporaryFailure)])
def test_what_the_device_says_of_itself_is_passed_on(code: int, kind: type[Exception]) -> None:
    refused = {"Body": {}, "Head": {"Status": {"Code": code, "Reason": "inverter is asleep"}}}
    with pytest.raises(kind, match="inverter is asleep"):
        Fronius.read({"flow": refused}, {}, now_at=SYMO_AT)


@needs_recordings
def test_hardware_is_described_with_its_name_unescaped() -> None:
    info = Fronius.info(raw(), {})
    assert (info.model, info.serial, info.solar_size) == ("Fronius Symo 20", "1234567", "23.1 kW")

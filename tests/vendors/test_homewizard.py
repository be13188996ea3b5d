"""HomeWizard: a recorded P1 meter and a recorded kWh meter of a solar circuit."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.vendors.patient_kit import PatientConformance
from tests.vendors.recordings import answer, needs_recordings

from liveone.vendors.conformance.kit import NOW_AT, RecordedAnswer
from liveone.vendors.homewizard.device import HomeWizard
from liveone.vendors.parameters import checked


def device(folder: str) -> Mapping[str, Any]:
    """What a recorded device answers, by path."""
    return {
        "/api": answer(f"homewizard/{folder}/device.json"),
        "/api/v1/data": answer(f"homewizard/{folder}/data.json"),
    }


@needs_recordings
class TestHomeWizard(PatientConformance):
    adapter = HomeWizard
    recordings = (
        RecordedAnswer(
            "day",
            device("HWE-P1"),
            {"grid_w": -123, "grid_in_kwh_total": 13779.338, "grid_out_kwh_total": 13086.777},
            name="P1 meter",
        ),
        RecordedAnswer(
            "night",
            device("SDM230"),
            {"solar_w": 1058, "solar_kwh_total": 255.551},
            settings={"measures": "solar", "turned": True},
            name="kWh meter of a solar circuit",
        ),
        RecordedAnswer("first start", device("HWE-P1") | {"/api/v1/data": {"wifi_strength": 92}}, None),
    )


@pytest.mark.parametrize(
    ("data", "energy_kwh"),
    [
        ({"total_power_import_t1_kwh": 2, "total_power_import_t2_kwh": 3}, 5),
        ({"total_power_import_t1_kwh": 2}, 2),
        ({"total_power_import_t1_kwh": 2, "total_power_import_t2_kwh": "?"}, None),
        ({"total_power_import_kwh": 7, "total_power_import_t1_kwh": 2}, 7),
    ],
)
def test_older_firmware_tells_tariffs_that_add_up(data: dict[str, object], energy_kwh: float | None) -> None:
    settings = checked(HomeWizard.parameters, {"url": "http://192.168.1.60"}, where="homewizard")
    raw = {"device": {"product_type": "HWE-P1"}, "data": {"active_power_w": 1, **data}}
    assert HomeWizard.read(raw, settings, now_at=NOW_AT).reading.grid_in_kwh_total == energy_kwh


@needs_recordings
def test_what_else_a_p1_meter_tells_are_points() -> None:
    pages = device("HWE-P1")
    raw = {"device": pages["/api"], "data": pages["/api/v1/data"]}
    settings = checked(HomeWizard.parameters, {"url": "http://192.168.1.60"}, where="homewizard")
    found = {each.key: each.value for each in HomeWizard.read(raw, settings, now_at=NOW_AT).points}
    assert found["gas_m3_total"] == 1122.333
    assert found["phase_3_w"] == 123.456
    assert HomeWizard.info(raw, settings).serial == "3c39e7aabbcc"

"""The conformance kit finds what it is there to find: a sound adapter passes, other faults are told."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from tests.vendors import cases

from liveone.domain.points import Point
from liveone.vendors.adapter import METER_PARAMETERS, URL, HttpAdapter
from liveone.vendors.conformance.kit import NOW_AT, SECRET, Conformance, RecordedAnswer
from liveone.vendors.measures import DeviceSample, Measure
from liveone.vendors.parameters import Settings, VendorParameter
from liveone.vendors.registry import vendor_types

DAY = {"pv": 3.1204, "load": 741, "export": 2379.4, "kwh": 1200.5, "at": NOW_AT - 3, "v": 231.5}
GIVEN = {"solar_w": 3120, "load_w": 741, "grid_w": -2379, "solar_kwh_total": 1200.5}


class Roof(HttpAdapter):
    """An inverter that counts what it exports as positive."""

    vendor_type = "roof"
    title = "Roof inverter"
    parameters = (URL, VendorParameter("token", "Token", secret=True, required=True))
    pages: ClassVar[Mapping[str, str]] = {"now": "/now"}
    measures: ClassVar[Mapping[str, Measure]] = {
        "solar_w": Measure("kW"),
        "load_w": Measure("W"),
        "grid_w": Measure("W", positive="export"),
        "solar_kwh_total": Measure("kWh"),
    }

    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.settings['token']}"),)

    @classmethod
    def parse(cls, raw: Mapping[str, Any], settings: Settings) -> DeviceSample:
        now = raw["now"]
        return DeviceSample(
            {
                "solar_w": now.get("pv"),
                "load_w": now.get("load"),
                "grid_w": now.get("export"),
                "solar_kwh_total": now.get("kwh"),
            },
            at=now["at"] if isinstance(now.get("at"), float) else None,
            points=(Point("voltage_v", "Voltage", "V", 231.5),) if now.get("v") == 231.5 else (),
        )


class TestRoof(Conformance):
    adapter = Roof
    recordings = (
        RecordedAnswer("day", {"/now": DAY}, GIVEN, points={"voltage_v": 231.5}),
        RecordedAnswer(
            "night", {"/now": DAY | {"pv": 0, "export": -750}}, GIVEN | {"solar_w": 0, "grid_w": 750}
        ),
        RecordedAnswer("first start", {"/now": {}}, None),
    )


class Anywhere(HttpAdapter):
    """A meter that may hang anywhere."""

    vendor_type = "anywhere"
    title = "Meter"
    parameters = (URL, *METER_PARAMETERS)
    pages: ClassVar[Mapping[str, str]] = {"now": "/now"}
    measures: ClassVar[Mapping[str, Measure]] = {
        "meter_w": Measure("W", positive="forward"),
        "meter_in_kwh_total": Measure("Wh"),
        "meter_out_kwh_total": Measure("Wh"),
    }

    @classmethod
    def parse(cls, raw: Mapping[str, Any], settings: Settings) -> DeviceSample:
        now = raw["now"]
        names = {"meter_w": "w", "meter_in_kwh_total": "in", "meter_out_kwh_total": "out"}
        return DeviceSample({name: now.get(key) for name, key in names.items()})


METER = {"/now": {"w": -300.6, "in": 5000, "out": 7000}}


class TestAnywhere(Conformance):
    adapter = Anywhere
    recordings = (
        RecordedAnswer("day", METER, {"grid_w": -301, "grid_in_kwh_total": 5, "grid_out_kwh_total": 7}),
        RecordedAnswer(
            "no battery",
            METER,
            {"battery_w": 301, "battery_in_kwh_total": 5, "battery_out_kwh_total": 7},
            settings={"measures": "battery", "turned": True},
        ),
        RecordedAnswer(
            "night",
            {"/now": {"w": 0, "in": 5}},
            {"solar_w": 0, "solar_kwh_total": 0.005},
            settings={"measures": "solar"},
        ),
        RecordedAnswer("first start", {"/now": {}}, None),
    )


class Turned(Roof):
    measures = Roof.measures | {"grid_w": Measure("W", positive="import")}


class ZeroForNothing(Roof):
    @classmethod
    def parse(cls, raw: Mapping[str, Any], settings: Settings) -> DeviceSample:
        return DeviceSample({"solar_w": raw["now"].get("pv") or 0})


class Crashing(Roof):
    @classmethod
    def parse(cls, raw: Mapping[str, Any], settings: Settings) -> DeviceSample:
        assert isinstance(raw["now"]["load"], int), "anything but what reading raises"
        return super().parse(raw, settings)


class Telling(Roof):
    def ask(self, deadline: Any) -> Mapping[str, Any]:
        return {**super().ask(deadline), "sent": f"?t={self.settings['token']}"}

    def __repr__(self) -> str:
        return f"Telling({self.settings['token']})"


class Open(Roof):
    parameters = (URL, VendorParameter("token", "Token", required=True))


def kit(adapter: type[HttpAdapter]) -> Conformance:
    found = Conformance()
    found.adapter, found.recordings = adapter, TestRoof.recordings  # type: ignore[misc]
    return found


DAYTIME = TestRoof.recordings[0]


def test_a_turned_sign_is_found_by_the_balance() -> None:
    with pytest.raises(AssertionError, match=r"unexplained.*\['grid_w'\]"):
        kit(Turned).test_the_balance_holds_and_no_sign_is_turned(DAYTIME)


def test_a_zero_that_stands_for_nothing_is_found() -> None:
    with pytest.raises(AssertionError, match="makes solar_w zero"):
        kit(ZeroForNothing).test_an_absent_value_is_never_zero_and_nonsense_never_believed(DAYTIME)


def test_an_adapter_that_crashes_on_nonsense_is_found() -> None:
    with pytest.raises(AssertionError, match="anything but"):
        kit(Crashing).test_an_absent_value_is_never_zero_and_nonsense_never_believed(DAYTIME)


def test_a_secret_that_shows_is_found() -> None:
    with pytest.raises(AssertionError):
        kit(Telling).test_secrets_are_shown_nowhere(DAYTIME)


def test_a_secret_that_is_not_declared_is_found() -> None:
    with pytest.raises(AssertionError, match="sounds secret"):
        kit(Open).test_it_declares_what_it_is()


def test_what_a_device_repeats_of_a_secret_is_not_kept() -> None:
    with kit(Telling).opened(DAYTIME) as adapter:
        assert SECRET not in json.dumps(adapter.poll("house", memory={}, now_at=NOW_AT).raw)


def test_every_adapter_is_tried_with_what_the_table_says() -> None:
    """`python -m tests.vendors.cases` prints it anew."""
    assert cases.table() in cases.PAGE.read_text()
    built_in = set(vendor_types()) - {"select.live", "select.live-lan"}
    assert set(cases.kits()) == built_in
    for name, kit in cases.kits().items():
        if issubclass(kit.adapter, HttpAdapter):
            assert set(kit.troubles) == set(cases.TROUBLES), name

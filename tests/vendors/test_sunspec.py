"""SunSpec: devices made of pysunspec2's model definitions, on pymodbus's server; each point also read by
pysunspec2."""

import math
import random
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import sunspec2.device
from tests.vendors.modbus_device import ModbusDevice
from tests.vendors.patient_kit import PatientConformance
from tests.vendors.tcp_device import TcpDevice

from liveone.vendors.adapter import account_of
from liveone.vendors.base import ProtocolViolation
from liveone.vendors.conformance.device import Trouble
from liveone.vendors.conformance.kit import RecordedAnswer
from liveone.vendors.parameters import Setting
from liveone.vendors.sunspec.device import SunSpecDevice
from liveone.vendors.sunspec.models import COMMON, METERS, POINTS, SunSpecModel

UNIT, METER_UNIT = 1, 240
UNSET: Mapping[str, bytes] = {
    "int16": b"\x80\x00",
    "sunssf": b"\x80\x00",
    "pad": b"\x80\x00",
    "uint16": b"\xff\xff",
    "enum16": b"\xff\xff",
    "bitfield16": b"\xff\xff",
    "count": b"\xff\xff",
    "uint32": b"\xff" * 4,
    "int32": b"\x80\0\0\0",
    "bitfield32": b"\xff" * 4,
    "uint64": b"\xff" * 8,
    "acc32": b"\0" * 4,
    "acc64": b"\0" * 8,
    "float32": struct.pack(">f", math.nan),
}
SIGNED = ("int16", "int32", "sunssf")
Given = tuple[int, Mapping[str, Any], Sequence[Mapping[str, Any]]]
"""A model's number, its values as they stand in the registers, and those of each of its repeated groups."""


def encoded(group: Mapping[str, Any], given: Mapping[str, Any]) -> bytes:
    """The points of a group of a definition."""
    found = b""
    for point in group["points"]:
        kind, size, value = point["type"], 2 * point["size"], given.get(point["name"])
        if kind == "string":
            found += str(value or "").encode().ljust(size, b"\0")
        elif value is None:
            found += UNSET[kind]
        elif kind == "float32":
            found += struct.pack(">f", value)
        else:
            found += int(value).to_bytes(size, "big", signed=kind in SIGNED)
    return found


def model(number: int, values: Mapping[str, Any], groups: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """A model with its header."""
    group = sunspec2.device.get_model_def(number)["group"]
    body = encoded(group, {**values, "ID": number})[4:]
    inner = group.get("groups") or [None]
    body += b"".join(encoded(inner[0], each) for each in groups)
    return struct.pack(">HH", number, len(body) // 2) + body


def device_of(*models: Given) -> list[int]:
    """The words of a device, from SunS to the end."""
    data = b"SunS" + b"".join(model(*each) for each in models) + b"\xff\xff\0\0"
    return list(struct.unpack(f">{len(data) // 2}H", data))


def common(make: str) -> Given:
    return COMMON, {"Mn": make, "Md": "Test 5.0", "SN": "12345", "Vr": "1.0", "DA": 1}, ()


METER: Given = (
    203,
    {
        "W": -2379,
        "W_SF": 0,
        "PhVphA": 2312,
        "V_SF": -1,
        "TotWhExp": 500_100,
        "TotWhImp": 400_200,
        "TotWh_SF": 0,
    },
    (),
)
SUN: Given = (
    103,
    {"W": 3120, "W_SF": 0, "WH": 1_200_500, "WH_SF": 0, "St": 4, "Evt1": 0, "Hz": 4998, "Hz_SF": -2},
    (),
)
ASLEEP: Given = (103, {"WH": 1_200_500, "WH_SF": 0, "St": 2, "W_SF": 0, "Evt1": 0}, ())
STRINGS: Given = (
    160,
    {"DCW_SF": -1, "DCWH_SF": 0, "N": 4},
    [
        {"ID": 1, "IDStr": "String 1", "DCW": 20_000, "DCWH": 900_000},
        {"ID": 2, "IDStr": "String 2", "DCW": 10_000, "DCWH": 100_000},
        {"ID": 3, "IDStr": "StCha 3", "DCW": 12_340, "DCWH": 5},
        {"ID": 4, "IDStr": "StDisCha 4", "DCW": 0, "DCWH": 6},
    ],
)
STORAGE: Given = (124, {"ChaState": 7650, "ChaState_SF": -2, "WChaMax": 5000}, ())
BATTERY: Given = (
    802,
    {"W": 1500, "W_SF": 0, "SoC": 555, "SoC_SF": -1, "ChaSt": 4, "WHRtg": 1000, "WHRtg_SF": 1},
    (),
)
GRID = {"grid_w": -2379, "grid_in_kwh_total": 400.2, "grid_out_kwh_total": 500.1}
GIVEN = {"solar_w": 3120, "solar_kwh_total": 1200.5, "fault_code": 0}


class TestSunSpec(PatientConformance):
    adapter = SunSpecDevice
    recordings = (
        RecordedAnswer(
            "day",
            {
                "1": device_of(common("Fronius"), SUN, STRINGS, STORAGE),
                "240": device_of(common("Fronius"), (203, {**METER[1], "W": -1025}, ())),
            },
            GRID
            | {"solar_w": 3000, "solar_kwh_total": 1000, "battery_w": -1234, "battery_soc_pct": 76.5}
            | {"grid_w": -1025, "load_w": 741, "fault_code": 0},
            settings={"meter_unit": METER_UNIT},
            name="hybrid with strings and a meter apart",
        ),
        RecordedAnswer(
            "night",
            {"1": device_of(common("SMA"), ASLEEP)},
            GIVEN | {"solar_w": 0},
            name="asleep",
        ),
        RecordedAnswer(
            "no battery",
            {"1": device_of(common("SolarEdge "), SUN, (203, {**METER[1], "W": 2379}, ()))},
            GIVEN | GRID | {"load_w": 741},
            name="SolarEdge, whose meter counts exports as positive",
        ),
        RecordedAnswer("first start", {"1": device_of(common("SMA"), (103, {}, ()))}, None),
    )
    troubles = ("half a body", "slow", "refused")

    @contextmanager
    def device(
        self, recording: RecordedAnswer, trouble: Trouble | None = None
    ) -> Iterator[Mapping[str, Setting]]:
        if trouble is None:
            units = {int(unit): ({40_000: words}, {}) for unit, words in recording.pages.items()}
            with ModbusDevice(units) as device:
                yield {"host": "127.0.0.1", "port": device.port}
            return
        with TcpDevice(
            b"\0\1\0\0\0\7\1\3\4" if trouble == "half a body" else b"", ends=trouble != "slow"
        ) as port:
            if trouble != "refused":
                yield {"host": "127.0.0.1", "port": port}
        if trouble == "refused":
            yield {"host": "127.0.0.1", "port": port}


def read(*models: Given, **settings: Setting) -> Any:
    """The reading of a device of these models."""
    words = device_of(*models)
    with ModbusDevice({UNIT: ({40_000: words}, {})}) as device:
        account = account_of("sunspec", {"host": "127.0.0.1", "port": device.port, **settings}, timeout_s=10)
        adapter = SunSpecDevice(account)
        try:
            return adapter.poll("house", memory={}, now_at=1_764_500_000)
        finally:
            adapter.close()


@pytest.mark.parametrize(("state", "power_w"), [(4, -1500), (3, 1500), (5, 1500), (None, 1500)])
def test_a_battery_tells_which_way_its_power_goes(state: int | None, power_w: int) -> None:
    reading = read(common("BYD"), (802, {**BATTERY[1], "ChaSt": state}, ())).reading
    assert (reading.battery_w, reading.battery_soc_pct) == (power_w, 55.5)


def test_a_device_of_the_newer_models_with_a_battery_at_a_port() -> None:
    ports: Given = (
        714,
        {"DCW_SF": 0, "DCWH_SF": 0, "NPrt": 2},
        [
            {"PrtTyp": 0, "IDStr": "PV", "DCW": 4000, "DCWhInj": 70_000, "DCWhAbs": 0},
            {"PrtTyp": 1, "IDStr": "Battery", "DCW": -900, "DCWhInj": 1, "DCWhAbs": 2},
        ],
    )
    measured: Given = (701, {"W": 3050, "W_SF": 0, "InvSt": 3, "TotWhInj": 12, "TotWh_SF": 0}, ())
    store: Given = (713, {"SoC": 42, "Pct_SF": 0, "WHRtg": 100, "WH_SF": 2}, ())
    poll = read(common("DER"), measured, store, ports)
    found = poll.reading
    assert (found.solar_w, found.battery_w, found.battery_soc_pct) == (4000, -900, 42)
    assert (found.solar_kwh_total, found.fault_code) == (70, 0)
    assert {"string_1_w": 4000.0, "inverter_w": 3050.0}.items() <= {
        each.key: each.value for each in poll.points
    }.items()


@pytest.mark.parametrize("number", [101, 102, 103, 111, 112, 113])
def test_every_kind_of_inverter_is_read(number: int) -> None:
    scales = {"W_SF": 1, "WH_SF": 0} if number < 110 else {}
    reading = read(common("Any"), (number, {"W": 312, "WH": 5000, "St": 7, "Evt1": 64, **scales}, ())).reading
    assert (reading.solar_w, reading.solar_kwh_total, reading.fault_code) == (3120 if scales else 312, 5, 64)


@pytest.mark.parametrize("number", METERS)
def test_every_kind_of_meter_is_read(number: int) -> None:
    reading = read(common("Any"), (number, METER[1], ())).reading
    assert (reading.grid_w, reading.grid_in_kwh_total) == (-2379, pytest.approx(400.2))
    turned = read(common("Any"), (number, METER[1], ()), meter_positive="export").reading
    assert turned.grid_w == 2379


NO_SCALE = -0x8000


@pytest.mark.parametrize("base", [0, 40_000, 50_000])
@pytest.mark.parametrize("ends", [True, False])
def test_models_are_found_behind_unknown_ones_wherever_they_begin(base: int, ends: bool) -> None:
    unknown = [64_001, 3, 1, 2, 3, 64_002, 0]
    words = device_of(common("Any"), SUN)
    header = words[:70]
    words = header + unknown + words[70:]
    with ModbusDevice({UNIT: ({base: words if ends else words[:-2]}, {})}) as device:
        adapter = SunSpecDevice(
            account_of("sunspec", {"host": "127.0.0.1", "port": device.port}, timeout_s=10)
        )
        reading = adapter.poll("house", memory={}, now_at=1_764_500_000).reading
        adapter.close()
    assert (reading.solar_w, reading.solar_kwh_total) == (3120, 1200.5)


def test_a_value_without_its_scale_is_absent_and_the_rest_counts() -> None:
    sent = {**SUN[1], "W_SF": NO_SCALE}
    reading = read(common("Any"), (103, sent, ())).reading
    assert (reading.solar_w, reading.solar_kwh_total) == (None, 1200.5)


def test_a_string_that_a_device_has_not_got_makes_no_sum_absent() -> None:
    strings: Given = (160, STRINGS[1], [STRINGS[2][0], {"ID": 2, "IDStr": "String 2"}, *STRINGS[2][2:]])
    reading = read(common("Fronius"), SUN, strings, STORAGE).reading
    assert (reading.solar_w, reading.solar_kwh_total, reading.battery_w) == (2000, 900, -1234)


def test_an_inverter_that_does_not_count_has_its_energy_in_its_status() -> None:
    status: Given = (122, {"ActWh": 7_000_000}, ())
    silent: Given = (103, {"W": 100, "W_SF": 0, "St": 4}, ())
    assert read(common("Any"), silent, status).reading.solar_kwh_total == 7000
    assert read(common("Any"), SUN, status).reading.solar_kwh_total == 1200.5


def test_hardware_is_described() -> None:
    words = device_of(common("Fronius"), SUN, (120, {"WRtg": 500, "WRtg_SF": 1}, ()), BATTERY)
    with ModbusDevice({UNIT: ({40_000: words}, {})}) as device:
        adapter = SunSpecDevice(account_of("sunspec", {"host": "127.0.0.1", "port": device.port}))
        info = adapter.describe("house")
        adapter.close()
    assert (info.model, info.serial, info.ratings) == ("Fronius Test 5.0", "12345", "5 kW")
    assert info.battery_size == "10 kWh"


def test_a_device_without_models_says_what_to_check() -> None:
    with ModbusDevice({UNIT: ({40_000: [1, 2, 3]}, {})}) as device:
        adapter = SunSpecDevice(account_of("sunspec", {"host": "127.0.0.1", "port": device.port}))
        with pytest.raises(ProtocolViolation, match="no SunSpec models"):
            adapter.poll("house", memory={}, now_at=0)
        adapter.close()


@pytest.mark.parametrize("number", POINTS)
def test_pysunspec2_reads_every_point_the_same(number: int) -> None:
    drawn = random.Random(number)
    for _ in range(40):
        group = sunspec2.device.get_model_def(number)["group"]
        given = {
            point["name"]: drawn.randint(-6, 6)
            for point in group["points"]
            if point["type"] == "sunssf" and drawn.random() < 0.9
        }
        sizes = {point["name"]: 8 * 2 * point["size"] for point in group["points"]}
        given |= {
            name: drawn.getrandbits(sizes[name] - 1)
            for name in POINTS[number]
            if name not in given and not name.endswith("_SF") and drawn.random() < 0.8
        }
        sent = model(number, {**given, "N": 0, "NPrt": 0, "NCtl": 0})
        words = struct.unpack(f">{len(sent) // 2}H", sent)
        theirs = sunspec2.device.Model(number, data=sent, model_len=len(words) - 2)
        ours = SunSpecModel(number, words[2:])
        for name, (_, kind, scaled_by) in POINTS[number].items():
            expected = theirs.points[name].cvalue
            is_unset = expected is None or (kind.startswith("acc") and expected == 0)
            if scaled_by and theirs.points[scaled_by].value is None:
                assert ours.get(name) is None
            elif not is_unset:
                assert ours.get(name) == pytest.approx(expected), (number, name)
            else:
                assert ours.get(name) is None, (number, name)

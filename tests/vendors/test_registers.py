"""Register maps, against statements of the same registers from elsewhere, on pymodbus's server.

STATED holds, for each map, registers as another source numbers and names them, with a value in each: not a
line of it is read from our files. GoodWe's are recorded, and read by the library goodwe too.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import goodwe.et
import goodwe.protocol
import pytest
from pymodbus.client.mixin import ModbusClientMixin
from tests.vendors.modbus_device import ModbusDevice, Registers
from tests.vendors.patient_kit import PatientConformance
from tests.vendors.recordings import needs_recordings, text
from tests.vendors.tcp_device import TcpDevice

from liveone.errors import ConfigError
from liveone.vendors.adapter import account_of
from liveone.vendors.base import Poll, TemporaryFailure
from liveone.vendors.conformance.device import Trouble
from liveone.vendors.conformance.kit import RecordedAnswer
from liveone.vendors.modbus.frames import ModbusRefused
from liveone.vendors.modbus.values import SIZE
from liveone.vendors.parameters import Setting
from liveone.vendors.registers.device import RegisterInverter, RegisterMeter
from liveone.vendors.registers.maps import register_map, shipped_maps
from liveone.vendors.registers.parse import key_of, sample_of

KINDS = ModbusClientMixin.DATATYPE
U16, S16, U32, S32, U64, F32, TEXT = (
    KINDS.UINT16,
    KINDS.INT16,
    KINDS.UINT32,
    KINDS.INT32,
    KINDS.UINT64,
    KINDS.FLOAT32,
    KINDS.STRING,
)
AT = 1_764_500_000


@dataclass(frozen=True)
class Stated:
    """``registers`` as (number, kind, raw value), ``first`` the number of the first register of the
    numbering."""

    source: str
    registers: tuple[tuple[int, Any, Any], ...]
    meant: Mapping[str, float]
    is_input: bool = False
    is_swapped: bool = False
    first: int = 0
    unit: int = 1
    derived: Mapping[str, float] = field(default_factory=dict)
    points: Mapping[str, float] = field(default_factory=dict)

    def units(self) -> Mapping[int, tuple[Registers, Registers]]:
        words: dict[int, list[int]] = {}
        order: Any = "little" if self.is_swapped else "big"
        for number, kind, value in self.registers:
            words[number - self.first] = ModbusClientMixin.convert_to_registers(value, kind, word_order=order)
        return {self.unit: ({}, words) if self.is_input else (words, {})}


STATED: Mapping[str, Stated] = {
    "sungrow-sh": Stated(
        "Sungrow's protocol document, whose numbers begin with 1",
        (
            (4990, TEXT, "A2350415770"),
            (5008, S16, -55),
            (5011, U16, 5406),
            (5012, U16, 7),
            (5013, U16, 2575),
            (5014, U16, 8),
            (5015, U16, 0xFFFF),
            (5016, U16, 0xFFFF),
            (5017, U32, 3120),
            (13001, U16, 0b0000_0101),
            (13003, U32, 12_005),
            (13008, S32, 741),
            (13010, S32, 3579),
            (13022, U16, 1200),
            (13023, U16, 765),
            (13020, U16, 2104),
            (13025, S16, 211),
            (13027, U32, 3333),
            (13037, U32, 4002),
            (13041, U32, 4444),
            (13046, U32, 700_010),
        ),
        {
            "solar_w": 3120,
            "load_w": 741,
            "grid_w": -3579,
            "battery_w": 1200,
            "battery_soc_pct": 76.5,
            "solar_kwh_total": 1200.5,
            "battery_out_kwh_total": 333.3,
            "battery_in_kwh_total": 444.4,
            "grid_in_kwh_total": 400.2,
            "grid_out_kwh_total": 70_001,
        },
        is_input=True,
        is_swapped=True,
        first=1,
        points={
            "string_1_v": 540.6,
            "string_1_a": 0.7,
            "string_2_v": 257.5,
            "string_2_a": 0.8,
            "inverter_c": -5.5,
            "battery_c": 21.1,
        },
    ),
    "huawei-sun2000": Stated(
        "huawei-solar-lib (MIT)",
        (
            (30000, TEXT, "SUN2000-5KTL-L1"),
            (32016, S16, 5406),
            (32017, S16, 71),
            (32018, S16, 0),
            (32019, S16, 0),
            (32087, S16, 415),
            (32064, S32, 3120),
            (32106, U32, 120_050),
            (37100, U16, 1),
            (37113, S32, 2379),
            (37119, S32, 50_010),
            (37121, U32, 40_020),
        ),
        {
            "solar_w": 3120,
            "grid_w": -2379,
            "solar_kwh_total": 1200.5,
            "grid_in_kwh_total": 400.2,
            "grid_out_kwh_total": 500.1,
        },
        derived={"load_w": 741},
        points={
            "string_1_v": 540.6,
            "string_1_a": 0.71,
            "string_2_v": 0,
            "string_2_a": 0,
            "inverter_c": 41.5,
        },
    ),
    "huawei-luna2000": Stated(
        "huawei-solar-lib (MIT)",
        (
            (32064, S32, 3120),
            (37022, S16, 211),
            (37100, U16, 1),
            (37113, S32, -300),
            (37119, S32, -50_010),
            (37121, U32, 40_020),
            (37760, U16, 765),
            (37765, S32, 1500),
            (37780, U32, 44_440),
            (37782, U32, 33_330),
        ),
        {
            "solar_w": 3120,
            "grid_w": 300,
            "battery_w": -1500,
            "battery_soc_pct": 76.5,
            "battery_in_kwh_total": 444.4,
            "battery_out_kwh_total": 333.3,
            "grid_in_kwh_total": 400.2,
            "grid_out_kwh_total": 500.1,
        },
        derived={"load_w": 1920},
        points={"battery_c": 21.1},
    ),
    "growatt-sph": Stated(
        "Growatt_ModbusTCP (0xAHA), profiles/sph.py",
        (
            (1, U32, 31_200),
            (5, U32, 20_000),
            (9, U32, 11_200),
            (91, U32, 12_005),
            (93, S16, -15),
            (1040, S16, -32),
            (1009, U32, 0),
            (1011, U32, 15_000),
            (1013, U16, 2104),
            (1014, U16, 77),
            (1021, U32, 3000),
            (1029, U32, 0),
            (1037, U32, 19_200),
            (1046, U32, 4002),
            (1050, U32, 5001),
            (1054, U32, 3333),
            (1058, U32, 4444),
            (1062, U32, 9999),
        ),
        {
            "solar_w": 3120,
            "grid_w": 300,
            "battery_w": -1500,
            "load_w": 1920,
            "battery_soc_pct": 77,
            "solar_kwh_total": 1200.5,
            "grid_in_kwh_total": 400.2,
            "grid_out_kwh_total": 500.1,
            "battery_out_kwh_total": 333.3,
            "battery_in_kwh_total": 444.4,
            "load_kwh_total": 999.9,
        },
        is_input=True,
        points={"string_1_w": 2000, "string_2_w": 1120, "inverter_c": -1.5, "battery_c": -3.2},
    ),
    "growatt-tl-xh": Stated(
        "Growatt_ModbusTCP (0xAHA), profiles/tl_xh.py, and Homeassistant-Growatt-Local-Modbus",
        (
            (3001, U32, 31_200),
            (3005, U32, 20_000),
            (3009, U32, 11_200),
            (3041, U32, 0),
            (3043, U32, 23_790),
            (3045, U32, 12_410),
            (3053, U32, 12_005),
            (3069, U32, 4002),
            (3073, U32, 5001),
            (3077, U32, 9999),
            (3093, S16, 415),
            (3127, U32, 3333),
            (3131, U32, 4444),
            (3169, U16, 21_040),
            (3171, U16, 77),
            (3178, U32, 5000),
            (3180, U32, 0),
        ),
        {
            "solar_w": 3120,
            "grid_w": -2379,
            "battery_w": 500,
            "battery_soc_pct": 77,
            "solar_kwh_total": 1200.5,
            "load_w": 1241,
            "grid_in_kwh_total": 400.2,
            "grid_out_kwh_total": 500.1,
            "load_kwh_total": 999.9,
            "battery_in_kwh_total": 444.4,
            "battery_out_kwh_total": 333.3,
        },
        is_input=True,
        points={"string_1_w": 2000, "string_2_w": 1120, "inverter_c": 41.5},
    ),
    "deye-3p": Stated(
        "sunsynk (MIT), three_phase_common and three_phase_lv",
        (
            (3, TEXT, "2304123456"),
            (516, U32, 4444),
            (518, U32, 3333),
            (522, U32, 4002),
            (524, U32, 5001),
            (527, U32, 9999),
            (534, U32, 700_010),
            (541, U16, 1415),
            (586, U16, 968),
            (587, U16, 5210),
            (588, U16, 77),
            (590, S16, -1500),
            (625, S16, 300),
            (653, S16, 1920),
            (672, S16, 2000),
            (673, S16, 1120),
            (674, S16, 0),
            (675, S16, 0),
        ),
        {
            "solar_w": 3120,
            "grid_w": 300,
            "battery_w": -1500,
            "load_w": 1920,
            "battery_soc_pct": 77,
            "battery_in_kwh_total": 444.4,
            "battery_out_kwh_total": 333.3,
            "grid_in_kwh_total": 400.2,
            "grid_out_kwh_total": 500.1,
            "load_kwh_total": 999.9,
            "solar_kwh_total": 70_001,
        },
        is_swapped=True,
        points={
            "string_1_w": 2000,
            "string_2_w": 1120,
            "string_3_w": 0,
            "string_4_w": 0,
            "inverter_c": 41.5,
            "battery_c": -3.2,
        },
    ),
    "deye-3p-hv": Stated(
        "sunsynk (MIT), three_phase_common and three_phase_hv",
        (
            (516, U32, 4444),
            (518, U32, 3333),
            (522, U32, 4002),
            (524, U32, 5001),
            (527, U32, 9999),
            (534, U32, 700_010),
            (541, U16, 1415),
            (586, U16, 1211),
            (587, U16, 2104),
            (588, U16, 77),
            (589, U16, 60),
            (590, S16, -100),
            (595, S16, -50),
            (596, U16, 0),
            (625, S16, 300),
            (653, S16, 1920),
            (672, U16, 200),
            (673, U16, 112),
            (674, U16, 0),
            (675, U16, 0),
        ),
        {
            "solar_w": 3120,
            "grid_w": 300,
            "battery_w": -1500,
            "load_w": 1920,
            "battery_soc_pct": 77,
            "battery_in_kwh_total": 444.4,
            "battery_out_kwh_total": 333.3,
            "grid_in_kwh_total": 400.2,
            "grid_out_kwh_total": 500.1,
            "load_kwh_total": 999.9,
            "solar_kwh_total": 70_001,
        },
        is_swapped=True,
        points={
            "string_1_w": 2000,
            "string_2_w": 1120,
            "string_3_w": 0,
            "string_4_w": 0,
            "battery_1_c": 21.1,
            "battery_2_pct": 60,
            "inverter_c": 41.5,
        },
    ),
    "deye-1p": Stated(
        "sunsynk (MIT), single_phase: its total import has its words in 78 and 80",
        (
            (72, U32, 4444),
            (74, U32, 3333),
            (78, U16, 700_010 % 65_536),
            (80, U16, 700_010 // 65_536),
            (81, U32, 5001),
            (85, U32, 9999),
            (91, U16, 1415),
            (96, U32, 12_005),
            (169, S16, -2379),
            (178, S16, 741),
            (182, U16, 0),
            (183, U16, 5210),
            (184, U16, 77),
            (186, S16, 2000),
            (187, S16, 1120),
            (190, S16, 0),
        ),
        {
            "solar_w": 3120,
            "grid_w": -2379,
            "battery_w": 0,
            "load_w": 741,
            "battery_soc_pct": 77,
            "battery_in_kwh_total": 444.4,
            "battery_out_kwh_total": 333.3,
            "grid_in_kwh_total": 70_001,
            "grid_out_kwh_total": 500.1,
            "load_kwh_total": 999.9,
            "solar_kwh_total": 1200.5,
        },
        is_swapped=True,
        points={"string_1_w": 2000, "string_2_w": 1120, "inverter_c": 41.5},
    ),
    "sungrow-sg": Stated(
        "SunGather, registers-sungrow.yaml, whose numbers begin with 1",
        (
            (4990, TEXT, "A2350415770"),
            (5004, U32, 1200),
            (5008, S16, -55),
            (5011, U16, 5406),
            (5012, U16, 7),
            (5013, U16, 2575),
            (5014, U16, 8),
            (5031, U32, 3120),
            (5083, S32, -2379),
            (5095, U32, 5001),
            (5099, U32, 4002),
        ),
        {
            "solar_w": 3120,
            "grid_w": -2379,
            "solar_kwh_total": 1200,
            "grid_in_kwh_total": 400.2,
            "grid_out_kwh_total": 500.1,
        },
        is_input=True,
        is_swapped=True,
        first=1,
        derived={"load_w": 741},
        points={
            "string_1_v": 540.6,
            "string_1_a": 0.7,
            "string_2_v": 257.5,
            "string_2_a": 0.8,
            "inverter_c": -5.5,
        },
    ),
    "solax-hybrid": Stated(
        "solaxx3 (mkfam7), registers.py",
        (
            (0x08, S16, 41),
            (0x14, S16, 2100),
            (0x18, S16, -3),
            (0x1D, U32, 3333),
            (0x21, U32, 4444),
            (0x0A, U16, 2000),
            (0x0B, U16, 1120),
            (0x16, S16, 1500),
            (0x1C, U16, 77),
            (0x46, S32, -300),
            (0x94, U32, 12_005),
        ),
        {
            "solar_w": 3120,
            "grid_w": 300,
            "battery_w": -1500,
            "battery_soc_pct": 77,
            "battery_out_kwh_total": 333.3,
            "battery_in_kwh_total": 444.4,
            "solar_kwh_total": 1200.5,
        },
        is_input=True,
        is_swapped=True,
        derived={"load_w": 1920},
        points={"string_1_w": 2000, "string_2_w": 1120, "battery_c": -3, "inverter_c": 41},
    ),
    "victron-gx": Stated(
        "Victron's dbus_modbustcp, attributes.csv (com.victronenergy.system)",
        (
            *(
                (number, U16, value)
                for number, value in zip(range(808, 817), (100, 15, 0, 0, 0, 0, 5, 0, 0), strict=True)
            ),
            *((number, U16, value) for number, value in zip(range(817, 820), (1000, 500, 420), strict=True)),
            *(
                (number, S16, value)
                for number, value in zip(range(820, 826), (400, -150, -50, 100, 0, 0), strict=True)
            ),
            (840, U16, 525),
            (842, S16, 1500),
            (843, U16, 77),
            (850, U16, 3000),
        ),
        {"solar_w": 3120, "grid_w": 300, "battery_w": -1500, "load_w": 1920, "battery_soc_pct": 77},
        unit=100,
        points={"grid_1_w": 400, "grid_2_w": -150, "grid_3_w": -50},
    ),
    "sigenergy": Stated(
        "Sigenergy-Local-Modbus (MIT), from Sigenergy's protocol 2.7",
        (
            (30004, U16, 1),
            (30005, S32, 300),
            (30014, U16, 765),
            (30035, S32, 3000),
            (30037, S32, 1500),
            (30052, S32, 500),
            (30054, S32, -150),
            (30056, S32, -50),
            (30087, U16, 990),
            (30088, U64, 120_050),
            (30094, U64, 99_990),
            (30194, S32, 120),
            (30200, U64, 44_440),
            (30204, U64, 33_330),
            (30216, U64, 40_020),
            (30220, U64, 50_010),
        ),
        {
            "solar_w": 3120,
            "grid_w": 300,
            "battery_w": -1500,
            "battery_soc_pct": 76.5,
            "solar_kwh_total": 1200.5,
            "load_kwh_total": 999.9,
            "battery_in_kwh_total": 444.4,
            "battery_out_kwh_total": 333.3,
            "grid_in_kwh_total": 400.2,
            "grid_out_kwh_total": 500.1,
        },
        unit=247,
        derived={"load_w": 1920},
        points={
            "grid_1_w": 500,
            "grid_2_w": -150,
            "grid_3_w": -50,
            "other_solar_w": 120,
            "battery_health_pct": 99,
        },
    ),
    "eastron-sdm630": Stated(
        "Eastron's protocol document, as input registers 30001 and on",
        (
            *((number, F32, 230.0) for number in (30001, 30003, 30005)),
            *((number, F32, 100.0) for number in (30013, 30015, 30017)),
            (30053, F32, -2379.0),
            (30073, F32, 400.25),
            (30075, F32, 500.125),
        ),
        {"grid_w": -2379, "grid_in_kwh_total": 400.25, "grid_out_kwh_total": 500.125},
        is_input=True,
        first=30001,
        points={
            f"phase_{phase}_{unit}": value for phase in (1, 2, 3) for unit, value in (("w", 100), ("v", 230))
        },
    ),
    "eastron-sdm230": Stated(
        "Eastron's protocol document, as input registers 30001 and on",
        (
            (30001, F32, 230.0),
            (30013, F32, -2379.0),
            (30071, F32, 50.0),
            (30073, F32, 400.25),
            (30075, F32, 500.125),
        ),
        {"grid_w": -2379, "grid_in_kwh_total": 400.25, "grid_out_kwh_total": 500.125},
        is_input=True,
        first=30001,
        points={"phase_1_v": 230, "grid_hz": 50},
    ),
    "carlo-gavazzi-em340": Stated(
        "Carlo Gavazzi's protocol document, Modicon addresses 300001 and on",
        (
            (300_001, S32, 2301),
            *((number, S32, 1000) for number in (300_019, 300_021, 300_023)),
            (300_041, S32, -23_790),
            (300_053, S32, 4002),
            (300_079, S32, 5001),
        ),
        {"grid_w": -2379, "grid_in_kwh_total": 400.2, "grid_out_kwh_total": 500.1},
        is_input=True,
        is_swapped=True,
        first=300_001,
        points={"phase_1_v": 230.1, "phase_1_w": 100, "phase_2_w": 100, "phase_3_w": 100},
    ),
    "carlo-gavazzi-em24": Stated(
        "OpenEMS, MeterCarloGavazziEm24Impl",
        (
            (300_001, S32, 2301),
            *((number, S32, 1000) for number in (300_019, 300_021, 300_023)),
            (300_041, S32, -23_790),
            (300_063, S32, 4002),
            (300_093, S32, 5001),
        ),
        {"grid_w": -2379, "grid_in_kwh_total": 400.2, "grid_out_kwh_total": 500.1},
        is_input=True,
        is_swapped=True,
        first=300_001,
        points={"phase_1_v": 230.1, "phase_1_w": 100, "phase_2_w": 100, "phase_3_w": 100},
    ),
    "janitza": Stated(
        "Janitza's own integration for Home Assistant, registers.py",
        (
            *((number, F32, 230.0) for number in (19000, 19002, 19004)),
            *((number, F32, -793.0) for number in (19020, 19022, 19024)),
            (19068, F32, 400_250.0),
            (19076, F32, 500_125.0),
        ),
        {"grid_w": -2379, "grid_in_kwh_total": 400.25, "grid_out_kwh_total": 500.125},
        points={"phase_1_v": 230, "phase_2_v": 230, "phase_3_v": 230},
    ),
}


def adapter_of(name: str, port: int, **given: Setting) -> RegisterInverter:
    kind = RegisterMeter if shipped_maps()[name].is_meter else RegisterInverter
    settings = {"host": "127.0.0.1", "port": port, "map": name, **given}
    return kind(account_of(kind.vendor_type, settings, timeout_s=20))


def polled(name: str, units: Mapping[int, tuple[Registers, Registers]], **given: Setting) -> Poll:
    with ModbusDevice(units) as device:
        adapter = adapter_of(name, device.port, **given)
        try:
            return adapter.poll("house", memory={}, now_at=AT)
        finally:
            adapter.close()


@pytest.mark.parametrize("name", STATED)
def test_a_map_means_what_others_say_of_its_registers(name: str) -> None:
    stated = STATED[name]
    poll = polled(name, stated.units())
    found = {
        field: value
        for field in poll.reading.__slots__
        if not field.endswith("_time") and (value := getattr(poll.reading, field)) is not None
    }
    assert found == {key: pytest.approx(value) for key, value in {**stated.meant, **stated.derived}.items()}
    assert set(poll.derived) == set(stated.derived)
    told = {each.key: each.value for each in poll.points}
    assert told == {key: pytest.approx(value) for key, value in stated.points.items()}


def test_every_map_is_stated_or_recorded() -> None:
    assert set(shipped_maps()) == {*STATED, "goodwe-et", "goodwe-dt"}


@needs_recordings
def test_goodwe_reads_its_recorded_registers_the_same() -> None:
    running = bytes.fromhex(text("goodwe/et/GW10K-ET_running_data1.hex"))[5:-2]
    battery = bytes.fromhex(text("goodwe/et/GW10K-ET_battery_info.hex"))[5:-2]
    info = bytes.fromhex(text("goodwe/et/GW10K-ET_device_info_fw819.hex"))[5:-2]
    blocks = {35000: words_of(info), 35100: words_of(running), 37000: words_of(battery)}
    poll = polled("goodwe-et", {247: (blocks, {})})
    reading = poll.reading
    theirs = goodwe_values(running, 35100) | goodwe_values(battery, 37000)
    assert reading.solar_w == theirs["ppv"]
    assert reading.battery_w == theirs["pbattery1"]
    assert reading.grid_w == -theirs["active_power"]
    assert reading.battery_soc_pct == theirs["battery_soc"]
    assert reading.load_w == theirs["house_consumption"]
    assert {each.key: each.value for each in poll.points} == {
        **{f"string_{number}_w": theirs[f"ppv{number}"] for number in (1, 2, 3, 4)},
        "inverter_c": theirs["temperature"],
        "battery_c": theirs["battery_temperature"],
    }
    counters = {
        "solar_kwh_total": "e_total",
        "grid_out_kwh_total": "e_total_exp",
        "grid_in_kwh_total": "e_total_imp",
        "load_kwh_total": "e_load_total",
        "battery_in_kwh_total": "e_bat_charge_total",
        "battery_out_kwh_total": "e_bat_discharge_total",
    }
    for ours, name in counters.items():
        assert getattr(reading, ours) == pytest.approx(theirs[name]), name


def words_of(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def goodwe_values(data: bytes, first: int) -> dict[str, Any]:
    """What the library goodwe makes of a block of registers."""
    command = goodwe.protocol.ModbusRtuReadCommand(0xF7, first, len(data) // 2)
    response = goodwe.protocol.ProtocolResponse(b"\0" * 5 + data + b"\0\0", command)
    inverter = goodwe.et.ET("127.0.0.1", 8899)
    found = {}
    for sensor in inverter.sensors():
        if first <= sensor.offset < first + len(data) // 2 or sensor.id_ in ("ppv", "house_consumption"):
            try:
                found[sensor.id_] = sensor.read(response)
            except (ValueError, IndexError):
                continue
    return {name: value for name, value in found.items() if first == 35100 or name.startswith("battery_")}


SUNGROW = STATED["sungrow-sh"]
DARK = {5016: 0, 13009: -741 % 65_536, 13010: 0xFFFF, 13000: 0, 13021: 0}
"""The words that change at night, by address."""

UNKNOWN = dict.fromkeys((13008, 13010, 13021), 0x7FFF)
"""The highest word of signed numbers that are not known."""


class TestRegisterInverter(PatientConformance):
    adapter = RegisterInverter
    recordings = (
        RecordedAnswer(
            "day", {"map": "sungrow-sh"}, STATED["sungrow-sh"].meant, settings={"map": "sungrow-sh"}
        ),
        RecordedAnswer(
            "night",
            {
                "map": "sungrow-sh",
                "changed": {5016: 0, 13009: -741 % 65_536, 13010: 0xFFFF, 13000: 0, 13021: 0},
            },
            {**SUNGROW.meant, "solar_w": 0, "grid_w": 741, "battery_w": 0},
            settings={"map": "sungrow-sh"},
        ),
        RecordedAnswer(
            "no battery",
            {"map": "huawei-sun2000"},
            {**STATED["huawei-sun2000"].meant, "load_w": 741},
            settings={"map": "huawei-sun2000"},
        ),
        RecordedAnswer(
            "first start",
            {"map": "sungrow-sh", "all": 0xFFFF, "changed": UNKNOWN},
            None,
            settings={"map": "sungrow-sh"},
        ),
    )
    troubles = ("half a body", "slow", "refused")

    @contextmanager
    def device(
        self, recording: RecordedAnswer, trouble: Trouble | None = None
    ) -> Iterator[Mapping[str, Setting]]:
        if trouble is None:
            with ModbusDevice(units_of(recording.pages)) as device:
                yield {"host": "127.0.0.1", "port": device.port}
            return
        with TcpDevice(
            b"\0\1\0\0\0\7\1\4\4" if trouble == "half a body" else b"", ends=trouble != "slow"
        ) as port:
            if trouble != "refused":
                yield {"host": "127.0.0.1", "port": port}
        if trouble == "refused":
            yield {"host": "127.0.0.1", "port": port}


class TestRegisterMeter(TestRegisterInverter):
    adapter = RegisterMeter
    recordings = (
        RecordedAnswer(
            "day",
            {"map": "eastron-sdm630"},
            STATED["eastron-sdm630"].meant,
            settings={"map": "eastron-sdm630"},
        ),
        RecordedAnswer(
            "night",
            {"map": "eastron-sdm230"},
            {"solar_w": 2379, "solar_kwh_total": 500.125},
            settings={"map": "eastron-sdm230", "measures": "solar", "turned": True},
        ),
        RecordedAnswer("first start", {"map": "janitza", "all": 0xFFFF}, None, settings={"map": "janitza"}),
    )


def units_of(pages: Mapping[str, Any]) -> Mapping[int, tuple[Registers, Registers]]:
    """The registers of a statement, some of them changed."""
    stated = STATED[pages["map"]]
    ((unit, (holding, inputs)),) = stated.units().items()
    blocks = []
    for block in (holding, inputs):
        single = {at + index: word for at, words in block.items() for index, word in enumerate(words)}
        single = {at: pages.get("all", word) for at, word in single.items()}
        single |= {at: word for at, word in pages.get("changed", {}).items() if at in single}
        blocks.append({at: [word] for at, word in single.items()})
    return {unit: (blocks[0], blocks[1])}


@pytest.mark.parametrize(
    ("state", "raw", "signed", "battery_w"),
    [
        (0b0000_0011, 1200, None, -1200),
        (0b0000_0101, 1200, None, 1200),
        (0b0000_0011, -1200, None, -1200),
        (0, 1200, None, None),
        (0, -1200, None, -1200),
        (0, 0, None, 0),
        (0, 1200, -1200, -1200),
        (0b0000_0011, 1200, -1, -1200),
        (0b0000_0101, 1200, 0, 1200),
    ],
)
def test_a_battery_without_a_sign_charges_by_its_state_or_by_a_register_that_has_one(
    state: int, raw: int, signed: int | None, battery_w: float | None
) -> None:
    """State stays at 0 on SH5T to SH25T and newer firmware: then 13021 does not say whether it charges."""
    assert read("sungrow-sh", {13000: state, 13021: raw, 5213: signed})["battery_w"] == battery_w


@pytest.mark.parametrize(
    ("name", "changed", "field", "value"),
    [
        ("huawei-sun2000", {37100: 0, 37113: 0}, "grid_w", None),
        ("huawei-sun2000", {37100: 0}, "grid_in_kwh_total", None),
        ("huawei-sun2000", {37100: None}, "grid_w", -2379),
        ("huawei-sun2000", {37113: 0x7FFF_FFFF}, "grid_w", None),
        ("sigenergy", {30004: 0, 30005: 0}, "grid_w", None),
        ("victron-gx", {840: 0, 842: 0, 843: 0}, "battery_w", None),
        ("victron-gx", {840: 0, 842: 0, 843: 0}, "battery_soc_pct", None),
        ("sigenergy", {30194: None}, "solar_w", 3000),
        ("deye-3p-hv", {595: None}, "battery_w", -1000),
        ("growatt-tl-xh", {3043: -1}, "grid_w", None),
        ("goodwe-et", {35176: -1}, "inverter_c", None),
        ("goodwe-et", {35176: -10}, "inverter_c", -1),
    ],
)
def test_what_a_device_says_where_it_has_nothing_is_absent(
    name: str, changed: dict[int, int | None], field: str, value: float | None
) -> None:
    assert read(name, changed).get(field) == value


NO_BATTERY = {
    "victron-gx": 840,
    "solax-hybrid": 20,
    "deye-1p": 183,
    "deye-3p": 587,
    "deye-3p-hv": 587,
    "growatt-sph": 1013,
    "growatt-tl-xh": 3169,
    "sungrow-sh": 13019,
    "goodwe-et": 35184,
}
"""What reads 0 where an inverter has no battery: its voltage, or its mode."""


@pytest.mark.parametrize("name", NO_BATTERY)
def test_an_inverter_without_a_battery_tells_none_and_the_load_goes_without_it(name: str) -> None:
    at = NO_BATTERY[name]
    device = shipped_maps()[name]
    function = device.values[0].ways[0].parts[0].function
    places = [place for each in device.values for way in each.ways for place in way.places()]
    words = {key_of(function, place.at): [0] * SIZE[place.kind] for place in places}
    solar = next(each for each in device.values if each.name == "solar_w").ways[0].parts[0]
    words[key_of(function, solar.at)] = split(1000, SIZE[solar.kind], low_first=device.low_first)
    poll = RegisterInverter.read({"words": words}, {"map": name}, now_at=AT)
    assert words[key_of(function, at)] == [0]
    assert (poll.reading.battery_w, poll.reading.battery_soc_pct) == (None, None)
    assert "battery" in poll.lacks
    assert poll.reading.solar_w == 1000 * solar.factor
    if "load_w" not in {each.name for each in device.values}:
        assert poll.reading.load_w == poll.reading.solar_w + poll.reading.grid_w


def read(name: str, changed: Mapping[int, int | None]) -> dict[str, float | None]:
    """Fields and points of a statement, numbers of which are others, or are not there."""
    device = shipped_maps()[name]
    stated = STATED.get(name)
    words = {} if stated is None else {at: word for _, at, word in single_words(stated)}
    for at, number in changed.items():
        kind = next(
            place.kind
            for value in (*device.values, *device.points)
            for way in value.ways
            for place in way.places()
            if place.at == at
        )
        size = SIZE[kind]
        raw = [None] * size if number is None else split(number, size, low_first=device.low_first)
        words |= {at + index: word for index, word in enumerate(raw)}
    function = device.values[0].ways[0].parts[0].function
    sent = {key_of(function, at): [word] for at, word in words.items() if word is not None}
    sample = sample_of({"words": sent}, device)
    return {**sample.values, **{each.key: each.value for each in sample.points}}


def split(number: int, size: int, *, low_first: bool) -> list[int]:
    found = [number >> (16 * (size - 1 - index)) & 0xFFFF for index in range(size)]
    return found[::-1] if low_first else found


def single_words(stated: Stated) -> Iterator[tuple[int, int, int]]:
    ((unit, (holding, inputs)),) = stated.units().items()
    for at, words in {**holding, **inputs}.items():
        for index, word in enumerate(words):
            yield unit, at + index, word


def test_registers_that_a_model_has_not_are_absent_and_the_rest_counts() -> None:
    units = STATED["huawei-luna2000"].units()
    kept = {at: words for at, words in units[1][0].items() if at < 37_700}
    reading = polled("huawei-luna2000", {1: (kept, {})}).reading
    assert (reading.solar_w, reading.grid_w, reading.battery_w) == (3120, 300, None)


@pytest.mark.parametrize(
    ("name", "gone", "absent"),
    [("growatt-sph", 93, "inverter_c"), ("sungrow-sh", 5014, "string_3_v"), ("deye-3p", 674, "solar_w")],
)
def test_one_number_that_a_model_has_not_costs_no_other(name: str, gone: int, absent: str) -> None:
    """A span that holds one is refused as a whole: it is asked for number by number from then on."""
    stated = STATED[name]
    ((unit, blocks),) = stated.units().items()
    holding, inputs = ({at: words for at, words in block.items() if at != gone} for block in blocks)
    with ModbusDevice({unit: (holding, inputs)}) as device:
        adapter = adapter_of(name, device.port)
        polls = [adapter.poll("house", memory={}, now_at=AT) for _ in range(2)]
        adapter.close()
    for poll in polls:
        told = {each.key for each in poll.points}
        assert set(stated.points) - told <= {absent, "string_3_w"}
        assert [name for name in stated.meant if getattr(poll.reading, name) is None] in ([], [absent])


def test_a_device_that_has_none_of_them_says_what_to_check() -> None:
    with pytest.raises(ModbusRefused, match="no such registers"):
        polled("huawei-luna2000", {1: ({5: [1]}, {})})
    with pytest.raises(TemporaryFailure):
        polled("huawei-luna2000", {1: ({5: [1]}, {})}, unit=9)


OWN = """
title = "My heat pump's meter"
unit = 5
function = 3
meter = true
source = "its manual"
[values.meter_w]
at = 10
kind = "s32"
scale = 0.1
"""


def test_an_owner_brings_a_map_of_his_own(tmp_path: Path) -> None:
    file = tmp_path / "heat-pump.toml"
    file.write_text(OWN)
    with ModbusDevice({5: ({10: [0, 12_345]}, {})}) as device:
        settings: dict[str, Setting] = {"host": "127.0.0.1", "port": device.port, "file": str(file)}
        meter = RegisterMeter(account_of("modbus-meter", {**settings, "measures": "load"}))
        assert meter.poll("house", memory={}, now_at=AT).reading.load_w == 1235
        assert meter.fields(meter.settings) == {"load_w"}
        meter.close()
        with pytest.raises(ConfigError, match="is for modbus-meter"):
            RegisterInverter(account_of("modbus-inverter", settings))


@pytest.mark.parametrize("given", [{}, {"map": "sungrow-sh", "file": "own.toml"}])
def test_a_map_or_a_file_must_be_named(given: dict[str, Setting]) -> None:
    with pytest.raises(ConfigError, match="map or a file") as caught:
        RegisterInverter(account_of("modbus-inverter", {"host": "127.0.0.1", **given}))
    assert "sungrow-sh" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("title", "titel"), "titel is unknown"),
        (("unit = 5", "unit = 500"), "unit must be a number from 0 to 255"),
        (("function = 3", "function = 6"), "function must be one of 3, 4"),
        (("function = 3", "function = 3.0"), "function must be one of 3, 4"),
        (("values.meter_w", "values.grid_w"), "values.grid_w is unknown"),
        (("at = 10", "at = 65535"), "values.meter_w.at must be a number from 0 to 65534"),
        (('kind = "s32"', 'kind = "s31"'), "values.meter_w.kind must be one of"),
        (("scale = 0.1", "scale = -0.1"), "the sign is a key of its own"),
        (("scale = 0.1", "scale = 0.1\nsign = 2"), "sign must be one of 1, -1"),
        (("scale = 0.1", "parts = []"), "has parts"),
        (("scale = 0.1", "negative_if = {at = 3}"), "negative_if.mask"),
        (("scale = 0.1", "positive_if = {at = 3, mask = 1}"), "needs negative_if"),
        (("scale = 0.1", "absent = -1"), "values.meter_w.absent must be a list"),
        (("scale = 0.1", 'offset = "1"'), "values.meter_w.offset must be a number"),
        (("scale = 0.1", "absolute = 1"), "values.meter_w.absolute must be one of True, False"),
        (("scale = 0.1", "first_of = [{at = 3, kind = 'u16'}]"), "has first_of"),
        (('at = 10\nkind = "s32"\nscale = 0.1', "first_of = [{at = 3}]"), "first_of[0].kind must be one of"),
        (("meter = true", "meter = 1"), "meter must be one of True, False"),
        (("[values.meter_w]", "[values"), "is no TOML"),
        (("[values.meter_w]", "[points.meter_w]"), "values is missing or empty"),
        (("[values", "[points.a_w]\nat = 1\nkind = 'u16'\n[values"), "points.a_w.name must be a text"),
    ],
)
def test_a_map_that_cannot_be_is_refused_with_the_key(change: tuple[str, str], said: str) -> None:
    assert change[0] in OWN
    with pytest.raises(ConfigError) as caught:
        register_map("own.toml", OWN.replace(*change))
    assert said in str(caught.value)
    assert "own.toml" in str(caught.value)

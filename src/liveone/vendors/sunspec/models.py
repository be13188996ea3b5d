"""The SunSpec models that are read: where each point stands behind the model's header, of which kind, and
by which point it is scaled. From the SunSpec information models (Apache 2.0). Pure.

Values that a device has not implemented are absent: 8000 of a signed, FFFF of an unsigned number, NaN of a
float, and 0 of an accumulator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from liveone.vendors.modbus.values import Kind, value_of

PointKind = Literal["u16", "s16", "u32", "u64", "f32", "acc32", "acc64", "enum", "bits"]
Place = tuple[int, PointKind, str]
"""Offset in words, kind, and the name of the point that scales it (empty: it is not scaled)."""

INTEGER_INVERTERS, FLOAT_INVERTERS = (101, 102, 103), (111, 112, 113)
INTEGER_METERS, FLOAT_METERS = (201, 202, 203, 204), (211, 212, 213, 214)
METERS = (*INTEGER_METERS, *FLOAT_METERS)
COMMON, NAMEPLATE, STATUS, STORAGE, STRINGS = 1, 120, 122, 124, 160
DER_MEASURE, DER_STORAGE, DER_PORTS, BATTERY = 701, 713, 714, 802

_INTEGER: Mapping[str, Place] = {
    "PhVphA": (8, "u16", "V_SF"), "PhVphB": (9, "u16", "V_SF"), "PhVphC": (10, "u16", "V_SF"),
    "V_SF": (11, "s16", ""), "W": (12, "s16", "W_SF"), "W_SF": (13, "s16", ""),
    "Hz": (14, "u16", "Hz_SF"), "Hz_SF": (15, "s16", ""), "WH": (22, "acc32", "WH_SF"),
    "WH_SF": (24, "s16", ""),
    "TmpCab": (31, "s16", "Tmp_SF"), "Tmp_SF": (35, "s16", ""), "St": (36, "enum", ""),
    "Evt1": (38, "bits", ""),
}  # fmt: skip
_FLOAT: Mapping[str, Place] = {
    "PhVphA": (14, "f32", ""), "PhVphB": (16, "f32", ""), "PhVphC": (18, "f32", ""), "W": (20, "f32", ""),
    "Hz": (22, "f32", ""), "WH": (30, "f32", ""), "TmpCab": (38, "f32", ""), "St": (46, "enum", ""),
    "Evt1": (48, "bits", ""),
}  # fmt: skip
_METER: Mapping[str, Place] = {
    "PhVphA": (6, "s16", "V_SF"), "PhVphB": (7, "s16", "V_SF"), "PhVphC": (8, "s16", "V_SF"),
    "V_SF": (13, "s16", ""), "W": (16, "s16", "W_SF"), "WphA": (17, "s16", "W_SF"),
    "WphB": (18, "s16", "W_SF"),
    "WphC": (19, "s16", "W_SF"), "W_SF": (20, "s16", ""), "TotWhExp": (36, "acc32", "TotWh_SF"),
    "TotWhImp": (44, "acc32", "TotWh_SF"), "TotWh_SF": (52, "s16", ""),
}  # fmt: skip
_FLOAT_METER: Mapping[str, Place] = {
    "PhVphA": (10, "f32", ""), "PhVphB": (12, "f32", ""), "PhVphC": (14, "f32", ""), "W": (26, "f32", ""),
    "WphA": (28, "f32", ""), "WphB": (30, "f32", ""), "WphC": (32, "f32", ""), "TotWhExp": (58, "f32", ""),
    "TotWhImp": (66, "f32", ""),
}  # fmt: skip

POINTS: Mapping[int, Mapping[str, Place]] = MappingProxyType(
    {
        **dict.fromkeys(INTEGER_INVERTERS, _INTEGER),
        **dict.fromkeys(FLOAT_INVERTERS, _FLOAT),
        **dict.fromkeys(INTEGER_METERS, _METER),
        **dict.fromkeys(FLOAT_METERS, _FLOAT_METER),
        NAMEPLATE: {"DERTyp": (0, "enum", ""), "WRtg": (1, "u16", "WRtg_SF"), "WRtg_SF": (2, "s16", "")},
        STATUS: {"ActWh": (3, "acc64", "")},
        STORAGE: {"ChaState": (6, "u16", "ChaState_SF"), "ChaState_SF": (20, "s16", "")},
        STRINGS: {"DCW_SF": (2, "s16", ""), "DCWH_SF": (3, "s16", "")},
        DER_MEASURE: {
            "InvSt": (2, "enum", ""), "Alrm": (4, "bits", ""), "W": (8, "s16", "W_SF"),
            "Hz": (15, "u32", "Hz_SF"), "TotWhInj": (17, "u64", "TotWh_SF"),
            "TmpCab": (34, "s16", "Tmp_SF"), "VL1": (45, "u16", "V_SF"), "VL2": (68, "u16", "V_SF"),
            "VL3": (91, "u16", "V_SF"), "V_SF": (112, "s16", ""), "Hz_SF": (113, "s16", ""),
            "W_SF": (114, "s16", ""), "TotWh_SF": (118, "s16", ""), "Tmp_SF": (120, "s16", ""),
        },
        DER_STORAGE: {
            "WHRtg": (0, "u16", "WH_SF"), "SoC": (2, "u16", "Pct_SF"), "WH_SF": (5, "s16", ""),
            "Pct_SF": (6, "s16", ""),
        },
        DER_PORTS: {"DCW_SF": (15, "s16", ""), "DCWH_SF": (16, "s16", "")},
        BATTERY: {
            "WHRtg": (1, "u16", "WHRtg_SF"), "SoC": (9, "u16", "SoC_SF"), "ChaSt": (14, "enum", ""),
            "V": (32, "u16", "V_SF"), "W": (45, "s16", "W_SF"), "WHRtg_SF": (51, "s16", ""),
            "SoC_SF": (54, "s16", ""), "V_SF": (57, "s16", ""), "W_SF": (61, "s16", ""),
        },
    }
)  # fmt: skip
"""By model. 701 to 714 and 120 to 124 also hold settings; they are neither read nor written."""

READ = (COMMON, *POINTS)

_AS: Mapping[PointKind, Kind] = {
    "u16": "u16", "s16": "s16", "u32": "u32", "u64": "u64", "f32": "f32",
    "acc32": "u32", "acc64": "u64", "enum": "u16", "bits": "u32",
}  # fmt: skip
_WORDS = {"u16": 1, "s16": 1, "enum": 1, "u32": 2, "f32": 2, "acc32": 2, "bits": 2, "u64": 4, "acc64": 4}
_ABSENT = {
    "u16": 0xFFFF,
    "enum": 0xFFFF,
    "s16": -0x8000,
    "u32": 0xFFFFFFFF,
    "bits": 0xFFFFFFFF,
    "u64": 2**64 - 1,
}
_SCALE_MAX = 10


@dataclass(frozen=True, slots=True)
class SunSpecModel:
    """One model of a device: its number, and the words behind its header."""

    number: int
    words: Sequence[object]

    def get(self, name: str) -> float | None:
        """A point by its name; None where it is absent."""
        place = POINTS[self.number].get(name)
        return None if place is None else self.at(place, "")

    def at(self, place: Place, scaled_by: str) -> float | None:
        """The point at a place; ``scaled_by`` names its scale where the place does not."""
        offset, kind, scale_name = place
        value = value_of(self.words[offset : offset + _WORDS[kind]], _AS[kind])
        if value is None or value == _ABSENT.get(kind) or (kind.startswith("acc") and value == 0):
            return None
        scale_name = scale_name or scaled_by
        if not scale_name:
            return float(value)
        scale = self.get(scale_name)
        if scale is None or abs(scale) > _SCALE_MAX:
            return None
        return float(value * 10 ** int(scale) if scale >= 0 else value / 10 ** int(-scale))

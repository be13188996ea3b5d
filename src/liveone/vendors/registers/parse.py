"""From registers to a sample, by a register map. Pure."""

from collections.abc import Mapping
from typing import Any

from liveone.domain.sources import ROLE_FIELDS, Role
from liveone.domain.system import SystemInfo
from liveone.vendors.answers import DECIMALS, points
from liveone.vendors.measures import DeviceSample
from liveone.vendors.modbus.values import Kind, text_of, value_of
from liveone.vendors.registers.maps import (
    RegisterBit,
    RegisterMap,
    RegisterPart,
    RegisterValue,
    RegisterWay,
)

_NONE: Mapping[Kind, tuple[int, ...]] = {
    "u16": (0xFFFF,),
    "s16": (0x7FFF, -0x8000),
    "u32": (0xFFFFFFFF,),
    "s32": (0x7FFFFFFF, -0x80000000),
    "u64": (2**64 - 1,),
    "s64": (2**63 - 1, -(2**63)),
    "f32": (),
}


def sample_of(raw: Mapping[str, Any], device: RegisterMap) -> DeviceSample:
    """The sample in ``words``, by function and first register (``4:13000``)."""
    registers = _by_place(raw["words"])
    values = {each.name: _value(each, device, registers) for each in device.values}
    found = points(
        *((each.name, each.label, each.unit, _value(each, device, registers)) for each in device.points)
    )
    lacks = frozenset(role for role in ROLE_FIELDS if _is_lacking(role, device, registers))
    return DeviceSample(values, points=found, lacks=lacks)


def info_of(raw: Mapping[str, Any], device: RegisterMap) -> SystemInfo:
    """What the device calls itself, and its serial number."""
    registers = _by_place(raw["words"])
    texts = {
        name: text_of([registers.get((place.function, place.at + word)) for word in range(place.words)])
        for name, place in device.texts.items()
    }
    model = texts.get("model")
    return SystemInfo(model=f"{device.title}, {model}" if model else device.title, serial=texts.get("serial"))


def key_of(function: int, at: int) -> str:
    """How the words from ``at`` on are called in an answer."""
    return f"{function}:{at}"


def _by_place(sent: Mapping[str, Any]) -> Mapping[tuple[int, int], object]:
    """Each word by its function and register."""
    found = {}
    for key, words in sent.items():
        function, _, at = key.partition(":")
        found.update({(int(function), int(at) + index): word for index, word in enumerate(words)})
    return found


def _is_lacking(role: Role, device: RegisterMap, registers: Mapping[tuple[int, int], object]) -> bool:
    """Whether the device says that what gives a role's power is not there."""
    power = ROLE_FIELDS[role][0]
    ways = [way for value in device.values if value.name == power for way in value.ways]
    return any(_has(way.only_if, device, registers) is False for way in ways)


def _has(
    bit: RegisterBit | None, device: RegisterMap, registers: Mapping[tuple[int, int], object]
) -> bool | None:
    """Whether a bit is set; None where there is none, or nobody tells."""
    state = None if bit is None else _number(bit.place, device, registers)
    return None if bit is None or state is None else bool(int(state) & bit.mask)


def _value(
    value: RegisterValue, device: RegisterMap, registers: Mapping[tuple[int, int], object]
) -> float | None:
    found = (_by(way, device, registers) for way in value.ways)
    return next((each for each in found if each is not None), None)


def _by(way: RegisterWay, device: RegisterMap, registers: Mapping[tuple[int, int], object]) -> float | None:
    """The value read in one way; None where it is not there, or its sign is not known."""

    parts = [_number(part, device, registers) for part in way.parts]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or _has(way.only_if, device, registers) is False:
        return None
    found = sum(known)
    if way.negative_if is None:
        return found
    is_negative = _has(way.negative_if, device, registers)
    if is_negative is None:
        return None
    if way.positive_if is not None and not is_negative and not _has(way.positive_if, device, registers):
        return found if found <= 0 else None
    return -abs(found) if is_negative else abs(found)


def _number(
    part: RegisterPart, device: RegisterMap, registers: Mapping[tuple[int, int], object]
) -> float | None:
    words = [registers.get((part.function, part.at + word)) for word in range(part.words)]
    found = value_of(words, part.kind, low_first=device.low_first)
    if found is None or found in _NONE[part.kind] or found in part.absent:
        return None
    number = (found + part.offset) * part.factor
    return round(abs(number) if part.is_absolute else number, DECIMALS)

"""What a register map says, read from TOML and checked. Pure, but for reading the file.

    title = "Sungrow SH"            what a form calls it
    unit = 1                        the device's usual number
    function = 4                    3 reads holding registers, 4 input registers
    order = "low first"             which word of a number of several comes first
    source = "..."                  where the facts are from
    meter = false                   a meter that may hang anywhere (its values are meter_...)

    [values.grid_w]                 a field of a reading, in W, kWh or % after scaling
    at = 13009
    kind = "s32"                    u16, s16, u32, s32, u64, s64, f32
    scale = 0.1                     1 where it is left out
    sign = -1                       where the device counts the other way than the house (docs/names.md)
    offset = -1000                  is added before the scale; 0 where it is left out
    absolute = true                 a counter that some firmware tells with a minus
    absent = [-1]                   raw numbers by which this device says that it has no value
    negative_if = { at = 13000, mask = 2 }   for a power that is sent without its sign: a bit that says so
    positive_if = { at = 13000, mask = 4 }   and the bit of the other direction: with neither it is unknown
    only_if = { at = 37100, mask = 1 }       a bit that says that what measures this value is there
    parts = [{ at = 10, kind = "u16" }, ...] in place of at and kind: their sum, each with scale and sign
    first_of = [{ at = 5213, kind = "s32" }, ...]  in place of all that: the first of them that is there

    [points.phase_1_v]              a value beyond the balance: name, unit, and the keys of a value
    [info.serial]                   letters: at, words; also model

An unsigned number of all ones is absent, and so is the lowest or highest signed one: devices use these for
it. -1 is a number; where a device means nothing by it, ``absent`` says so.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from liveone.errors import ConfigError
from liveone.vendors.measures import Measure
from liveone.vendors.modbus.frames import ReadFunction
from liveone.vendors.modbus.values import SIZE, Kind

Span = tuple[ReadFunction, int, int]
"""Function, first register and count of registers that are read together."""

ORDERS = ("high first", "low first")
TEXTS = ("serial", "model")
_TOP = ("title", "unit", "function", "order", "source", "meter", "values", "points", "info")
_PART = ("at", "kind", "scale", "offset", "sign", "absolute", "absent", "function")
_BITS = ("negative_if", "positive_if", "only_if")
_WAY = (*_PART, *_BITS, "parts")
_VALUE = (*_WAY, "first_of")
_POINT = (*_VALUE, "name", "unit")

INVERTER_MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "solar_w": Measure("W"),
        "load_w": Measure("W"),
        "battery_w": Measure("W", positive="discharge"),
        "grid_w": Measure("W", positive="import"),
        "battery_soc_pct": Measure("%"),
        "solar_kwh_total": Measure("kWh"),
        "load_kwh_total": Measure("kWh"),
        "battery_in_kwh_total": Measure("kWh"),
        "battery_out_kwh_total": Measure("kWh"),
        "grid_in_kwh_total": Measure("kWh"),
        "grid_out_kwh_total": Measure("kWh"),
        "fault_code": Measure("code"),
    }
)
METER_MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "meter_w": Measure("W", positive="forward"),
        "meter_in_kwh_total": Measure("kWh"),
        "meter_out_kwh_total": Measure("kWh"),
    }
)


@dataclass(frozen=True, slots=True)
class RegisterPart:
    """One number in the registers: where, of which kind, what is added, and what it is then multiplied by,
    its sign included. ``absent`` are raw numbers that say there is none."""

    function: ReadFunction
    at: int
    kind: Kind
    factor: float = 1
    offset: float = 0
    is_absolute: bool = False
    absent: tuple[int, ...] = ()

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return SIZE[self.kind]


@dataclass(frozen=True, slots=True)
class RegisterBit:
    """Whether the word at ``place`` has a bit of ``mask``."""

    place: RegisterPart
    mask: int


@dataclass(frozen=True, slots=True)
class RegisterWay:
    """One way to read a value: the sum of its parts, with the sign that bits give, where a bit allows it."""

    parts: tuple[RegisterPart, ...]
    negative_if: RegisterBit | None = None
    positive_if: RegisterBit | None = None
    only_if: RegisterBit | None = None

    def places(self) -> Iterable[RegisterPart]:
        """Every number that it needs."""
        bits = (self.negative_if, self.positive_if, self.only_if)
        return (*self.parts, *(bit.place for bit in bits if bit is not None))


@dataclass(frozen=True, slots=True)
class RegisterValue:
    """A value, read in the first of its ways that gives one."""

    name: str
    ways: tuple[RegisterWay, ...]
    label: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class RegisterText:
    """Letters in the registers."""

    function: ReadFunction
    at: int
    words: int


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """A device's map. ``texts`` are its ``serial`` and its ``model``, where it tells them."""

    name: str
    title: str
    unit: int
    low_first: bool
    is_meter: bool
    source: str
    values: tuple[RegisterValue, ...]
    points: tuple[RegisterValue, ...]
    texts: Mapping[str, RegisterText]

    def spans(self) -> tuple[Span, ...]:
        """What must be read: registers that follow each other together. Those of points alone are apart, for
        a model that has not got them refuses the whole."""
        values = _registers_of(self.values)
        return _joined(values) + _joined(_registers_of(self.points) - values)

    def numbers_in(self, span: Span) -> tuple[Span, ...]:
        """The single numbers of one of ``spans``, to be read apart where a model refuses the whole for one
        that it has not got."""
        function, first, count = span
        return tuple(
            sorted(
                {
                    (function, place.at, place.words)
                    for value in (*self.values, *self.points)
                    for way in value.ways
                    for place in way.places()
                    if place.function == function and first <= place.at < first + count
                }
            )
        )


@cache
def shipped_maps() -> Mapping[str, RegisterMap]:
    """The maps that LiveOne brings, by name."""
    folder = files("liveone.vendors.registers") / "devices"
    found = [each for each in folder.iterdir() if each.name.endswith(".toml")]
    names = sorted((each.name.removesuffix(".toml"), each) for each in found)
    return MappingProxyType(
        {name: register_map(name, each.read_text(encoding="utf-8")) for name, each in names}
    )


@cache
def map_in_file(path: str) -> RegisterMap:
    """A map of the owner's own. Raises ConfigError."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"the register map {path} cannot be read: {said}", hint="Check the path.") from None
    return register_map(path, text)


def register_map(name: str, text: str) -> RegisterMap:
    """The map in ``text``. Raises ConfigError that names what is wrong, and where."""
    try:
        sent = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"register map {name} is no TOML: {error}", hint=_HINT) from None
    return _Reader(name, sent).map()


class _Reader:
    """One file; every complaint names the file and the key."""

    def __init__(self, name: str, sent: Mapping[str, Any]) -> None:
        self._name, self._sent = name, sent
        self._known(sent, _TOP, "")
        self._function: ReadFunction = self._function_of(sent, "")
        self._is_meter = self._one_of(sent, "meter", (True, False), "", default=False)

    def map(self) -> RegisterMap:
        """The whole map."""
        measures = METER_MEASURES if self._is_meter else INVERTER_MEASURES
        values = self._table("values")
        self._known(values, measures, "values")
        if not values:
            raise self._wrong("values", "is missing or empty")
        return RegisterMap(
            name=self._name,
            title=self._text(self._sent, "title", ""),
            unit=self._whole(self._sent, "unit", "", 0, 255),
            low_first=self._one_of(self._sent, "order", ORDERS, "", default=ORDERS[0]) == ORDERS[1],
            is_meter=self._is_meter,
            source=self._text(self._sent, "source", ""),
            values=tuple(self._value(name, each, _VALUE, f"values.{name}") for name, each in values.items()),
            points=tuple(
                self._value(name, each, _POINT, f"points.{name}")
                for name, each in self._table("points").items()
            ),
            texts=self._texts(),
        )

    def _value(self, name: str, sent: Any, known: Sequence[str], where: str) -> RegisterValue:
        table = self._is_table(sent, where)
        self._known(table, known, where)
        label = self._text(table, "name", where) if known is _POINT else ""
        unit = self._text(table, "unit", where) if known is _POINT else ""
        own = {key: table[key] for key in _WAY if key in table}
        if "first_of" not in table:
            return RegisterValue(name, (self._way(own, where),), label, unit)
        ways = table["first_of"]
        if own or not isinstance(ways, list) or not ways:
            raise self._wrong(
                where, "has first_of, so it needs a list of ways to read it, and no at and kind of its own"
            )
        found = (self._way(each, f"{where}.first_of[{index}]") for index, each in enumerate(ways))
        return RegisterValue(name, tuple(found), label, unit)

    def _way(self, sent: Any, where: str) -> RegisterWay:
        table = self._is_table(sent, where)
        self._known(table, _WAY, where)
        if "parts" in table:
            own = any(key in table for key in _PART)
            if own or not isinstance(table["parts"], list) or not table["parts"]:
                raise self._wrong(
                    where, "has parts, so it needs a list of them, and no at and kind of its own"
                )
            parts = tuple(
                self._part(each, f"{where}.parts[{index}]") for index, each in enumerate(table["parts"])
            )
        else:
            parts = (self._part({key: table[key] for key in _PART if key in table}, where),)
        if "positive_if" in table and "negative_if" not in table:
            raise self._wrong(where, "has positive_if, so it needs negative_if, too")
        return RegisterWay(
            parts, **{key: self._bit(table[key], f"{where}.{key}") for key in _BITS if key in table}
        )

    def _bit(self, sent: Any, where: str) -> RegisterBit:
        table = self._is_table(sent, where)
        self._known(table, ("at", "mask", "function"), where)
        at = self._whole(table, "at", where, 0, 0xFFFF)
        mask = self._whole(table, "mask", where, 1, 0xFFFF)
        return RegisterBit(RegisterPart(self._function_of(table, where), at, "u16"), mask)

    def _part(self, sent: Any, where: str) -> RegisterPart:
        table = self._is_table(sent, where)
        self._known(table, _PART, where)
        scale = table.get("scale", 1)
        if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale <= 1e6:
            raise self._wrong(f"{where}.scale", "must be a number above 0; the sign is a key of its own")
        kind: Kind = self._one_of(table, "kind", tuple(SIZE), where)
        at = self._whole(table, "at", where, 0, 0x10000 - SIZE[kind])
        sign = self._one_of(table, "sign", (1, -1), where, default=1)
        offset = table.get("offset", 0)
        if isinstance(offset, bool) or not isinstance(offset, int | float) or not abs(offset) <= 1e6:
            raise self._wrong(f"{where}.offset", "must be a number")
        absent = table.get("absent", [])
        if not isinstance(absent, list) or any(type(each) is not int for each in absent):
            raise self._wrong(f"{where}.absent", "must be a list of whole numbers")
        absolute = self._one_of(table, "absolute", (True, False), where, default=False)
        function = self._function_of(table, where)
        return RegisterPart(function, at, kind, scale * sign, offset, absolute, tuple(absent))

    def _texts(self) -> Mapping[str, RegisterText]:
        found = self._table("info")
        self._known(found, TEXTS, "info")
        texts = {}
        for name, sent in found.items():
            table = self._is_table(sent, f"info.{name}")
            self._known(table, ("at", "words", "function"), f"info.{name}")
            at = self._whole(table, "at", f"info.{name}", 0, 0xFFFF)
            words = self._whole(table, "words", f"info.{name}", 1, 32)
            texts[name] = RegisterText(self._function_of(table, f"info.{name}"), at, words)
        return MappingProxyType(texts)

    def _function_of(self, table: Mapping[str, Any], where: str) -> ReadFunction:
        default = getattr(self, "_function", None)
        return cast(ReadFunction, self._one_of(table, "function", (3, 4), where, default=default))

    def _table(self, key: str) -> Mapping[str, Any]:
        return self._is_table(self._sent.get(key, {}), key)

    def _is_table(self, sent: Any, where: str) -> Mapping[str, Any]:
        if not isinstance(sent, Mapping):
            raise self._wrong(where, "must be a table")
        return sent

    def _known(self, table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
        for key in table:
            if key not in known:
                raise self._wrong(f"{where}.{key}".lstrip("."), f"is unknown; known are {', '.join(known)}")

    def _text(self, table: Mapping[str, Any], key: str, where: str) -> str:
        found = table.get(key)
        if not isinstance(found, str) or not found.strip() or not found.isprintable():
            raise self._wrong(f"{where}.{key}".lstrip("."), "must be a text")
        return found

    def _whole(self, table: Mapping[str, Any], key: str, where: str, lowest: int, highest: int) -> int:
        found = table.get(key)
        if type(found) is not int or not lowest <= found <= highest:
            raise self._wrong(f"{where}.{key}".lstrip("."), f"must be a number from {lowest} to {highest}")
        return found

    def _one_of(
        self, table: Mapping[str, Any], key: str, known: Sequence[Any], where: str, default: Any = None
    ) -> Any:
        found = table.get(key, default)
        if type(found) is not type(known[0]) or found not in known:
            raise self._wrong(f"{where}.{key}".lstrip("."), f"must be one of {', '.join(map(str, known))}")
        return found

    def _wrong(self, where: str, what: str) -> ConfigError:
        return ConfigError(f"register map {self._name}: {where} {what}", hint=_HINT)


def _registers_of(values: Iterable[RegisterValue]) -> set[tuple[ReadFunction, int]]:
    return {
        (part.function, part.at + word)
        for value in values
        for way in value.ways
        for part in way.places()
        for word in range(part.words)
    }


def _joined(single: Iterable[tuple[ReadFunction, int]]) -> tuple[Span, ...]:
    found: list[Span] = []
    for function, at in sorted(single):
        if found and found[-1][0] == function and found[-1][1] + found[-1][2] == at:
            found[-1] = (function, found[-1][1], found[-1][2] + 1)
        else:
            found.append((function, at, 1))
    return tuple(found)


_HINT = "docs/how-to/vendors.md says what a register map holds; those that are shipped are examples."

"""From SunSpec models to a sample. Pure.

- Inverter (101 to 113, 701): ``W`` > 0 is given. Without a battery behind it that is what the sun gives.
- Strings (160) and ports (714): power of each, and of which kind. Makers mark a battery's by a name that
  begins with St (``StCha``, ``StDisCha``, as Fronius does) in 160, and by ``PrtTyp`` in 714. Then solar is
  the sum of the others. One that tells neither power nor energy is not there.
- Battery (802): the direction of ``W`` is told by ``ChaSt``; where it is not, > 0 discharges.
- Meter (201 to 204, 211 to 214): ``W`` > 0 imports, but exports at SolarEdge. ``TotWhImp`` and ``TotWhExp``
  mean the same for all.
- An inverter that is off or asleep and gives no power says by that state that it gives 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liveone.domain.points import Point
from liveone.domain.sources import Role
from liveone.domain.system import SystemInfo
from liveone.vendors.answers import points, total
from liveone.vendors.measures import DeviceSample
from liveone.vendors.modbus.values import text_of, value_of
from liveone.vendors.sunspec.models import (
    BATTERY,
    COMMON,
    DER_MEASURE,
    DER_PORTS,
    DER_STORAGE,
    FLOAT_INVERTERS,
    INTEGER_INVERTERS,
    METERS,
    NAMEPLATE,
    STATUS,
    STORAGE,
    STRINGS,
    SunSpecModel,
)

OFF, ASLEEP, FAULT = 1, 2, 7
"""Of ``St``; ``InvSt`` of model 701 counts from 0, and its fault is 6."""

DER_OFF, DER_ASLEEP = 0, 1
CHARGING, DISCHARGING = 4, 3
"""Of ``ChaSt``."""

STRING_WORDS, PORT_WORDS = 20, 25
STRINGS_AT, PORTS_AT = 8, 18
PORT_PV, PORT_STORAGE = 0, 1
EXPORTS_POSITIVE = "solaredge"
PARTS_MAX = 60


@dataclass(frozen=True, slots=True)
class _Part:
    """A string or a port: W, Wh, and whether a battery hangs there (> 0 discharges)."""

    name: str
    power_w: float | None
    energy_wh: float | None
    is_battery: bool


def sample_of(raw: Mapping[str, Any], meter_positive: str = "auto") -> DeviceSample:
    """The sample in ``models`` and ``meter``: what ``models_of`` reads, of the device and of another unit."""
    own, others = models_of(raw["models"]), models_of(raw.get("meter") or [])
    inverter = _first(own, (*INTEGER_INVERTERS, *FLOAT_INVERTERS, DER_MEASURE))
    meter = _first(others, METERS) or _first(own, METERS)
    if inverter is None and meter is None and _first(own, (BATTERY,)) is None:
        raise ValueError("it has neither an inverter nor a meter nor a battery")
    parts = _parts(own)
    values: dict[str, object] = _battery(own, parts)
    has_battery = any(value is not None for value in values.values())
    values |= _solar(inverter, _first(own, (STATUS,)), parts, has_battery=has_battery)
    values |= _grid(meter, own, others, meter_positive) | _fault(inverter)
    stores = _first(own, (BATTERY, DER_STORAGE, STORAGE))
    lacks_battery = stores is None and not any(part.is_battery for part in parts)
    lacks = frozenset[Role](("battery",) if lacks_battery else ())
    return DeviceSample(values, points=_points(inverter, meter, parts), lacks=lacks)


def info_of(raw: Mapping[str, Any]) -> SystemInfo:
    """Make, model and serial number."""
    own = models_of(raw["models"])
    make, model, serial = (_common(own, offset, size) for offset, size in ((0, 16), (16, 16), (48, 16)))
    plate, store = _first(own, (NAMEPLATE,)), _first(own, (BATTERY, DER_STORAGE))
    rated_w = plate.get("WRtg") if plate else None
    size_wh = store.get("WHRtg") if store else None
    return SystemInfo(
        model=" ".join(filter(None, (make, model))) or None,
        serial=serial,
        ratings=f"{rated_w / 1000:g} kW" if rated_w else None,
        battery_size=f"{size_wh / 1000:g} kWh" if size_wh else None,
    )


def models_of(sent: Sequence[Mapping[str, Any]]) -> list[SunSpecModel]:
    """The models as ``ask`` found them: ``number`` and ``words`` of each."""
    return [SunSpecModel(each["number"], list(each["words"])) for each in sent]


def _first(models: Sequence[SunSpecModel], numbers: Sequence[int]) -> SunSpecModel | None:
    return next((each for each in models if each.number in numbers), None)


def _common(models: Sequence[SunSpecModel], offset: int, size: int) -> str | None:
    found = _first(models, (COMMON,))
    return text_of(found.words[offset : offset + size]) if found else None


def _parts(models: Sequence[SunSpecModel]) -> list[_Part]:
    strings, ports = _first(models, (STRINGS,)), _first(models, (DER_PORTS,))
    found: list[_Part] = []
    if ports is not None:
        count = (len(ports.words) - PORTS_AT) // PORT_WORDS
        found = [_port(ports, PORTS_AT + PORT_WORDS * index) for index in range(min(count, PARTS_MAX))]
    elif strings is not None:
        count = (len(strings.words) - STRINGS_AT) // STRING_WORDS
        found = [
            _string(strings, STRINGS_AT + STRING_WORDS * index) for index in range(min(count, PARTS_MAX))
        ]
    return [part for part in found if part.power_w is not None or part.energy_wh is not None]


def _string(model: SunSpecModel, at: int) -> _Part:
    name = text_of(model.words[at + 1 : at + 9]) or ""
    power_w = model.at((at + 11, "u16", ""), "DCW_SF")
    energy_wh = model.at((at + 12, "acc32", ""), "DCWH_SF")
    is_battery = name.lower().startswith("st") and not name.lower().startswith("string")
    is_charging = is_battery and "dis" not in name.lower()
    return _Part(name, -power_w if is_charging and power_w is not None else power_w, energy_wh, is_battery)


def _port(model: SunSpecModel, at: int) -> _Part:
    kind = value_of(model.words[at : at + 1], "u16")
    name = text_of(model.words[at + 2 : at + 10]) or ""
    power_w = model.at((at + 12, "s16", ""), "DCW_SF")
    return _Part(name, power_w, model.at((at + 13, "u64", ""), "DCWH_SF"), kind == PORT_STORAGE)


def _battery(models: Sequence[SunSpecModel], parts: Sequence[_Part]) -> dict[str, object]:
    battery, store, older = (_first(models, (number,)) for number in (BATTERY, DER_STORAGE, STORAGE))
    stored = [part for part in parts if part.is_battery]
    charges = [
        model.get(name)
        for model, name in ((battery, "SoC"), (store, "SoC"), (older, "ChaState"))
        if model is not None
    ]
    power_w = _battery_w(battery) if battery else total(part.power_w for part in stored)
    charge_pct = next((charge for charge in charges if charge is not None), None)
    return {"battery_w": power_w, "battery_soc_pct": charge_pct}


def _battery_w(battery: SunSpecModel) -> float | None:
    power_w, state = battery.get("W"), battery.get("ChaSt")
    if power_w is None or state not in (CHARGING, DISCHARGING):
        return power_w
    return -abs(power_w) if state == CHARGING else abs(power_w)


def _solar(
    inverter: SunSpecModel | None,
    status: SunSpecModel | None,
    parts: Sequence[_Part],
    *,
    has_battery: bool,
) -> dict[str, object]:
    if inverter is None:
        return {}
    if has_battery:
        sunny = [part for part in parts if not part.is_battery]
        return {
            "solar_w": total(part.power_w for part in sunny),
            "solar_kwh_total": total(part.energy_wh for part in sunny),
        }
    is_der = inverter.number == DER_MEASURE
    power_w = inverter.get("W")
    state = inverter.get("InvSt" if is_der else "St")
    if power_w is None and state in ((DER_OFF, DER_ASLEEP) if is_der else (OFF, ASLEEP)):
        power_w = 0.0
    energy_wh = inverter.get("TotWhInj" if is_der else "WH")
    if energy_wh is None and status is not None:
        energy_wh = status.get("ActWh")
    return {"solar_w": power_w, "solar_kwh_total": energy_wh}


def _grid(
    meter: SunSpecModel | None,
    own: Sequence[SunSpecModel],
    others: Sequence[SunSpecModel],
    positive: str,
) -> dict[str, object]:
    if meter is None:
        return {}
    makes = (_common(models, 0, 16) or "" for models in (own, others))
    exports = positive == "export" or (
        positive == "auto" and any(EXPORTS_POSITIVE in make.lower() for make in makes)
    )
    power_w = meter.get("W")
    return {
        "grid_w": -power_w if exports and power_w is not None else power_w,
        "grid_in_kwh_total": meter.get("TotWhImp"),
        "grid_out_kwh_total": meter.get("TotWhExp"),
    }


def _fault(inverter: SunSpecModel | None) -> dict[str, object]:
    """The inverter's events while it says that it is at fault; 0 while it says that it is not."""
    if inverter is None:
        return {}
    is_der = inverter.number == DER_MEASURE
    state = inverter.get("InvSt" if is_der else "St")
    if state is None:
        return {}
    events = inverter.get("Alrm" if is_der else "Evt1")
    return {"fault_code": (events or 1) if state == FAULT - is_der else 0}


def _points(
    inverter: SunSpecModel | None, meter: SunSpecModel | None, parts: Sequence[_Part]
) -> tuple[Point, ...]:
    found: list[tuple[str, str, str, object]] = [
        (f"string_{number}_w", part.name or f"String {number}", "W", part.power_w)
        for number, part in enumerate(parts, 1)
    ]
    if inverter is not None:
        volts = ("VL1", "VL2", "VL3") if inverter.number == DER_MEASURE else ("PhVphA", "PhVphB", "PhVphC")
        found += [
            (f"phase_{phase}_v", f"Phase {phase}", "V", inverter.get(name))
            for phase, name in enumerate(volts, 1)
        ]
        found += [
            ("inverter_w", "Inverter", "W", inverter.get("W")),
            ("grid_hz", "Grid", "Hz", inverter.get("Hz")),
            ("cabinet_c", "Inverter", "°C", inverter.get("TmpCab")),
        ]
    if meter is not None:
        found += [
            (f"grid_{phase}_w", f"Grid, phase {phase}", "W", meter.get(f"Wph{letter}"))
            for phase, letter in enumerate("ABC", 1)
        ]
    return points(*found)

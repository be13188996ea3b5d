"""From HomeWizard's ``/api/v1/data``, or ``/api/measurement`` of version 2, to a sample. Pure.

Power in W, > 0 is taken from the grid; energies in kWh. A P1 meter of older firmware tells only the tariffs
(``_t1`` to ``_t4``), and a kWh meter or a socket only the first: their sum is the total. Version 2 has the
same values under shorter names (``power_w``, ``energy_import_kwh``). A plug-in battery counts as a socket
does: what it takes to charge is > 0.
"""

from collections.abc import Mapping
from typing import Any

from liveone.domain.points import Point
from liveone.domain.system import SystemInfo
from liveone.vendors.answers import objects, points, quantity, total
from liveone.vendors.measures import DeviceSample

PHASES = (1, 2, 3)
TARIFFS = (1, 2, 3, 4)
CHARGE = "battery_soc_pct"

OUTSIDE = {
    ("gas_meter", "m3"): ("gas_m3_total", "Gas", "m³"),
    ("water_meter", "m3"): ("water_m3_total", "Water", "m³"),
    ("warm_water_meter", "m3"): ("warm_water_m3_total", "Warm water", "m³"),
    ("heat_meter", "GJ"): ("heat_gj_total", "Heat", "GJ"),
    ("inlet_heat_meter", "GJ"): ("inlet_heat_gj_total", "Heat, inlet", "GJ"),
    ("inlet_heat_meter", "m3"): ("inlet_heat_m3_total", "Heat, inlet", "m³"),
}
"""Meters behind a P1 meter (``external``), by type and unit."""


def sample_of(raw: Mapping[str, Any]) -> DeviceSample:
    """The sample in ``data``. The device tells no time that is worth something: it has no offset."""
    data: Mapping[str, Any] = raw["data"]
    values = {
        "meter_w": _first(data, "power_w", "active_power_w"),
        "meter_in_kwh_total": _energy(data, "import"),
        "meter_out_kwh_total": _energy(data, "export"),
        CHARGE: data.get("state_of_charge_pct"),
    }
    is_water_meter = data.get("total_liter_m3") is not None and all(
        value is None for value in values.values()
    )
    return DeviceSample(values, points=_points(data), points_only=is_water_meter)


def info_of(raw: Mapping[str, Any]) -> SystemInfo:
    """Product and serial number."""
    device = raw["device"]
    serial = device.get("serial")
    return SystemInfo(
        model=f"HomeWizard {device['product_type']} {device.get('product_name', '')}".strip(),
        serial=str(serial) if serial else None,
    )


def _first(data: Mapping[str, Any], *names: str) -> object:
    return next((data[name] for name in names if data.get(name) is not None), None)


def _energy(data: Mapping[str, Any], way: str) -> float | None:
    whole = quantity(_first(data, f"energy_{way}_kwh", f"total_power_{way}_kwh"))
    if whole is not None:
        return whole
    tariffs = [_first(data, f"energy_{way}_t{t}_kwh", f"total_power_{way}_t{t}_kwh") for t in TARIFFS]
    return total(value for value in tariffs if value is not None)


def _points(data: Mapping[str, Any]) -> tuple[Point, ...]:
    phases = [
        (f"phase_{phase}_{unit}", f"Phase {phase}", unit.upper(), _first(data, name, f"active_{name}"))
        for phase in PHASES
        for unit, name in (
            ("w", f"power_l{phase}_w"),
            ("v", f"voltage_l{phase}_v"),
            ("a", f"current_l{phase}_a"),
        )
    ]
    others = [
        ("gas_m3_total", "Gas", "m³", data.get("total_gas_m3")),
        ("water_m3_total", "Water", "m³", data.get("total_liter_m3")),
        ("water_l_min", "Water", "l/min", data.get("active_liter_lpm")),
        (
            "month_peak_w",
            "Peak of the month",
            "W",
            _first(data, "monthly_power_peak_w", "montly_power_peak_w"),
        ),
    ]
    outside = [
        (*OUTSIDE[kind], each.get("value"))
        for each in objects(data.get("external"))
        if (kind := (str(each.get("type")), str(each.get("unit")))) in OUTSIDE
    ]
    found = {point.key: point for point in points(*outside, *others)}
    return (*points(*phases), *found.values())

"""From HomeWizard's ``/api/v1/data`` to a sample. Pure.

Power in W, > 0 is taken from the grid; energies in kWh. A P1 meter of older firmware tells only the tariffs
(``_t1`` to ``_t4``), and a kWh meter or a socket only the first: their sum is the total.
"""

from collections.abc import Mapping
from typing import Any

from liveone.domain.points import Point
from liveone.domain.system import SystemInfo
from liveone.vendors.answers import points, quantity, total
from liveone.vendors.measures import DeviceSample

PHASES = (1, 2, 3)
TARIFFS = (1, 2, 3, 4)


def sample_of(raw: Mapping[str, Any]) -> DeviceSample:
    """The sample in ``data``. The device tells no time of its own."""
    data: Mapping[str, Any] = raw["data"]
    values = {
        "meter_w": data.get("active_power_w"),
        "meter_in_kwh_total": _energy(data, "import"),
        "meter_out_kwh_total": _energy(data, "export"),
    }
    return DeviceSample(values, points=_points(data))


def info_of(raw: Mapping[str, Any]) -> SystemInfo:
    """Product and serial number."""
    device = raw["device"]
    serial = device.get("serial")
    return SystemInfo(
        model=f"HomeWizard {device['product_type']} {device.get('product_name', '')}".strip(),
        serial=str(serial) if serial else None,
    )


def _energy(data: Mapping[str, Any], way: str) -> float | None:
    whole = quantity(data.get(f"total_power_{way}_kwh"))
    if whole is not None:
        return whole
    tariffs = (data.get(f"total_power_{way}_t{tariff}_kwh") for tariff in TARIFFS)
    return total(value for value in tariffs if value is not None)


def _points(data: Mapping[str, Any]) -> tuple[Point, ...]:
    phases = [
        wanted
        for phase in PHASES
        for wanted in (
            (f"phase_{phase}_w", f"Phase {phase}", "W", data.get(f"active_power_l{phase}_w")),
            (f"phase_{phase}_v", f"Phase {phase}", "V", data.get(f"active_voltage_l{phase}_v")),
            (f"phase_{phase}_a", f"Phase {phase}", "A", data.get(f"active_current_l{phase}_a")),
        )
    ]
    return points(
        *phases,
        ("gas_m3_total", "Gas", "m³", data.get("total_gas_m3")),
        ("water_m3_total", "Water", "m³", data.get("total_liter_m3")),
        ("water_l_min", "Water", "l/min", data.get("active_liter_lpm")),
        ("month_peak_w", "Peak of the month", "W", data.get("montly_power_peak_w")),
    )

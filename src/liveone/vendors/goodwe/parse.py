"""From the running data of the ES family (ES, EM, BP) to a sample. Pure. The other families have register
maps.

Bytes, big-endian: strings in 0.1 V and 0.1 A, the battery likewise; its mode 3 is charging. Power at the
grid in W without a sign; mode 2 of the grid is import. Energies in 0.1 kWh. FFFF is absent. Mode 0 of the
battery: there is none, whatever its voltage reads.
"""

from collections.abc import Sequence
from typing import Any

from liveone.domain.sources import Role
from liveone.vendors.answers import DECIMALS, points, total
from liveone.vendors.measures import DeviceSample

NO_BATTERY, CHARGING, IMPORTING = 0, 3, 2


def es_sample(sent: Sequence[Any]) -> DeviceSample:
    """The sample in the bytes of ``frames.running_data_of_es``."""
    if not all(type(each) is int and 0 <= each <= 0xFF for each in sent) or len(sent) < 81:
        raise ValueError("the running data are too short, or no bytes")
    data = bytes(sent)
    strings_w = [_product(data, 0, 2), _product(data, 5, 7)]
    battery_w, grid_w = _product(data, 10, 18), _number(data, 38, 2, signed=True)
    charge, mode = data[26], data[30]
    if mode == NO_BATTERY:
        battery_w, charge = None, 0xFF
    values = {
        "solar_w": total(strings_w),
        "battery_w": None if battery_w is None else -abs(battery_w) if mode == CHARGING else abs(battery_w),
        "battery_soc_pct": None if charge == 0xFF else charge,
        "grid_w": None if grid_w is None else abs(grid_w) if data[80] == IMPORTING else -abs(grid_w),
        "solar_kwh_total": _scaled(data, 59),
        "load_kwh_total": _scaled(data, 71),
    }
    named = [(f"string_{n}_w", f"String {n}", "W", watts) for n, watts in enumerate(strings_w, 1)]
    lacks = frozenset[Role](("battery",) if mode == NO_BATTERY else ())
    return DeviceSample(values, points=points(*named), lacks=lacks)


def _number(data: bytes, at: int, size: int, *, signed: bool = False) -> int | None:
    sent = data[at : at + size]
    return None if sent == b"\xff" * size else int.from_bytes(sent, "big", signed=signed)


def _product(data: bytes, volts_at: int, amperes_at: int) -> float | None:
    volts, amperes = _number(data, volts_at, 2), _number(data, amperes_at, 2)
    return None if volts is None or amperes is None else round(volts * amperes / 100, DECIMALS)


def _scaled(data: bytes, at: int) -> float | None:
    found = _number(data, at, 4)
    return None if found is None else found / 10

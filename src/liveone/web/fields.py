"""What a history can be asked for: the four powers, the state of charge, the six energies.

At ``interval=1d`` the old names of powers mean the day's energy, in the same sign as the power: battery
is discharged minus charged, grid imported minus exported.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from liveone.domain.reading import COUNTERS, POWERS
from liveone.domain.system import System
from liveone.web.answers import bad_parameter

Kind = Literal["power", "energy", "soc"]
UNITS: dict[Kind, str] = {"power": "W", "energy": "kWh", "soc": "%"}
NAMES = (*POWERS, "soc", *(f"{name}_kwh" for name in COUNTERS))

COUNTED_DAYS = 31
"""Energies of a longer range come from closed days: every interval of it would have to be worked out."""

_POWER_TEXTS = {
    "solar": "Solar power, AC- and DC-coupled together",
    "load": "What the house uses",
    "battery": "Battery power, positive discharges",
    "grid": "Power at the grid or generator connection, positive imports",
}
_DAY_TEXTS = {
    "solar": "Solar energy of the day",
    "load": "What the house used in the day",
    "battery": "Battery energy of the day, discharged minus charged",
    "grid": "Grid or generator energy of the day, imported minus exported",
}
_ENERGY_TEXTS = {
    "solar_kwh": "Solar energy",
    "load_kwh": "Energy that the house used",
    "battery_in_kwh": "Energy into the battery",
    "battery_out_kwh": "Energy out of the battery",
    "grid_in_kwh": "Energy imported",
    "grid_out_kwh": "Energy exported",
}
_SOC_TEXT = "State of charge of the battery at the end of the interval"


@dataclass(frozen=True, slots=True)
class Field:
    """One requested series: ``name`` as asked, what it is, and what it says of itself."""

    name: str
    kind: Kind
    description: str

    @property
    def units(self) -> str:
        return UNITS[self.kind]

    @property
    def column(self) -> str:
        """The five-minute column that a power or state of charge is read from."""
        return "battery_soc_pct_last" if self.kind == "soc" else f"{self.name}_w_avg"

    def series_id(self, system: System) -> str:
        """``liveone.select.live.1586.solar.power``"""
        what = "battery" if self.kind == "soc" else self.name.removesuffix("_kwh")
        return f"liveone.{system.vendor_type}.{system.vendor_site_id}.{what}.{self.kind}"


def parse(text: str | None, interval: str) -> list[Field]:
    """The fields of a comma-separated list, in its order, each once. ApiError 400 naming ``fields``."""
    names = list(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))
    if not names:
        raise bad_parameter("fields", "Missing required parameter: fields")
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        known = ", ".join(NAMES)
        raise bad_parameter("fields", f"fields: {unknown[0][:40]!r} is not one of {known}")
    return [field(name, of_days=interval == "1d") for name in names]


def field(name: str, *, of_days: bool) -> Field:
    if name == "soc":
        return Field(name, "soc", _SOC_TEXT)
    if name in _ENERGY_TEXTS:
        return Field(name, "energy", _ENERGY_TEXTS[name])
    return Field(name, "energy", _DAY_TEXTS[name]) if of_days else Field(name, "power", _POWER_TEXTS[name])


def any_counter(fields: Sequence[Field]) -> bool:
    """Whether energies are asked for that have to be worked out of counters."""
    return any(one.name in _ENERGY_TEXTS for one in fields)


def finest_s(fields: Sequence[Field]) -> float:
    """The longest range, in seconds, whose energies are worked out interval by interval."""
    return COUNTED_DAYS * 86_400.0 if any_counter(fields) else math.inf


def source_of(system: System) -> str:
    """Who made the inverter, as OpenNEM's ``source``."""
    return "selectronic" if system.vendor_type.startswith("select.live") else system.vendor_type

"""The fields of a history, and the series that answer each: powers, state of charge, energies, counters.

The four powers have the names of the original service. Our own are ``soc``, six energies (``solar_kwh``,
...), given to the mWh so that parts add up, and six counters (``solar_kwh_total``, ...) as the device gave
them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from liveone.domain.reading import COUNTERS, POWERS
from liveone.domain.system import System
from liveone.web.answers import bad_parameter
from liveone.web.history.rules import Rules

Kind = Literal["power", "energy", "soc", "percentage", "counter", "level"]
UNITS: dict[str, str] = {"power": "W", "energy": "kWh", "soc": "%", "percentage": "%", "counter": "kWh"}
POINT_PREFIX, ENERGY_PREFIX = "point:", "point_kwh:"
"""The prefixes of a point's values and of its energy; see ``points.py``."""
ENERGY_NAMES = tuple(f"{name}_kwh" for name in COUNTERS)
COUNTER_NAMES = tuple(f"{name}_kwh_total" for name in COUNTERS)
NAMES = (*POWERS, "soc", *ENERGY_NAMES, *COUNTER_NAMES)

COUNTED_DAYS = 31
"""Energies of a longer range come from closed days, because each interval would have to be computed."""

_POWER_TEXTS = {
    "solar": "Solar power, AC- and DC-coupled together",
    "load": "What the house uses",
    "battery": "Battery power, positive discharges",
    "grid": "Power at the grid or generator connection, positive imports",
}
_NET_TEXTS = {
    "solar": "Solar energy of the day",
    "load": "What the house used in the day",
    "battery": "Battery energy of the day, discharged minus charged",
    "grid": "Grid or generator energy of the day, imported minus exported",
}
_ENERGY_TEXTS = {
    "solar": "Solar energy",
    "load": "Energy that the house used",
    "battery_in": "Energy into the battery",
    "battery_out": "Energy out of the battery",
    "grid_in": "Energy imported",
    "grid_out": "Energy exported",
}
_LEVEL_TEXTS = {
    "last": "State of charge of the battery at the end of the interval",
    "avg": "Mean state of charge of the battery",
    "min": "Lowest state of charge of the battery",
    "max": "Highest state of charge of the battery",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One series of an answer.

    ``name`` is the key of its values, ``series`` the end of its OpenNEM id, ``title`` its column in a table.
    ``exact`` values are not rounded to four significant digits.
    """

    name: str
    kind: Kind
    series: str
    title: str
    description: str
    exact: bool = False

    @property
    def units(self) -> str:
        return UNITS[self.kind]

    @property
    def column(self) -> str:
        """The five-minute column from which anything but an energy is read."""
        if self.kind == "counter":
            return f"{self.name}_last"
        return f"{self.name}_w_avg" if self.kind == "power" else "battery_soc_pct_last"

    def series_id(self, system: System) -> str:
        """``liveone.select.live.1586.solar.power``"""
        return f"liveone.{system.vendor_type}.{system.vendor_site_id}.{self.series}"


def names_of(text: str | None, rules: Rules) -> list[str]:
    """The names in a comma-separated list, in its order, each once.

    ApiError 400 for ``fields`` if one is unknown.
    """
    names = list(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))
    if not names:
        raise bad_parameter("fields", "Missing required parameter: fields")
    unknown = [name for name in names if not _is_known(name)]
    if unknown and not rules.ignores_unknown_fields:
        raise bad_parameter(
            "fields", f"fields: {unknown[0][:40]!r} is not one of {', '.join(NAMES)}, point:..."
        )
    return [name for name in names if _is_known(name)]


def _is_known(name: str) -> bool:
    return name in NAMES or name.startswith((POINT_PREFIX, ENERGY_PREFIX))


def fields_of(names: Sequence[str], rules: Rules, *, in_days: bool, by_day: bool) -> list[Field]:
    """The series for the names. ``in_days``: intervals are whole days.

    ``by_day``: of one day each (``1d``).
    """
    found: dict[str, Field] = {}
    for name in (each for each in names if each in NAMES):
        for one in _series_of(name, rules, in_days=in_days, by_day=by_day):
            known = found.get(one.name)
            if known is None or one.exact:
                found[one.name] = one
    return list(found.values())


def _series_of(name: str, rules: Rules, *, in_days: bool, by_day: bool) -> Iterator[Field]:
    if name in COUNTER_NAMES:
        yield _counter(name)
    elif name in ENERGY_NAMES:
        yield _energy(name.removesuffix("_kwh"), exact=True)
    elif name == "soc":
        yield Field("soc", "soc", "battery.soc", "battery_soc_pct", _LEVEL_TEXTS["last"])
    elif rules.companion_series:
        yield from _with_companions(name, in_days=in_days)
    elif by_day:
        yield Field(f"net_{name}", "energy", f"{name}.energy", f"{name}_kwh", _NET_TEXTS[name])
    else:
        yield _power(name)


def _with_companions(name: str, *, in_days: bool) -> Iterator[Field]:
    """The series that the original service gives with a name.

    Clients look for ``battery.soc.last`` and others by id.
    """
    yield _power(name)
    if in_days and name in ("solar", "load"):
        yield _energy(name)
    if name == "battery":
        for statistic in ("avg", "min", "max") if in_days else ("last",):
            yield Field(
                f"soc_{statistic}",
                "percentage",
                f"battery.soc.{statistic}",
                f"battery_soc_pct_{statistic}",
                _LEVEL_TEXTS[statistic],
            )


def _power(name: str) -> Field:
    return Field(name, "power", f"{name}.power", f"{name}_w", _POWER_TEXTS[name])


def _energy(counter: str, *, exact: bool = False) -> Field:
    title = f"{counter}_kwh"
    return Field(title, "energy", f"{counter}.energy", title, _ENERGY_TEXTS[counter], exact)


def _counter(name: str) -> Field:
    what = _ENERGY_TEXTS[name.removesuffix("_kwh_total")]
    text = f"{what}: the device's counter at the end of the interval"
    return Field(name, "counter", f"{name.removesuffix('_kwh_total')}.counter", name, text, exact=True)


def finest_s(names: Sequence[str]) -> float:
    """The longest range, in seconds, whose energies are computed interval by interval."""
    return COUNTED_DAYS * 86_400.0 if any(map(_is_energy, names)) else math.inf


def _is_energy(name: str) -> bool:
    return name in ENERGY_NAMES or name.startswith(ENERGY_PREFIX)


def source_of(system: System) -> str:
    """The maker of the inverter, as OpenNEM's ``source``."""
    return "selectronic" if system.vendor_type.startswith("select.live") else system.vendor_type

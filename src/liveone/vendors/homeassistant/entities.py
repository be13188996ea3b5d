"""From entities of Home Assistant to a sample, by what each of them says of its unit. Pure.

``sensor.pv_power`` is a value, ``sensor.discharging - sensor.charging`` one that two entities give, and
``-sensor.grid`` turns a sign. What is ``unavailable`` or ``unknown`` is absent, and so is a sum of which a
part is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from liveone.domain.points import Point
from liveone.errors import ConfigError
from liveone.vendors.answers import points as points_of
from liveone.vendors.answers import quantity

POWER_UNITS = MappingProxyType({"W": 1.0, "kW": 1e3, "MW": 1e6, "GW": 1e9, "TW": 1e12, "mW": 1e-3})
ENERGY_UNITS = MappingProxyType(
    {
        **{"kWh": 1.0, "Wh": 1e-3, "MWh": 1e3, "GWh": 1e6, "TWh": 1e9, "mWh": 1e-6},
        **{"J": 1 / 3.6e6, "kJ": 1 / 3.6e3, "MJ": 1 / 3.6, "GJ": 1e3 / 3.6},
    }
)
SHARE_UNITS = MappingProxyType({"%": 1.0})

NO_VALUE = ("unavailable", "unknown", "none", "")
_ENTITY = r"[a-z0-9_]{1,100}\.[a-z0-9_]{1,200}"
_ENTITY_ALONE = re.compile(_ENTITY)
_TERM = re.compile(rf"\s*+([+-]?)\s*+({_ENTITY})")


@dataclass(frozen=True, slots=True)
class EntityTerm:
    """An entity, and the sign with which it counts."""

    sign: int
    entity_id: str


@lru_cache(maxsize=500)
def terms_of(name: str, text: str) -> tuple[EntityTerm, ...]:
    """The entities that a setting names. Raises ConfigError that says which setting is wrong."""
    found: list[EntityTerm] = []
    position = 0
    while match := _TERM.match(text, position):
        if found and not match[1]:
            break
        found.append(EntityTerm(-1 if match[1] == "-" else 1, match[2]))
        position = match.end()
    if not found or text[position:].strip():
        raise ConfigError(f"{name} names no entity: {text[:60]!r}", hint=_EXAMPLE)
    return tuple(found)


@lru_cache(maxsize=500)
def listed(name: str, text: str) -> tuple[str, ...]:
    """The entities of a list, divided by commas or spaces. Raises ConfigError."""
    found = tuple(dict.fromkeys(text.replace(",", " ").split()))
    if wrong := [each for each in found if not _ENTITY_ALONE.fullmatch(each)]:
        raise ConfigError(f"{name} names no entity: {wrong[0][:60]!r}", hint=_EXAMPLE)
    return found


def units_of(name: str) -> Mapping[str, float]:
    """The units that a field may be in, and the factor of each to W, kWh or %."""
    if name.endswith("_w"):
        return POWER_UNITS
    return SHARE_UNITS if name == "battery_soc_pct" else ENERGY_UNITS


def kept(state: Mapping[str, Any]) -> dict[str, Any]:
    """Of an entity's state as Home Assistant sends it in short, what is looked at."""
    attributes = state.get("a")
    told = attributes if isinstance(attributes, Mapping) else {}
    return {
        "state": state.get("s"),
        "unit": told.get("unit_of_measurement"),
        "friendly_name": told.get("friendly_name"),
    }


def value_of(name: str, terms: Iterable[EntityTerm], states: Mapping[str, Any]) -> float | None:
    """What a field's entities give together, in W, kWh or %; None where one of them gives nothing."""
    parts = [_part(states.get(term.entity_id), units_of(name), term.sign) for term in terms]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def points_in(entity_ids: Iterable[str], states: Mapping[str, Any]) -> tuple[Point, ...]:
    """Entities as points, in their own units."""
    return points_of(*(found for each in entity_ids if (found := _point(each, states.get(each)))))


def absences(
    wanted: Mapping[str, Iterable[EntityTerm]], states: Mapping[str, Any], near: Mapping[str, Any]
) -> dict[str, str]:
    """Why entities give nothing, by their ids. ``near`` are the ids that are meant perhaps."""
    found: dict[str, str] = {}
    for name, terms in wanted.items():
        for term in terms:
            if why := _absence(term.entity_id, states.get(term.entity_id), units_of(name), near):
                found[term.entity_id] = why
    return found


def nearest(gone: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """For each entity that is not there, the one that has nearly its name, if there is one."""
    there = list(known)
    return {each: near[0] for each in gone if (near := get_close_matches(each, there, n=1))}


def number_of(state: object) -> float | None:
    """The number in a state, which is text; None where it is none."""
    return quantity(state) if isinstance(state, str) else None


def _part(state: object, units: Mapping[str, float], sign: int) -> float | None:
    if not isinstance(state, Mapping):
        return None
    unit = state.get("unit")
    factor = units.get(unit) if isinstance(unit, str) else None
    number = number_of(state.get("state"))
    return None if factor is None or number is None else sign * factor * number


def _point(entity_id: str, state: object) -> tuple[str, str, str, object] | None:
    if not isinstance(state, Mapping):
        return None
    name, unit = state.get("friendly_name"), state.get("unit")
    return (
        entity_id.partition(".")[2],
        name if isinstance(name, str) and name else entity_id,
        unit if isinstance(unit, str) else "",
        number_of(state.get("state")),
    )


def _absence(entity_id: str, state: object, units: Mapping[str, float], near: Mapping[str, Any]) -> str:
    if not isinstance(state, Mapping):
        meant = f" There is {near[entity_id]}." if isinstance(near.get(entity_id), str) else ""
        return f"Home Assistant knows no such entity; was it renamed?{meant}"
    text, unit = state.get("state"), state.get("unit")
    if not isinstance(text, str) or text.lower() in NO_VALUE:
        return f"it is {text or 'empty'} in Home Assistant"
    if number_of(text) is None:
        return f"its state is no number: {text[:40]!r}"
    return (
        ""
        if isinstance(unit, str) and unit in units
        else f"its unit is {unit!r}, and must be one of {', '.join(units)}"
    )


def entities_of(wanted: Mapping[str, Iterable[EntityTerm]]) -> Iterator[str]:
    """The ids of all entities that are named."""
    yield from dict.fromkeys(term.entity_id for terms in wanted.values() for term in terms)


_EXAMPLE = "Such as sensor.pv_power, -sensor.grid, or sensor.discharging - sensor.charging."

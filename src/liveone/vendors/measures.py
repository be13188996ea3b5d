"""From what a device sends to the house's units and signs, by what its adapter declares. Pure.

Rule: an adapter says in which unit and in which direction each value is counted; nothing is converted
anywhere else. A value that is absent, not a number or outside its bounds is None, never zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from liveone.domain.bounds import AHEAD_S_MAX, BOUNDS, CLOCK_SET_AT, YEAR_2000_AT, YEAR_2200_AT
from liveone.domain.points import Point
from liveone.domain.reading import Reading
from liveone.domain.sources import ROLE_FIELDS, ROLES, Role
from liveone.errors import LiveOneError
from liveone.vendors.numbers import number, whole, whole_watts

Unit = Literal["W", "kW", "mW", "Wh", "kWh", "MWh", "mWh", "Ws", "%", "1", "code", "s", "ms"]
"""``1`` is a share from 0 to 1, ``code`` a number that means something by itself."""

Direction = Literal[
    "", "production", "consumption", "import", "export", "discharge", "charge", "forward", "reverse"
]

_POWER = {"W": 1.0, "kW": 1e3, "mW": 1e-3}
_ENERGY = {"kWh": 1.0, "Wh": 1e-3, "MWh": 1e3, "mWh": 1e-6, "Ws": 1 / 3.6e6}
_SHARE = {"%": 1.0, "1": 100.0}
_CODE = {"code": 1.0}
_INSTANT = {"s": 1.0, "ms": 1e-3}

METER = "meter"
"""What a meter measures that may hang anywhere: ``meter_w``, ``meter_in_kwh_total`` (forward) and
``meter_out_kwh_total`` (reverse). The setting ``measures`` says which role that is."""

_DIRECTIONS: Mapping[str, tuple[Direction, Direction]] = MappingProxyType(
    {
        "solar_w": ("production", "consumption"),
        "solar_inverter_w": ("production", "consumption"),
        "shunt_w": ("production", "consumption"),
        "load_w": ("consumption", "production"),
        "battery_w": ("discharge", "charge"),
        "grid_w": ("import", "export"),
        "meter_w": ("forward", "reverse"),
    }
)
"""For each power, the direction that is positive in the house, and the other one."""

_METERED: Mapping[Role, Mapping[str, str]] = MappingProxyType(
    {
        "solar": {"meter_w": "solar_w", "meter_in_kwh_total": "solar_kwh_total"},
        "load": {"meter_w": "load_w", "meter_in_kwh_total": "load_kwh_total"},
        "battery": {
            "meter_w": "battery_w",
            "meter_in_kwh_total": "battery_out_kwh_total",
            "meter_out_kwh_total": "battery_in_kwh_total",
        },
        "grid": {
            "meter_w": "grid_w",
            "meter_in_kwh_total": "grid_in_kwh_total",
            "meter_out_kwh_total": "grid_out_kwh_total",
        },
        "generator": {"meter_w": "grid_w", "meter_in_kwh_total": "grid_in_kwh_total"},
    }
)
"""Forward is the role's positive direction in the house: produced, consumed, discharged, imported. What a
generator gives comes in where the grid's power does, as in the house's reading."""


class BadDeclaration(LiveOneError):
    """An adapter declares what cannot be: a fault of the adapter, found when it is opened or tested."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How a device counts one field of a reading.

    ``positive`` is the direction that the device counts as positive; powers of the battery, the grid and a
    meter must state it, those of solar and load are production and consumption where it is left out.
    """

    unit: Unit
    positive: Direction = ""


@dataclass(frozen=True, slots=True)
class DeviceSample:
    """What a device says of one moment, in its own units and signs, by the fields that its adapter declares.

    Values may be whatever JSON holds: they are checked when they are converted. ``at`` is the device's own
    time (UTC epoch seconds); None where it tells none or none that is worth something. ``derived`` are
    values that no sensor measured, for they follow from others. ``points_only``: a device that measures
    nothing of the house's balance, such as a water meter, and is whole without values. ``lacks`` are roles of
    which the device says that there is no such part behind it: the balance goes without them.
    """

    values: Mapping[str, object]
    at: float | None = None
    points: tuple[Point, ...] = ()
    derived: tuple[str, ...] = ()
    points_only: bool = False
    lacks: frozenset[Role] = frozenset()


def check_measures(measures: Mapping[str, Measure]) -> None:
    """Raises BadDeclaration for a field, a unit or a direction that does not fit."""
    for name, measure in measures.items():
        units = _units(name)
        if units is None:
            raise BadDeclaration(
                f"{name!r} is no field of a reading", hint="See liveone.domain.reading.Reading."
            )
        if measure.unit not in units:
            raise BadDeclaration(
                f"{name} cannot be in {measure.unit!r}", hint=f"It takes {', '.join(units)}."
            )
        allowed: tuple[str, ...] = _DIRECTIONS.get(name, ("",))
        is_free = name not in _DIRECTIONS or allowed[0] in ("production", "consumption")
        if measure.positive not in allowed and not (is_free and not measure.positive):
            raise BadDeclaration(
                f"{name} is positive for {measure.positive or 'nothing that is stated'}",
                hint=f"State positive={' or '.join(map(repr, allowed))}.",
            )


HOUSE_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "solar_w": "Solar power",
        "load_w": "Load",
        "battery_w": "Battery power",
        "grid_w": "Grid power",
        "battery_soc_pct": "State of charge",
        "solar_kwh_total": "Solar energy",
        "load_kwh_total": "Energy of the load",
        "battery_in_kwh_total": "Energy charged",
        "battery_out_kwh_total": "Energy discharged",
        "grid_in_kwh_total": "Energy imported",
        "grid_out_kwh_total": "Energy exported",
    }
)
"""What an owner may name the place of, at a device of any kind; and what a form calls it."""

HOUSE_MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "solar_w": Measure("W"),
        "load_w": Measure("W"),
        "battery_w": Measure("W", positive="discharge"),
        "grid_w": Measure("W", positive="import"),
        "battery_soc_pct": Measure("%"),
        **{name: Measure("kWh") for name in HOUSE_FIELDS if name.endswith("_total")},
    }
)
"""Those fields as the house itself counts them."""


def fields_of(
    measures: Mapping[str, Measure], metered: Role | None = None, *, turned: bool = False
) -> frozenset[str]:
    """The fields of a reading that these measures give; ``metered`` is what a meter measures."""
    named = (metered_field(name, metered, turned=turned) for name in measures)
    fields = {name for name in named if name is not None}
    return frozenset(fields | {"solar_w"} if fields.intersection(("solar_inverter_w", "shunt_w")) else fields)


def roles_of(fields: frozenset[str], metered: Role | None = None) -> tuple[Role, ...]:
    """The roles that a device with these fields can give. What gives a power at the grid is a generator only
    if it says so: by ``generator_status``, or by what the meter measures."""
    if metered == "generator":
        return ("generator",)
    return tuple(
        role
        for role in ROLES
        if fields.intersection(ROLE_FIELDS[role]) and (role != "generator" or "generator_status" in fields)
    )


def reading_of(
    sample: DeviceSample,
    measures: Mapping[str, Measure],
    *,
    now_at: float,
    metered: Role | None = None,
    turned: bool = False,
) -> Reading:
    """The sample as a reading of the house, as far as it goes. ``turned``: the meter hangs the wrong way."""
    found: dict[str, Any] = {}
    for name, measure in measures.items():
        kept = metered_field(name, metered, turned=turned)
        if kept is not None:
            is_turned = turned and name == "meter_w"
            found[kept] = _converted(name, kept, sample.values.get(name), measure, turned=is_turned)
    if "solar_w" not in measures and metered != "solar":
        found["solar_w"] = _sum(found, [part for part in ("solar_inverter_w", "shunt_w") if part in measures])
    received_at = int(now_at)
    return Reading(inverter_time=_sample_at(sample.at, now_at), received_time=received_at, **found)


def metered_field(name: str, metered: Role | None, *, turned: bool = False) -> str | None:
    """The field of a reading that a measure gives; None where a meter's role has no place for it. The sign
    of a power that is turned is the caller's to turn."""
    if not name.startswith(METER):
        return name
    if turned and name != "meter_w":
        name = "meter_out_kwh_total" if name == "meter_in_kwh_total" else "meter_in_kwh_total"
    return _METERED[metered].get(name) if metered else None


def _units(name: str) -> Mapping[str, float] | None:
    if name in _DIRECTIONS:
        return _POWER
    if name == "battery_soc_pct":
        return _SHARE
    if name == "fault_at":
        return _INSTANT
    if name in ("fault_code", "generator_status"):
        return _CODE
    return _ENERGY if name in BOUNDS or name in ("meter_in_kwh_total", "meter_out_kwh_total") else None


def _converted(
    name: str, kept: str, value: object, measure: Measure, *, turned: bool = False
) -> int | float | None:
    bound, units = BOUNDS[kept], _units(name) or _CODE
    found = number(value, -1e15, 1e15)
    if found is None:
        return None
    house = _DIRECTIONS.get(name)
    sign = -1 if (house is not None and measure.positive == house[1]) != turned else 1
    scaled = found * units[measure.unit] * sign
    if kept.endswith("_w"):
        watts = whole_watts(scaled)
        return None if watts is None else bound.believed(watts)
    if kept in ("fault_code", "generator_status", "fault_at"):
        return whole(int(scaled) if kept == "fault_at" else scaled, int(bound.lowest), int(bound.highest))
    return bound.believed(scaled)


def _sum(found: Mapping[str, Any], parts: list[str]) -> int | None:
    values = [found[part] for part in parts]
    if not values or None in values:
        return None
    total: int | None = BOUNDS["solar_w"].believed(sum(values))
    return total


def _sample_at(at: float | None, now_at: float) -> int:
    """The device's time where it is credible, else that of the answer."""
    if at is None or not YEAR_2000_AT <= at <= YEAR_2200_AT:
        return int(now_at)
    return int(now_at) if now_at >= CLOCK_SET_AT and at - now_at > AHEAD_S_MAX else int(at)

"""Makes one reading of a house from the readings of several devices (sources). Pure.

Rule: powers and counters of one role are added, and a sum is absent if one of its parts is; absent is never
zero. If no source measures the load, it follows from the balance and is marked derived. A sample that is too
old does not count, and its source is named.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from liveone.domain.bounds import BOUNDS
from liveone.domain.reading import Reading
from liveone.errors import BadInput

Role = Literal["solar", "grid", "battery", "load", "generator"]
ROLES: tuple[Role, ...] = get_args(Role)

ROLE_FIELDS: Mapping[Role, tuple[str, ...]] = MappingProxyType(
    {
        "solar": ("solar_w", "solar_inverter_w", "shunt_w", "solar_kwh_total"),
        "grid": ("grid_w", "grid_in_kwh_total", "grid_out_kwh_total"),
        "battery": ("battery_w", "battery_soc_pct", "battery_in_kwh_total", "battery_out_kwh_total"),
        "load": ("load_w", "load_kwh_total"),
        "generator": ("grid_w", "grid_in_kwh_total", "generator_status"),
    }
)
"""Role -> the fields of a reading that its sources give. A generator's power is counted as the grid's."""

PUSH = "push"
"""The ``vendor_type`` of a source that sends its readings itself."""

NAME_CHARS_MAX = 40

FAULT_FIELDS = ("fault_code", "fault_at")
"""The fields that any source may give, whatever its roles."""

BALANCE: Mapping[str, tuple[Role, ...]] = MappingProxyType(
    {"solar_w": ("solar",), "battery_w": ("battery",), "grid_w": ("grid", "generator")}
)
"""The powers of the load's balance -> the roles that give them."""

_SOLAR_PARTS = ("solar_inverter_w", "shunt_w")


@dataclass(frozen=True, slots=True)
class HouseSource:
    """A source of a system as it is stored: a row of ``sources``.

    ``site`` is the vendor's name for it if an account has several. ``settings`` are those of the adapter
    without secrets; ``secrets_sealed`` holds these. ``token_hash`` belongs to a pushed source, and is None
    for others.
    """

    id: int
    system_id: int
    name: str
    vendor_type: str
    site: str
    roles: tuple[Role, ...]
    settings: Mapping[str, Any]
    secrets_sealed: str | None = field(default=None, repr=False)
    token_hash: str | None = field(default=None, repr=False)

    @property
    def is_pushed(self) -> bool:
        """Whether it sends by itself and is not polled."""
        return self.vendor_type == PUSH

    @property
    def sent_fields(self) -> frozenset[str]:
        """The fields of a reading that it may send: those of its roles, and a fault."""
        return frozenset((*FAULT_FIELDS, *(each for role in self.roles for each in ROLE_FIELDS[role])))


@dataclass(frozen=True, slots=True)
class SourceReading:
    """The answer of one source. ``fields`` are those that its device can give at all.

    ``reading`` is None if it did not answer; ``failure`` then says why.
    """

    source: str
    roles: frozenset[Role]
    fields: frozenset[str]
    reading: Reading | None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class HouseReading:
    """``reading`` is None if no source answered in time.

    ``derived`` are fields that follow from others; ``missing`` maps sources without a sample in time to the
    reason.
    """

    reading: Reading | None
    derived: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)


def checked_source_name(text: str) -> str:
    """The owner's name for a source. Raises BadInput."""
    name = text.strip()
    if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise BadInput(
            "that is no name for a source", hint=f"Write 1 to {NAME_CHARS_MAX} characters, such as: roof."
        )
    return name


def checked_roles(chosen: Iterable[str], given: Sequence[Role]) -> tuple[Role, ...]:
    """The roles that an owner chose, in their usual order; without a choice, all that the device can give.

    Raises BadInput for a role that the device cannot give.
    """
    wanted = set(chosen)
    if refused := sorted(wanted.difference(given)):
        raise BadInput(
            f"it cannot give the role {', '.join(refused)}", hint=f"It gives: {', '.join(given) or 'none'}."
        )
    return tuple(role for role in ROLES if role in (wanted or given))


def merge(parts: Sequence[SourceReading], *, now_at: float, late_s: float) -> HouseReading:
    """One reading of the house, with the time of its newest sample.

    The order of ``parts`` only decides which fault is shown. A sample older than ``late_s`` does not count.
    """
    missing = {part.source: why for part in parts if (why := _missing(part, now_at, late_s))}
    heard = {part.source: part.reading for part in parts if part.reading and part.source not in missing}
    if not heard:
        return HouseReading(None, missing=MappingProxyType(missing))
    found: dict[str, Any] = {}
    for name in dict.fromkeys(each for names in ROLE_FIELDS.values() for each in names):
        giving = [part for part in parts if name in _fields_of(part)]
        values = [_value(heard.get(part.source), name) for part in giving]
        if values and not (name.endswith("_total") and _is_part_uncounted(name, parts, giving)):
            found[name] = _joined(name, values)
    if len([part for part in parts if "solar_w" in _fields_of(part)]) > 1:
        found.update(dict.fromkeys(_SOLAR_PARTS))
    found.update(_first_fault(heard.values()))
    derived = _derived(found, parts)
    received_at = int(now_at)
    newest_at = max(reading.inverter_time for reading in heard.values())
    reading = Reading(inverter_time=newest_at, received_time=received_at, **(found | derived))
    return HouseReading(reading, tuple(derived), MappingProxyType(missing))


def _missing(part: SourceReading, now_at: float, late_s: float) -> str:
    if part.reading is None:
        return part.failure or "it has not answered yet"
    age_s = now_at - part.reading.inverter_time
    return f"its newest sample is {age_s:.0f} s old" if age_s > late_s else ""


def _fields_of(part: SourceReading) -> frozenset[str]:
    """The fields that a source gives to the house: those of its roles that its device can give."""
    return part.fields.intersection(*[{field for role in part.roles for field in ROLE_FIELDS[role]}])


def _is_part_uncounted(name: str, parts: Sequence[SourceReading], giving: Sequence[SourceReading]) -> bool:
    """Whether a source gives the power of a counter but not the counter."""
    role = next(role for role, fields in ROLE_FIELDS.items() if name in fields)
    power = ROLE_FIELDS[role][0]
    return any(power in _fields_of(part) and part not in giving for part in parts)


def _value(reading: Reading | None, name: str) -> Any:
    return None if reading is None else getattr(reading, name)


def _joined(name: str, values: Sequence[Any]) -> Any:
    if None in values:
        return None
    joined: Callable[[Sequence[Any]], Any] = _JOINED.get(name, sum)
    return BOUNDS[name].believed(joined(values))


def _mean(values: Sequence[float]) -> float:
    """Batteries have equal weight, as nobody says how large each is."""
    return sum(values) / len(values)


_JOINED: Mapping[str, Callable[[Sequence[Any]], Any]] = {"battery_soc_pct": _mean, "generator_status": max}


def _first_fault(readings: Iterable[Reading]) -> dict[str, int | None]:
    """The first fault that a source reports, else the first report that there is none."""
    told = [reading for reading in readings if reading.fault_code is not None or reading.fault_at is not None]
    first = next((reading for reading in told if reading.fault_code), told[0] if told else None)
    return {} if first is None else {name: getattr(first, name) for name in FAULT_FIELDS}


def _derived(found: Mapping[str, Any], parts: Sequence[SourceReading]) -> dict[str, int]:
    """The load by the balance, if no source measures it.

    Only if the grid or a generator is measured: otherwise nobody knows what flowed there.
    """
    given = frozenset[str]().union(*map(_fields_of, parts))
    if "load_w" in given or "grid_w" not in given:
        return {}
    powers = [found.get(name) for name in BALANCE if name in given]
    if len(powers) < 2 or None in powers:
        return {}
    load_w = BOUNDS["load_w"].believed(sum(power for power in powers if power is not None))
    return {} if load_w is None else {"load_w": load_w}

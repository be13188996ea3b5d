"""Points: what a house measures beyond its balance, as a car, a heat pump, a string, a phase, a temperature.

Pure.

Rule: system, source, key and unit identify a point. Another unit makes another point, so that values are
never mixed; units of power and energy are converted to W and kWh first. Energies are computed by
``energy.py``, to which a point is a house with nothing but a grid connection.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.days import close_these
from liveone.domain.reading import COUNTERS
from liveone.domain.zones import Zone
from liveone.errors import BadInput

PointKind = Literal["power", "counter", "level"]
PointRole = Literal[
    "", "car", "heat_pump", "appliance", "circuit", "string", "inverter", "battery", "phase", "temperature"
]
POINT_ROLES: tuple[PointRole, ...] = get_args(PointRole)
NAME_CHARS_MAX, KEY_CHARS_MAX, UNIT_CHARS_MAX = 60, 80, 12
MOST_POINTS = 1_000
"""Of one system, so that a sender whose keys change with every reading cannot fill the database."""

WIDEST = 1e15
"""No quantity of a house is larger, in any unit."""

_TO: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "kW": ("W", 1e3),
        "MW": ("W", 1e6),
        "mW": ("W", 1e-3),
        "Wh": ("kWh", 1e-3),
        "MWh": ("kWh", 1e3),
        "mWh": ("kWh", 1e-6),
    }
)
UNITS: Mapping[str, str] = MappingProxyType(
    {
        **{"w": "W", "kw": "kW", "wh": "Wh", "kwh": "kWh", "mwh": "MWh", "v": "V", "a": "A", "hz": "Hz"},
        **{"va": "VA", "var": "var", "pct": "%", "c": "°C", "k": "K", "m3": "m³", "l": "l", "gj": "GJ"},
        **{"bar": "bar", "lux": "lx", "ppm": "ppm"},
    }
)
"""The end of a key (``flow_c``, ``car_kwh_total``) -> its unit, if nothing else tells it."""

COUNTER = "_total"
"""The end of a counter's key."""

SENT = "point."
"""The prefix of points among the fields that a source sends."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value beyond the house's balance.

    ``key`` identifies it within its source (``string_1_w``); one that ends in ``_total`` is a counter.
    ``unit`` is as shown (W, V, A, °C). ``source`` is a device of a house made of several; '' is the account
    that polls the system.
    """

    key: str
    name: str
    unit: str
    value: float
    source: str = ""
    role: PointRole = ""

    @property
    def is_counter(self) -> bool:
        """Whether its newest value counts, and not its mean."""
        return self.key.endswith(COUNTER)


class PointAddress(NamedTuple):
    """What identifies a point within its system."""

    source: str
    key: str
    unit: str


@dataclass(frozen=True, slots=True)
class KnownPoint:
    """A point as it is stored. The owner sets ``name``, ``role``, ``position`` and ``hidden``.

    A hidden point is stored like any other, and shown only on request.
    """

    id: int
    system_id: int
    source: str
    key: str
    unit: str
    kind: PointKind
    role: str
    name: str
    position: int
    hidden: bool

    @property
    def has_energy(self) -> bool:
        """Whether it has energies: it is a power or a counter of energy."""
        return self.kind == "power" or (self.kind == "counter" and self.unit == "kWh")

    @property
    def stem(self) -> str:
        """The common part of a power's and its counter's key: ``car`` of ``car_w`` and ``car_kwh_total``."""
        return self.key.removesuffix("_kwh_total").removesuffix("_w")


class PointInterval(NamedTuple):
    """One row of ``point_readings_agg_5m``; a counter has only its last value."""

    interval_end: int
    value_avg: float | None
    value_min: float | None
    value_max: float | None
    value_last: float | None
    sample_count: int


@dataclass(frozen=True, slots=True)
class PointDay:
    """A local day ``(00:00, 24:00]`` of a point.

    ``kwh`` is the energy it took minus what it gave; None if it has no energies, or nothing is known.
    """

    day: str
    value_avg: float | None = None
    value_min: float | None = None
    value_max: float | None = None
    value_last: float | None = None
    kwh: float | None = None
    is_estimated: bool = False
    interval_count: int = 0


def kept_points(points: Iterable[Point]) -> list[Point]:
    """The points that can be stored, in the units of storage; of two with one address the first counts."""
    found: dict[PointAddress, Point] = {}
    for point in points:
        unit, factor = _TO.get(point.unit, (point.unit, 1.0))
        value = point.value * factor
        if _is_text(point.key, KEY_CHARS_MAX) and _is_text(unit or "1", UNIT_CHARS_MAX) and _is_number(value):
            name = point.name.strip()[:NAME_CHARS_MAX] if point.name.isprintable() else ""
            kept = replace(point, unit=unit, value=value, name=name or point.key)
            found.setdefault(address_of(kept), kept)
    return list(found.values())


def address_of(point: Point) -> PointAddress:
    return PointAddress(point.source, point.key, point.unit)


def kind_of(key: str, unit: str) -> PointKind:
    """How values of a point are aggregated: by their mean, or by what they gained."""
    if key.endswith(COUNTER):
        return "counter"
    return "power" if unit == "W" else "level"


def unit_of(key: str) -> str:
    """The unit that the end of a key names; '' if none."""
    return UNITS.get(key.removesuffix("_total").rpartition("_")[2].lower(), "")


def sent_points(values: Mapping[str, float], source: str) -> list[Point]:
    """The points among the fields that a source sent, in the units in which they are stored."""
    found = ((name.removeprefix(SENT), value) for name, value in values.items() if name.startswith(SENT))
    return kept_points(Point(key, key, unit_of(key), value, source) for key, value in found)


def without_points(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a source sent, without points."""
    return {name: value for name, value in values.items() if not name.startswith(SENT)}


def checked_point_name(text: str) -> str:
    """The owner's name for a point. Raises BadInput."""
    name = text.strip()
    if not _is_text(name, NAME_CHARS_MAX):
        raise BadInput("that is no name for a point", hint=f"Write 1 to {NAME_CHARS_MAX} characters.")
    return name


def partner_of(point: KnownPoint, others: Iterable[KnownPoint]) -> KnownPoint | None:
    """The counter of a power, or the power of a counter: of the same source and with the same stem.

    Or None.
    """
    wanted = {"power": "counter", "counter": "power"}.get(point.kind)
    return next(
        (
            each
            for each in others
            if each.kind == wanted
            and each.has_energy
            and (each.system_id, each.source, each.stem) == (point.system_id, point.source, point.stem)
        ),
        None,
    )


def as_grid(powers: Sequence[PointInterval], counters: Sequence[PointInterval]) -> list[FiveMinutes]:
    """Power and counter of one point, as ascending rows of a house that has only a grid connection."""
    power = {row.interval_end: row for row in powers}
    counter = {row.interval_end: row for row in counters}
    return [
        FiveMinutes(
            end,
            grid_w_avg=_watts(power[end].value_avg) if end in power else None,
            grid_w_min=_watts(power[end].value_min) if end in power else None,
            grid_w_max=_watts(power[end].value_max) if end in power else None,
            grid_in_kwh_total_last=counter[end].value_last if end in counter else None,
        )
        for end in sorted(power.keys() | counter.keys())
    ]


def close_days(
    point: KnownPoint,
    own: Sequence[PointInterval],
    partner: Sequence[PointInterval],
    days: Sequence[str],
    *,
    zone: Zone,
    rated_kw: float,
) -> list[PointDay]:
    """The days of a point, without those of which nothing is known.

    The rows are its own and those of its partner (see ``partner_of``), of these days and as many around them
    as energies depend on.
    """
    energies: dict[str, tuple[float | None, bool]] = {}
    if point.has_energy:
        rows = as_grid(*((own, partner) if point.kind == "power" else (partner, own)))
        for each in close_these(rows, days, zone=zone, rated_kw=rated_kw):
            flags = each.estimated or (False,) * len(COUNTERS)
            come_in, gone_out = COUNTERS.index("grid_in"), COUNTERS.index("grid_out")
            kwh = net_kwh(each.grid_import_kwh, each.grid_export_kwh)
            energies[each.day] = kwh, flags[come_in] or flags[gone_out]
    ends = [row.interval_end for row in own]
    found = (
        _day(day, _rows_of(own, ends, zone.bounds(day)), *energies.get(day, (None, False))) for day in days
    )
    return [each for each in found if each.interval_count or each.kwh is not None]


def _rows_of(
    rows: Sequence[PointInterval], ends: Sequence[int], span: tuple[int, int]
) -> Sequence[PointInterval]:
    return rows[bisect_right(ends, span[0]) : bisect_right(ends, span[1])]


def _day(day: str, rows: Sequence[PointInterval], kwh: float | None, is_estimated: bool) -> PointDay:
    means = [row.value_avg for row in rows if row.value_avg is not None]
    return PointDay(
        day,
        value_avg=round(sum(means) / len(means), 3) if means else None,
        value_min=min((row.value_min for row in rows if row.value_min is not None), default=None),
        value_max=max((row.value_max for row in rows if row.value_max is not None), default=None),
        value_last=rows[-1].value_last if rows else None,
        kwh=kwh,
        is_estimated=is_estimated,
        interval_count=len(rows),
    )


def net_kwh(come_in: float | None, gone_out: float | None) -> float | None:
    """The energy that a point took, minus what it gave back (a car that feeds the house)."""
    if come_in is None and gone_out is None:
        return None
    return (come_in or 0.0) - (gone_out or 0.0)


def _watts(value: float | None) -> int | None:
    return None if value is None else round(value)


def _is_text(text: str, chars_max: int) -> bool:
    return 0 < len(text) <= chars_max and text.isprintable()


def _is_number(value: float) -> bool:
    return isfinite(value) and abs(value) <= WIDEST

"""From a Shelly's status to a sample. Pure. Powers in W, > 0 in the direction of the clamp's arrow;
energies in Wh.

First generation: ``emeters`` of ``/status``, a channel each, or ``meters`` of a plug or relay, whose total is
in watt minutes; a channel that is not ``is_valid`` says nothing.
From the second: ``em:0`` with ``emdata:0`` (three phases as one), ``em1:N`` with ``em1data:N`` (a channel
each), ``pm1:N``, ``switch:N``, ``cover:N`` and others (meters of a single load: ``apower``, ``aenergy``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liveone.domain.points import Point
from liveone.domain.system import SystemInfo
from liveone.vendors.answers import objects, points, quantity, total
from liveone.vendors.base import TemporaryFailure
from liveone.vendors.measures import DeviceSample

ALL = "all"
BROKEN = ("power_meter_failure", "ct_type_not_set")
"""Errors of a meter whose values are worth nothing."""

LOADS = ("pm1", "switch", "cover", "light", "cct", "rgb", "rgbw")
"""Components from the second generation on that measure a single load: relays, shutters, dimmers."""

PHASES = ("a", "b", "c")


@dataclass(frozen=True, slots=True)
class _Channel:
    """One clamp, or a phase: W, Wh forward, Wh reverse, V; each as it was sent."""

    power_w: object
    forward_wh: object
    reverse_wh: object
    volts: object = None
    broken: str = ""


def sample_of(raw: Mapping[str, Any], channel: str = ALL) -> DeviceSample:
    """The sample in ``status``, of all channels together or of one (``1`` is the first)."""
    status: Mapping[str, Any] = raw["status"]
    channels = _channels(status)
    if not channels:
        raise ValueError("it has no energy meter")
    chosen = channels if channel == ALL else [channels[int(channel) - 1]]
    _refuse_broken(chosen)
    values = {
        "meter_w": total(each.power_w for each in chosen),
        "meter_in_kwh_total": total(each.forward_wh for each in chosen),
        "meter_out_kwh_total": total(each.reverse_wh for each in chosen),
    }
    if channel == ALL:
        values |= _as_one(status)
    system = status.get("sys")
    at = quantity((system if isinstance(system, Mapping) else status).get("unixtime"))
    return DeviceSample(values, at, _points(channels))


def info_of(raw: Mapping[str, Any]) -> SystemInfo:
    """Model and address, as ``/shelly`` tells them in both generations."""
    device = raw["device"]
    model = device.get("model") or device.get("type")
    serial = device.get("mac")
    return SystemInfo(model=f"Shelly {model}" if model else "Shelly", serial=str(serial) if serial else None)


def _channels(status: Mapping[str, Any]) -> list[_Channel]:
    if "emeters" in status:
        return [_first_generation(each) for each in objects(status["emeters"])]
    if "meters" in status:
        return [_plug(each) for each in objects(status["meters"])]
    if "em:0" in status:
        return _phases(status["em:0"], status.get("emdata:0"))
    ones = [(each, status.get(name.replace(":", "data:"))) for name, each in _numbered(status, "em1:")]
    if ones:
        return [_single(each, counted) for each, counted in ones]
    loads = [each for kind in LOADS for _, each in _numbered(status, f"{kind}:")]
    return [_load(each) for each in loads if "apower" in each]


def _numbered(status: Mapping[str, Any], prefix: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = [(name, each) for name, each in status.items() if name.startswith(prefix)]
    there = [(name, each) for name, each in found if isinstance(each, Mapping)]
    return sorted(there, key=lambda named: (len(named[0]), named[0]))


def _first_generation(meter: Mapping[str, Any]) -> _Channel:
    if meter.get("is_valid") is False:
        return _Channel(None, None, None)
    return _Channel(meter.get("power"), meter.get("total"), meter.get("total_returned"), meter.get("voltage"))


def _plug(meter: Mapping[str, Any]) -> _Channel:
    if meter.get("is_valid") is False:
        return _Channel(None, None, None)
    minutes = quantity(meter.get("total"))
    return _Channel(meter.get("power"), None if minutes is None else minutes / 60, None)


def _phases(meter: Mapping[str, Any], counted: Any) -> list[_Channel]:
    energy = counted if isinstance(counted, Mapping) else {}
    broken = _broken(meter)
    return [
        _Channel(
            meter.get(f"{phase}_act_power"),
            energy.get(f"{phase}_total_act_energy"),
            energy.get(f"{phase}_total_act_ret_energy"),
            meter.get(f"{phase}_voltage"),
            broken or _broken(meter, f"{phase}_errors"),
        )
        for phase in PHASES
    ]


def _single(meter: Mapping[str, Any], counted: Any) -> _Channel:
    energy = counted if isinstance(counted, Mapping) else {}
    forward, reverse = energy.get("total_act_energy"), energy.get("total_act_ret_energy")
    return _Channel(meter.get("act_power"), forward, reverse, meter.get("voltage"), _broken(meter))


def _load(meter: Mapping[str, Any]) -> _Channel:
    forward, reverse = (_total_of(meter.get(name)) for name in ("aenergy", "ret_aenergy"))
    return _Channel(meter.get("apower"), forward, reverse, meter.get("voltage"), _broken(meter))


def _total_of(counted: Any) -> object:
    return counted.get("total") if isinstance(counted, Mapping) else None


def _as_one(status: Mapping[str, Any]) -> dict[str, float | None]:
    """What a three-phase meter adds up itself."""
    meter, counted = status.get("em:0"), status.get("emdata:0")
    if not isinstance(meter, Mapping):
        return {}
    energy = counted if isinstance(counted, Mapping) else {}
    sums = {
        "meter_w": meter.get("total_act_power"),
        "meter_in_kwh_total": energy.get("total_act"),
        "meter_out_kwh_total": energy.get("total_act_ret"),
    }
    return {name: found for name, value in sums.items() if (found := quantity(value)) is not None}


def _broken(meter: Mapping[str, Any], name: str = "errors") -> str:
    """What the meter itself says is wrong with it."""
    errors = meter.get(name)
    return ", ".join(each for each in errors if each in BROKEN) if isinstance(errors, list) else ""


def _refuse_broken(chosen: list[_Channel]) -> None:
    broken = next((each.broken for each in chosen if each.broken), "")
    if broken:
        raise TemporaryFailure(
            f"Shelly: the meter says {broken}",
            hint="Check its clamps, and the type of clamp in its own settings.",
        )


def _points(channels: list[_Channel]) -> tuple[Point, ...]:
    found: list[tuple[str, str, str, object]] = []
    for number, each in enumerate(channels, 1):
        if len(channels) > 1:
            found.append((f"channel_{number}_w", f"Channel {number}", "W", each.power_w))
        found.append((f"channel_{number}_v", f"Channel {number}", "V", each.volts))
    return points(*found)

"""From a Shelly's status to a sample. Pure. Powers in W, > 0 in the direction of the clamp's arrow;
energies in Wh.

First generation: ``emeters`` of ``/status``, a channel each; a channel that is not ``is_valid`` says nothing.
From the second: ``em:0`` with ``emdata:0`` (three phases as one), ``em1:N`` with ``em1data:N`` (a channel
each), ``pm1:N`` and ``switch:N`` (meters of a single load: ``apower``, ``aenergy``).
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

PHASES = ("a", "b", "c")


@dataclass(frozen=True, slots=True)
class _Channel:
    """One clamp, or a phase: W, Wh forward, Wh reverse, V; each as it was sent."""

    power_w: object
    forward_wh: object
    reverse_wh: object
    volts: object = None


def sample_of(raw: Mapping[str, Any], channel: str = ALL) -> DeviceSample:
    """The sample in ``status``, of all channels together or of one (``1`` is the first)."""
    status: Mapping[str, Any] = raw["status"]
    channels = _channels(status)
    if not channels:
        raise ValueError("it has no energy meter")
    chosen = channels if channel == ALL else [channels[int(channel) - 1]]
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
    if "em:0" in status:
        return _phases(status["em:0"], status.get("emdata:0"))
    ones = [(each, status.get(name.replace(":", "data:"))) for name, each in _numbered(status, "em1:")]
    if ones:
        return [_single(each, counted) for each, counted in ones]
    loads = [*_numbered(status, "pm1:"), *_numbered(status, "switch:")]
    return [_load(each) for _, each in loads if "apower" in each]


def _numbered(status: Mapping[str, Any], prefix: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = [(name, each) for name, each in status.items() if name.startswith(prefix)]
    return sorted((name, each) for name, each in found if isinstance(each, Mapping))


def _first_generation(meter: Mapping[str, Any]) -> _Channel:
    if meter.get("is_valid") is False:
        return _Channel(None, None, None)
    return _Channel(meter.get("power"), meter.get("total"), meter.get("total_returned"), meter.get("voltage"))


def _phases(meter: Mapping[str, Any], counted: Any) -> list[_Channel]:
    _refuse_broken(meter)
    energy = counted if isinstance(counted, Mapping) else {}
    return [
        _Channel(
            meter.get(f"{phase}_act_power"),
            energy.get(f"{phase}_total_act_energy"),
            energy.get(f"{phase}_total_act_ret_energy"),
            meter.get(f"{phase}_voltage"),
        )
        for phase in PHASES
    ]


def _single(meter: Mapping[str, Any], counted: Any) -> _Channel:
    _refuse_broken(meter)
    energy = counted if isinstance(counted, Mapping) else {}
    forward, reverse = energy.get("total_act_energy"), energy.get("total_act_ret_energy")
    return _Channel(meter.get("act_power"), forward, reverse, meter.get("voltage"))


def _load(meter: Mapping[str, Any]) -> _Channel:
    _refuse_broken(meter)
    forward, reverse = (_total_of(meter.get(name)) for name in ("aenergy", "ret_aenergy"))
    return _Channel(meter.get("apower"), forward, reverse, meter.get("voltage"))


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


def _refuse_broken(meter: Mapping[str, Any]) -> None:
    errors = meter.get("errors")
    broken = [each for each in errors if each in BROKEN] if isinstance(errors, list) else []
    if broken:
        raise TemporaryFailure(
            f"Shelly: the meter says {', '.join(broken)}",
            hint="Check its clamps, and the type of clamp in its own settings.",
        )


def _points(channels: list[_Channel]) -> tuple[Point, ...]:
    found: list[tuple[str, str, str, object]] = []
    for number, each in enumerate(channels, 1):
        if len(channels) > 1:
            found.append((f"channel_{number}_w", f"Channel {number}", "W", each.power_w))
        found.append((f"channel_{number}_v", f"Channel {number}", "V", each.volts))
    return points(*found)

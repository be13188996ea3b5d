"""From the pages of an Envoy to a sample. Pure.

What the meters mean, by recorded gateways:
- A production meter's ``activePower`` is what the sun gives, and ``actEnergyDlvd`` its counter.
- A ``net-consumption`` meter hangs at the grid: ``activePower`` > 0 imports, ``actEnergyDlvd`` came in and
  ``actEnergyRcvd`` went out. The load follows: solar + battery + grid. (The page's own "total consumption"
  is solar + grid, so it counts a charging battery as load.)
- A ``total-consumption`` meter hangs at the load; the grid follows: load - solar - battery. Then both
figures of
  ``production.json`` are the net, whatever they are called: they are not used.
- A ``storage`` meter, and ``real_power_mw`` of each battery: > 0 discharges.
- A meter that is not ``enabled`` reads 0 and says nothing.
- A ``storage`` meter that tells more real than apparent power is wrong: each battery's own counts then.
- Firmware without a page of meters tells the net in ``production.json``; it counts where it fits the total.

The microinverters' counter in ``production.json`` of firmware 7 begins anew at 2^32 Ws; that of
``/api/v1/production`` goes on, but stands still at gateways whose meters are not connected. So the latter
counts where both agree but for such beginnings.

Without meters the microinverters alone are known: from ``production.json``, ``/api/v1/production`` or, up
to firmware 3.8, from the page made for people.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from liveone.domain.points import Point
from liveone.domain.system import SystemInfo
from liveone.vendors.answers import objects, points, quantity, total
from liveone.vendors.measures import DeviceSample

BEGINS_ANEW_WH = 2**32 / 3600
TOGETHER_WH = 10_000
"""Two counters of the same microinverters are this close, however late one of them is."""

APPARENT_SHARE, APPARENT_W = 1.05, 20
"""A meter's real power may be that much more than its apparent power, by its error."""

FITS_W, FITS_SHARE = 10, 0.01

OLD_S = 3600
"""An AC battery's power that was read longer ago than this is not one of now."""

NEW_COUNTER_SINCE = 7
"""The firmware whose microinverters' counter begins anew."""

OTHERS = {
    "evse": ("evse_w", "Wallbox"),
    "load": ("load_meter_w", "Meter of a load"),
    "pv3p": ("other_solar_w", "Solar of another make"),
}

_TAG = re.compile(r"<(sn|pn|software)>([^<]{1,40})</\1>")
_SHOWN = r"{}\s*</td>\s*<td[^>]{{0,80}}>\s*(-?[\d.]{{1,12}})\s*([kMG]?W(?:h)?)\b"
_NOW = re.compile(_SHOWN.format("Currently"))
_SINCE = re.compile(_SHOWN.format("Since Installation"))
_PREFIX = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}


def told(info: str) -> Mapping[str, str]:
    """``sn``, ``pn`` and ``software`` of ``/info``, the first of each."""
    found: dict[str, str] = {}
    for name, value in _TAG.findall(info):
        found.setdefault(name, value.strip())
    return found


def firmware_of(info: str) -> int:
    """The number before the first point of the firmware (``D7.3.130``). Raises ValueError."""
    found = re.match(r"\D{0,3}(\d{1,3})\.", told(info).get("software", ""))
    if found is None:
        raise ValueError("it names no firmware")
    return int(found[1])


def enabled_meters(meters: object) -> Mapping[str, object]:
    """The meters that count, by what they measure: the ``eid`` of each."""
    return {
        str(each.get("measurementType")): each.get("eid")
        for each in objects(meters)
        if each.get("state") == "enabled"
    }


def sample_of(raw: Mapping[str, Any]) -> DeviceSample:
    """The sample in ``meters`` and ``readings``, ``power`` and ``secctrl`` of the batteries, ``production``,
    ``legacy`` (``/api/v1/production``) and ``page``, as far as they are there."""
    readings = _readings(raw)
    battery = _battery(raw, readings)
    sun = readings.get("production")
    solar = (_watts(sun), sun.get("actEnergyDlvd"), sun.get("timestamp")) if sun else _inverters(raw)
    net, load = readings.get("net-consumption") or _net(raw), readings.get("total-consumption")
    solar_w, battery_w = quantity(solar[0]), battery.get("battery_w", 0.0)
    values: dict[str, object] = {"solar_w": solar_w, "solar_kwh_total": solar[1], **battery}
    derived: tuple[str, ...] = ()
    if net is not None:
        grid_w, derived = _watts(net), ("load_w",)
        values |= {
            "grid_w": grid_w,
            "load_w": total((solar_w, battery_w, grid_w)),
            "grid_in_kwh_total": net.get("actEnergyDlvd"),
            "grid_out_kwh_total": net.get("actEnergyRcvd"),
        }
    elif load is not None:
        load_w, derived = _watts(load), ("grid_w",)
        values |= {
            "load_w": load_w,
            "grid_w": _minus(load_w, total((solar_w, battery_w))),
            "load_kwh_total": load.get("actEnergyDlvd"),
        }
    told_points = (*_phases(net or load), *_single_batteries(raw), *_others(readings))
    return DeviceSample(values, quantity(solar[2]), told_points, derived)


def info_of(raw: Mapping[str, Any]) -> SystemInfo:
    """Firmware and serial number of the gateway; the size of its batteries."""
    found = told(raw["info"])
    size_wh = quantity(_mapping(raw.get("secctrl")).get("Max_energy"))
    return SystemInfo(
        model=f"Enphase Envoy, firmware {found.get('software', 'unknown')}",
        serial=found.get("sn"),
        battery_size=f"{size_wh / 1000:g} kWh" if size_wh else None,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _readings(raw: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The newest of each meter that counts, by what it measures."""
    by_eid = {str(each.get("eid")): each for each in objects(raw.get("readings"))}
    wanted = enabled_meters(raw.get("meters"))
    return {kind: by_eid[str(eid)] for kind, eid in wanted.items() if str(eid) in by_eid}


def _watts(meter: Mapping[str, Any]) -> float | None:
    return quantity(meter.get("activePower"))


def _minus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second


def _inverters(raw: Mapping[str, Any]) -> tuple[object, object, object]:
    """W, Wh and time. Microinverters report every few minutes and rest at night, so theirs is none."""
    made = objects(_mapping(raw.get("production")).get("production"))
    metered = _metered(made)
    alone = [each for each in made if each.get("type") == "inverters"]
    for each in metered:
        return each.get("wNow"), each.get("whLifetime"), each.get("readingTime") or None
    legacy = _mapping(raw.get("legacy"))
    for each in alone:
        return each.get("wNow"), _lifetime_wh(raw, each.get("whLifetime")), None
    if legacy:
        return legacy.get("wattsNow"), legacy.get("wattHoursLifetime"), None
    page = raw.get("page")
    shown = page if isinstance(page, str) else ""
    return _shown(_NOW, shown, "W"), _shown(_SINCE, shown, "Wh"), None


def _metered(sent: object) -> list[Mapping[str, Any]]:
    """The entries of ``production.json`` that a meter measured."""
    return [each for each in objects(sent) if each.get("type") == "eim" and each.get("activeCount")]


def _lifetime_wh(raw: Mapping[str, Any], sent: object) -> float | None:
    """The microinverters' counter, ``sent`` in ``production.json``."""
    short_wh, long_wh = quantity(sent), quantity(_mapping(raw.get("legacy")).get("wattHoursLifetime"))
    if short_wh is None or short_wh > BEGINS_ANEW_WH:
        return short_wh
    if long_wh is None:
        return None if firmware_of(raw["info"]) >= NEW_COUNTER_SINCE else short_wh
    apart_wh = (long_wh - short_wh) % BEGINS_ANEW_WH
    is_same = min(apart_wh, BEGINS_ANEW_WH - apart_wh) < TOGETHER_WH
    return max(long_wh, short_wh) if is_same else short_wh


def _net(raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What ``production.json`` says of the grid, where there is no page of meters: as a meter's reading
    without counters. Gateways mix the net up with the total; so it counts only where the two fit."""
    if objects(raw.get("meters")):
        return None
    page = _mapping(raw.get("production"))
    used = {
        str(each.get("measurementType")): quantity(each.get("wNow"))
        for each in _metered(page.get("consumption"))
    }
    made = total(each.get("wNow") for each in _metered(page.get("production")))
    net_w, all_w = used.get("net-consumption"), used.get("total-consumption")
    if made is None or net_w is None or all_w is None:
        return None
    fits_w = max(FITS_W, FITS_SHARE * abs(all_w))
    return {"activePower": net_w} if abs(net_w + made - all_w) <= fits_w else None


def _shown(pattern: re.Pattern[str], page: str, unit: str) -> float | None:
    found = pattern.search(page)
    if found is None or not found[2].endswith(unit):
        return None
    value = quantity(found[1])
    return None if value is None else value * _PREFIX[found[2].removesuffix(unit)]


def _battery(raw: Mapping[str, Any], readings: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
    """What is told of batteries; empty where there are none."""
    devices, acb = _encharges(raw), _acb(raw)
    meter = readings.get("storage")
    if meter is not None and devices and not _can_be(meter):
        meter = None
    if not devices and acb is None and meter is None:
        return {}
    found: dict[str, object] = {"battery_soc_pct": _mapping(raw.get("secctrl")).get("agg_soc")}
    if meter is not None:
        return found | {
            "battery_w": _watts(meter),
            "battery_out_kwh_total": meter.get("actEnergyDlvd"),
            "battery_in_kwh_total": meter.get("actEnergyRcvd"),
        }
    powers_mw = [quantity(each.get("real_power_mw")) for each in devices]
    parts_w: list[float | None] = [None if each is None else each / 1000 for each in powers_mw]
    return found | {"battery_w": total(parts_w + ([] if acb is None else [_acb_w(raw, acb)]))}


def _can_be(meter: Mapping[str, Any]) -> bool:
    """Whether a meter's real power is within its apparent power."""
    real_w, apparent_va = _watts(meter), quantity(meter.get("apparentPower"))
    return (
        real_w is None or apparent_va is None or abs(real_w) <= abs(apparent_va) * APPARENT_SHARE + APPARENT_W
    )


def _encharges(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The batteries of ``/ivp/ensemble/power``, whose key ends in a colon."""
    power = _mapping(raw.get("power"))
    return objects(power.get("devices:") or power.get("devices"))


def _acb(raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The older AC batteries as one, where there are any."""
    stored = objects(_mapping(raw.get("production")).get("storage"))
    return next((each for each in stored if each.get("type") == "acb" and each.get("activeCount")), None)


def _acb_w(raw: Mapping[str, Any], acb: Mapping[str, Any]) -> float | None:
    power_w, read_at = quantity(acb.get("wNow")), quantity(acb.get("readingTime"))
    times = [
        quantity(each.get("readingTime"))
        for each in objects(_mapping(raw.get("production")).get("production"))
    ]
    newest = max((each for each in times if each is not None), default=None)
    if power_w is None or read_at is None or newest is None or newest - read_at > OLD_S:
        return None
    return -abs(power_w) if acb.get("state") == "charging" else power_w


def _phases(meter: Mapping[str, Any] | None) -> Iterator[Point]:
    channels = objects(meter.get("channels")) if meter else []
    for phase, each in enumerate(channels, 1):
        if quantity(each.get("voltage")):
            yield from points(
                (f"phase_{phase}_w", f"Phase {phase}", "W", each.get("activePower")),
                (f"phase_{phase}_v", f"Phase {phase}", "V", each.get("voltage")),
            )


def _others(readings: Mapping[str, Mapping[str, Any]]) -> Iterator[Point]:
    """Meters of single things, where they are switched on."""
    for kind, (key, name) in OTHERS.items():
        if kind in readings:
            yield from points((key, name, "W", _watts(readings[kind])))


def _single_batteries(raw: Mapping[str, Any]) -> Iterator[Point]:
    devices = _encharges(raw)
    for number, each in enumerate(devices, 1):
        power_mw = quantity(each.get("real_power_mw"))
        yield from points(
            (f"battery_{number}_w", f"Battery {number}", "W", None if power_mw is None else power_mw / 1000),
            (f"battery_{number}_pct", f"Battery {number}", "%", each.get("soc")),
        )

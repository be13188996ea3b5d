"""From a Powerwall gateway's pages to a sample. Pure.

Powers in W: ``site`` > 0 imports, ``battery`` > 0 discharges, ``solar`` > 0 produces; energies in Wh, as
each meter counts: what the site and the load imported, what solar and the battery exported. A meter that a
house has not got is absent, or has never been heard of: its last word is then of the year 1.
"""

from collections.abc import Mapping
from typing import Any

from liveone.domain.system import SystemInfo
from liveone.vendors.answers import instant, objects, points, quantity, total
from liveone.vendors.measures import DeviceSample

NEVER = "0001-"


def sample_of(raw: Mapping[str, Any]) -> DeviceSample:
    """The sample in ``meters`` (/api/meters/aggregates), ``charge`` (/api/system_status/soe) and ``system``
    (/api/system_status); the last two may be missing."""
    meters: Mapping[str, Any] = raw["meters"]
    site, battery, load, solar = (_meter(meters.get(name)) for name in ("site", "battery", "load", "solar"))
    blocks = objects(_mapping(raw.get("system")).get("battery_blocks"))
    values = {
        "grid_w": site.get("instant_power"),
        "battery_w": battery.get("instant_power"),
        "load_w": load.get("instant_power"),
        "solar_w": solar.get("instant_power"),
        "battery_soc_pct": _charge_pct(raw, blocks),
        "grid_in_kwh_total": site.get("energy_imported"),
        "grid_out_kwh_total": site.get("energy_exported"),
        "battery_in_kwh_total": battery.get("energy_imported"),
        "battery_out_kwh_total": battery.get("energy_exported"),
        "load_kwh_total": load.get("energy_imported"),
        "solar_kwh_total": solar.get("energy_exported"),
    }
    single = [
        (f"battery_{number}_w", f"Battery {number}", "W", each.get("p_out"))
        for number, each in enumerate(blocks, 1)
    ]
    volts = ("grid_v", "Grid", "V", site.get("instant_average_voltage"))
    hertz = ("grid_hz", "Grid", "Hz", site.get("frequency"))
    at = instant(site.get("last_communication_time"))
    return DeviceSample(values, at, points(*single, volts, hertz))


def info_of(raw: Mapping[str, Any]) -> SystemInfo:
    """The site's name, the firmware, and the size of its batteries."""
    site, status = _mapping(raw.get("site")), _mapping(raw.get("status"))
    size_kwh, power_kw = (
        quantity(site.get(name)) for name in ("nominal_system_energy_kWh", "nominal_system_power_kW")
    )
    return SystemInfo(
        model=f"Tesla Powerwall, firmware {str(status.get('version', 'unknown')).partition(' ')[0]}",
        serial=str(status["din"]) if status.get("din") else None,
        ratings=f"{power_kw:g} kW" if power_kw else None,
        battery_size=f"{size_kwh:g} kWh" if size_kwh else None,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _meter(value: object) -> Mapping[str, Any]:
    meter = _mapping(value)
    return {} if str(meter.get("last_communication_time", "")).startswith(NEVER) else meter


def _charge_pct(raw: Mapping[str, Any], blocks: list[Mapping[str, Any]]) -> float | None:
    """As the gateway says; else what the batteries hold of what they can hold."""
    told = quantity(_mapping(raw.get("charge")).get("percentage"))
    if told is not None:
        return told
    left_wh = total(each.get("nominal_energy_remaining") for each in blocks)
    full_wh = total(each.get("nominal_full_pack_energy") for each in blocks)
    return 100 * left_wh / full_wh if left_wh is not None and full_wh else None

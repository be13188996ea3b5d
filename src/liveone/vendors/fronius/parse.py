"""From answers of the Solar API to a sample. Pure.

Signs by Fronius' document 42,0410,2012 and the recorded balance: ``P_Grid`` > 0 imports, ``P_Akku`` > 0
discharges, ``P_Load`` < 0 consumes, energies in Wh.

- At night ``P_PV`` is null: the inverters are off. It counts as 0 only where each of them says ``P`` 0.
- ``E_Total`` is what the inverters gave on their AC side. With a battery behind the inverter that is not what
  the sun gave, hour by hour: then it is a point, and no counter of solar energy.
- An inverter that could have a battery and has none says ``SOC`` 0 without ``P_Akku``: that is no state of
  charge.
- Dataloggers older than the power flow tell the inverters alone (GetInverterRealtimeData), and a meter.
- A meter counts for the grid at the feed-in point (location 0), for the load in the consumption path (1);
  others (256 and up) are appliances, and points.
"""

import html
from collections.abc import Mapping
from typing import Any

from liveone.domain.points import Point
from liveone.domain.system import SystemInfo
from liveone.vendors.answers import instant, mean, objects, points, quantity, total
from liveone.vendors.base import ProtocolViolation, TemporaryFailure
from liveone.vendors.measures import DeviceSample

FEED_IN, CONSUMPTION = 0, 1
"""Where a meter hangs (``Meter_Location_Current``)."""

DAWN_CODES = (306, 307)
"""Power low, DC low: shown every morning and evening, and no fault."""

UNSUPPORTED = (11, 255)
"""Status codes of a request that this device does not know: it has no such part."""

LOCATION = ("Meter_Location_Current", "SMARTMETER_VALUE_LOCATION_U16")
IMPORTED = ("EnergyReal_WAC_Sum_Consumed", "SMARTMETER_ENERGYACTIVE_CONSUMED_SUM_F64")
EXPORTED = ("EnergyReal_WAC_Sum_Produced", "SMARTMETER_ENERGYACTIVE_PRODUCED_SUM_F64")
POWER = ("PowerReal_P_Sum", "SMARTMETER_POWERACTIVE_MEAN_SUM_F64")
"""Names of the Datamanager, and of early Gen24 firmware."""


def sample_of(raw: Mapping[str, Any]) -> DeviceSample:
    """The sample in ``flow`` (GetPowerFlowRealtimeData), ``meters``, ``inverters`` and, where there is a
    battery, ``storage``; the last three may be missing. ``realtime`` stands in the place of ``flow`` where a
    device has none."""
    if "flow" not in raw:
        return _older_sample(raw)
    flow = body_of(raw["flow"], "the power flow")
    site, inverters = flow["Site"], objects(flow.get("Inverters"))
    charge_pct = mean(each["SOC"] for each in inverters if _is_hybrid(site, each))
    stores = [each["Controller"] for each in parts_of(raw.get("storage")) if "Controller" in each]
    if charge_pct is None and stores:
        charge_pct = mean(each.get("StateOfCharge_Relative") for each in stores)
    is_hybrid = quantity(site.get("P_Akku")) is not None or charge_pct is not None
    meters = parts_of(raw.get("meters"))
    values = {
        "solar_w": _solar_w(site, inverters),
        "load_w": site.get("P_Load"),
        "battery_w": site.get("P_Akku"),
        "grid_w": site.get("P_Grid"),
        "battery_soc_pct": charge_pct,
        "solar_kwh_total": None if is_hybrid else site.get("E_Total"),
        "grid_in_kwh_total": _at(meters, FEED_IN, IMPORTED),
        "grid_out_kwh_total": _at(meters, FEED_IN, EXPORTED),
        "load_kwh_total": _at(meters, CONSUMPTION, IMPORTED),
        "fault_code": _fault_code(parts_of(raw.get("inverters"))),
    }
    at = instant(raw["flow"]["Head"].get("Timestamp"))
    return DeviceSample(values, at, _points(flow, site, meters, stores))


def has_battery(flow: object) -> bool:
    """Whether a power flow tells of a battery."""
    try:
        site, inverters = flow["Body"]["Data"]["Site"], objects(flow["Body"]["Data"].get("Inverters"))  # type: ignore[index]
        return quantity(site.get("P_Akku")) is not None or any(_is_hybrid(site, each) for each in inverters)
    except (KeyError, TypeError, AttributeError):
        return False


def info_of(raw: Mapping[str, Any]) -> SystemInfo:
    """Name, serial and size of the inverters, as they tell them."""
    inverters = parts_of(raw.get("inverters"))
    names = [html.unescape(str(each["CustomName"])) for each in inverters if each.get("CustomName")]
    serials = [str(each["UniqueID"]) for each in inverters if each.get("UniqueID")]
    size_w = total(each.get("PVPower") for each in inverters)
    return SystemInfo(
        model=f"Fronius {', '.join(names)}".strip(),
        serial=", ".join(serials) or None,
        solar_size=None if size_w is None else f"{size_w / 1000:g} kW",
    )


def body_of(answer: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    """The data of an answer. Raises VendorError in the words of its status where that is not 0."""
    status = answer["Head"]["Status"]
    code = status.get("Code")
    if code != 0:
        said = str(status.get("Reason") or status.get("UserMessage") or "no reason given")[:120]
        kind = ProtocolViolation if code in UNSUPPORTED else TemporaryFailure
        raise kind(
            f"Fronius: {what} was not told: {said} (status {str(code)[:9]})",
            hint="The Solar API may be switched off or its device asleep; it is switched on in the "
            "inverter's own pages, under Communication.",
        )
    found: Mapping[str, Any] = answer["Body"]["Data"]
    return found


def parts_of(answer: object) -> list[Mapping[str, Any]]:
    """The devices of an answer; none where it is missing or says that there is no such device."""
    if not isinstance(answer, Mapping) or answer["Head"]["Status"].get("Code") != 0:
        return []
    return objects(answer["Body"]["Data"])


def _is_hybrid(site: Mapping[str, Any], inverter: Mapping[str, Any]) -> bool:
    """Whether the state of charge of an inverter is that of a battery."""
    charge_pct = quantity(inverter.get("SOC"))
    return charge_pct is not None and (quantity(site.get("P_Akku")) is not None or charge_pct > 0)


def _older_sample(raw: Mapping[str, Any]) -> DeviceSample:
    """What the inverters and the meter tell by themselves: there is no battery where there is no power flow,
    and the load follows."""
    data = body_of(raw["realtime"], "the inverters' data")
    meters, inverters = parts_of(raw.get("meters")), parts_of(raw.get("inverters"))
    solar_w, grid_w = total(_each(data, "PAC", inverters)), _at(meters, FEED_IN, POWER)
    load_w = total((solar_w, grid_w))
    values = {
        "solar_w": solar_w,
        "grid_w": grid_w,
        "load_w": None if load_w is None else -load_w,
        "solar_kwh_total": total(_each(data, "TOTAL_ENERGY", inverters)),
        "grid_in_kwh_total": _at(meters, FEED_IN, IMPORTED),
        "grid_out_kwh_total": _at(meters, FEED_IN, EXPORTED),
        "fault_code": _fault_code(inverters),
    }
    at = instant(raw["realtime"]["Head"].get("Timestamp"))
    return DeviceSample(values, at, derived=("load_w",) if load_w is not None else ())


def _each(data: Mapping[str, Any], name: str, inverters: list[Mapping[str, Any]]) -> list[object]:
    """A quantity of each inverter; none where it is not told, or where one of several does not tell it: a
    sum without it would be a counter that falls every evening."""
    told = data.get(name)
    values = told.get("Values") if isinstance(told, Mapping) else None
    found = list(values.values()) if isinstance(values, Mapping) else []
    return found if not inverters or len(found) == len(inverters) else []


def _solar_w(site: Mapping[str, Any], inverters: list[Mapping[str, Any]]) -> object:
    if site.get("P_PV") is None and inverters and all(each.get("P") == 0 for each in inverters):
        return 0
    return site.get("P_PV")


def _at(meters: list[Mapping[str, Any]], location: int, names: tuple[str, ...]) -> object:
    there = [meter for meter in meters if _first(meter, LOCATION) == location]
    return _first(there[0], names) if len(there) == 1 else None


def _first(meter: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((meter[name] for name in names if meter.get(name) is not None), None)


def _fault_code(inverters: list[Mapping[str, Any]]) -> object:
    """The first fault that an inverter reports; 0 where all of them say that there is none."""
    codes = [0 if each.get("ErrorCode") in DAWN_CODES else each.get("ErrorCode") for each in inverters]
    return next((code for code in codes if code not in (0, -1)), 0 if codes else None)


def _points(
    flow: Mapping[str, Any],
    site: Mapping[str, Any],
    meters: list[Mapping[str, Any]],
    stores: list[Mapping[str, Any]],
) -> tuple[Point, ...]:
    named = flow.get("Inverters")
    inverters: Mapping[str, Any] = named if isinstance(named, Mapping) else {}
    found = [
        (f"inverter_{name}_w", f"Inverter {name}", "W", each.get("P"))
        for name, each in inverters.items()
        if isinstance(each, Mapping) and len(inverters) > 1
    ]
    found.append(("inverters_wh_total", "AC energy of the inverters", "Wh", site.get("E_Total")))
    smart = flow.get("Smartloads")
    for index, pilot in enumerate(objects(smart.get("Ohmpilots") if isinstance(smart, Mapping) else None)):
        found.append((f"ohmpilot_{index}_w", f"Ohmpilot {index}", "W", pilot.get("P_AC_Total")))
        found.append((f"ohmpilot_{index}_c", f"Ohmpilot {index}", "°C", pilot.get("Temperature")))
    for index, meter in enumerate(meters):
        if _first(meter, LOCATION) in (FEED_IN, CONSUMPTION):
            found += [
                (f"grid_l{phase}_v", f"Phase {phase}", "V", meter.get(f"Voltage_AC_Phase_{phase}"))
                for phase in (1, 2, 3)
            ]
        else:
            found.append((f"meter_{index}_w", f"Meter {index}", "W", _first(meter, POWER)))
    for index, store in enumerate(stores):
        found.append((f"battery_{index}_c", f"Battery {index}", "°C", store.get("Temperature_Cell")))
    return points(*found)

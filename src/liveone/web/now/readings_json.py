"""A reading as the API writes it: camelCase, unit in the name, local time, null for what was not measured."""

from collections.abc import Sequence
from typing import Any

from liveone.domain import freshness
from liveone.domain.aggregates import ENERGIES, Day
from liveone.domain.quality import estimates
from liveone.domain.reading import COUNTERS, Reading
from liveone.domain.zones import Zone
from liveone.web.numbers import WH, Number, exact, rounded, to_decimals

POWER_KEYS = {
    "solarW": "solar_w",
    "solarInverterW": "solar_inverter_w",
    "shuntW": "shunt_w",
    "loadW": "load_w",
    "batteryW": "battery_w",
    "gridW": "grid_w",
    "lossesW": "losses_w",
}
ENERGY_KEYS = ("solarKwh", "loadKwh", "batteryInKwh", "batteryOutKwh", "gridInKwh", "gridOutKwh")
"""In the order of ``reading.COUNTERS``."""

DAY_ENERGY_KEYS = (
    "solarKwh",
    "loadKwh",
    "batteryChargeKwh",
    "batteryDischargeKwh",
    "gridImportKwh",
    "gridExportKwh",
)


def iso_or_none(zone: Zone, at: float | None) -> str | None:
    return None if at is None else zone.iso(at)


def power(reading: Reading) -> dict[str, Number | None]:
    """Watts in house signs."""
    return {key: rounded(getattr(reading, name)) for key, name in POWER_KEYS.items()}


def totals(reading: Reading) -> dict[str, Number | None]:
    """The six counters as they are stored, in kWh since the device was installed.

    Clients use their differences.
    """
    counters = (getattr(reading, f"{name}_kwh_total") for name in COUNTERS)
    return {key: exact(value) for key, value in zip(ENERGY_KEYS, counters, strict=True)}


def energies(kwh: Sequence[float | None], keys: Sequence[str] = ENERGY_KEYS) -> dict[str, Number | None]:
    """Six energies in the order of ``reading.COUNTERS``, to the Wh."""
    return {key: to_decimals(value, WH) for key, value in zip(keys, kwh, strict=True)}


def quality(
    kwh: Sequence[float | None], estimated: Sequence[bool], keys: Sequence[str] = ENERGY_KEYS
) -> dict[str, str | None]:
    """``measured``, ``estimated`` (in part or whole) or null, for each of the six energies."""
    return {
        key: None if value is None else "estimated" if guessed else "measured"
        for key, value, guessed in zip(keys, kwh, estimated, strict=True)
    }


def device(reading: Reading, zone: Zone) -> dict[str, Any]:
    return {
        "faultCode": reading.fault_code,
        "faultTimestamp": iso_or_none(zone, reading.fault_at or None),
        "generatorStatus": reading.generator_status,
    }


def measured(reading: Reading, zone: Zone, **energy: Any) -> dict[str, Any]:
    """A reading as every answer gives it; ``energy`` is what is known of its day besides the counters."""
    return {
        "timestamp": zone.iso(reading.inverter_time),
        "receivedTime": zone.iso(reading.received_time),
        "power": power(reading),
        "soc": {"battery": rounded(reading.battery_soc_pct)},
        "energy": {**energy, "total": totals(reading)},
        "system": device(reading, zone),
    }


def event(system_id: int, reading: Reading, zone: Zone) -> dict[str, Any]:
    """The data of the stream's event for one new reading."""
    return {"systemId": system_id, **measured(reading, zone)}


def energy_of(day: Day | None, zone: Zone) -> dict[str, Any]:
    """``today`` and ``quality`` of a day so far; all null if nothing is known of it."""
    kwh = [getattr(day, f"{name}_kwh") if day else None for name in ENERGIES]
    flags = estimates(day, None, zone) if day else [False] * len(kwh)
    return {"today": energies(kwh), "quality": quality(kwh, flags)}


def freshness_json(
    latest: Reading, now_at: float, cadence_s: float, counters: Sequence[str], *, stands: bool
) -> dict[str, Any]:
    """The freshness of the newest reading, with the ages at which a page has to change it.

    ``counters`` stand still; ``stands`` says that all values do.
    """
    received_at = latest.received_time
    return {
        "state": freshness.of(received_at, now_at, cadence_s),
        "ageS": max(0, round(now_at - received_at)),
        "cadenceS": cadence_s,
        "lateS": freshness.late_s(cadence_s),
        "silentS": freshness.SILENT_S,
        "frozenCounters": list(counters),
        "frozenValues": stands,
    }

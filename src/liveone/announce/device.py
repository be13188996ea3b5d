"""A system as a device of Home Assistant: one message that describes it, one that says how it is. Pure.

The shape is that of Home Assistant's MQTT discovery of devices: a device, its origin, and its components by
key. Power is measured in W, energy only ever rises (kWh): so the Energy dashboard takes both as they are.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from liveone.domain.reading import COUNTERS, Reading
from liveone.domain.system import FROM_SOURCES, IMPORT_ONLY, System

ONLINE, OFFLINE = b"online", b"offline"

POWERS: Mapping[str, str] = {
    "solar_w": "Solar power",
    "load_w": "Load power",
    "battery_w": "Battery power",
    "grid_w": "Grid power",
}
ENERGIES: Mapping[str, str] = {
    "solar_kwh": "Solar energy",
    "load_kwh": "Load energy",
    "battery_in_kwh": "Battery energy charged",
    "battery_out_kwh": "Battery energy discharged",
    "grid_in_kwh": "Grid energy imported",
    "grid_out_kwh": "Grid energy exported",
}
"""In the order of ``reading.COUNTERS``."""

SOC, FAULT, FAULT_CODE, GENERATOR, AT = "battery_soc_pct", "fault", "fault_code", "generator", "at"
ALWAYS = (AT,)

_MEASURED: Mapping[str, dict[str, Any]] = {
    unit: {
        "unit_of_measurement": unit,
        "state_class": state_class,
        "suggested_display_precision": decimals,
    }
    for unit, state_class, decimals in (
        ("W", "measurement", 0), ("%", "measurement", 0), ("kWh", "total_increasing", 2),
    )
}  # fmt: skip


class Topics:
    """Where things are said, below a base that is ours alone at the broker."""

    def __init__(self, base: str, discovery_prefix: str) -> None:
        self.base, self.prefix = base, discovery_prefix
        self.status, self.instance = f"{base}/status", f"{base}/instance"

    def state(self, system_id: int) -> str:
        """How a system is."""
        return f"{self.base}/{system_id}/state"

    def availability(self, system_id: int) -> str:
        """Whether a system says anything."""
        return f"{self.base}/{system_id}/availability"

    def config(self, system_id: int) -> str:
        """What a system is."""
        return f"{self.prefix}/device/{self.identifier(system_id)}/config"

    def identifier(self, system_id: int) -> str:
        """What a system is called for ever, whatever its name."""
        return f"{self.base}_{system_id}"

    @property
    def births(self) -> tuple[str, ...]:
        """Where Home Assistant says that it has started."""
        return tuple(dict.fromkeys((f"{self.prefix}/status", "homeassistant/status"))) if self.prefix else ()


def state_of(reading: Reading, kwh: Sequence[float | None]) -> dict[str, Any]:
    """How a system is, by the keys of its components; null for what is not known. ``kwh`` are its energies
    since the first reading, in the order of ``reading.COUNTERS``."""
    code, generator = reading.fault_code, reading.generator_status
    return {
        **{name: getattr(reading, name) for name in POWERS},
        SOC: reading.battery_soc_pct,
        **{f"{name}_kwh": _to_wh(value) for name, value in zip(COUNTERS, kwh, strict=True)},
        FAULT: None if code is None else ("ON" if code else "OFF"),
        FAULT_CODE: code,
        GENERATOR: None if generator is None else ("ON" if generator else "OFF"),
        AT: datetime.fromtimestamp(reading.inverter_time, UTC).isoformat(),
    }


def told_in(state: Mapping[str, Any]) -> frozenset[str]:
    """The components that a state has a value for: what a system has not got is not announced."""
    return frozenset(name for name, value in state.items() if value is not None)


def config_of(system: System, told: frozenset[str], topics: Topics, release: str) -> dict[str, Any]:
    """What a system is: the payload of discovery, for the components that are ``told``."""
    known = system.vendor_type if system.vendor_type not in (FROM_SOURCES, IMPORT_ONLY) else None
    device = {
        "identifiers": [topics.identifier(system.id)],
        "name": system.display_name,
        "manufacturer": "LiveOne",
        "model": system.model or known,
        "serial_number": system.serial,
        "sw_version": release,
    }
    components = {
        name: {"unique_id": f"{topics.identifier(system.id)}_{name}", **described}
        for name, described in _components().items()
        if name in told
    }
    return {
        "device": {name: value for name, value in device.items() if value},
        "origin": {"name": "LiveOne", "sw_version": release},
        "components": components,
        "state_topic": topics.state(system.id),
        "availability": [{"topic": topics.status}, {"topic": topics.availability(system.id)}],
        "availability_mode": "all",
    }


def _components() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, title in POWERS.items():
        found[name] = _told_by("sensor", name, title, "power") | _MEASURED["W"]
    for name, title in ENERGIES.items():
        found[name] = _told_by("sensor", name, title, "energy") | _MEASURED["kWh"]
    found[SOC] = _told_by("sensor", SOC, "State of charge", "battery") | _MEASURED["%"]
    found[FAULT] = _told_by("binary_sensor", FAULT, "Fault", "problem") | {"entity_category": "diagnostic"}
    found[GENERATOR] = _told_by("binary_sensor", GENERATOR, "Generator", "running")
    found[FAULT_CODE] = _told_by("sensor", FAULT_CODE, "Fault code") | {"entity_category": "diagnostic"}
    found[AT] = _told_by("sensor", AT, "Last reading", "timestamp") | {"entity_category": "diagnostic"}
    return found


def _told_by(platform: str, name: str, title: str, device_class: str = "") -> dict[str, Any]:
    found = {"platform": platform, "name": title, "value_template": f"{{{{ value_json.{name} }}}}"}
    return found | {"device_class": device_class} if device_class else found


def _to_wh(kwh: float | None) -> float | None:
    return None if kwh is None else round(kwh, 3)

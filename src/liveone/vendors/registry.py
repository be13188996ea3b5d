"""Which brands there are: the only place that maps a ``vendor_type`` to its adapter.

Ours stand in a table and are imported when they are needed. Another package brings its own by an entry point
of the group ``liveone.vendors``: its name is the ``vendor_type``, its object the class. None replaces ours.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from liveone.errors import ConfigError
from liveone.vendors.base import Vendor, VendorAccount

GROUP = "liveone.vendors"

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "dsmr-file": "liveone.vendors.p1.device:DsmrFile",
        "dsmr-p1": "liveone.vendors.p1.device:DsmrP1",
        "enphase": "liveone.vendors.enphase.device:Envoy",
        "fronius": "liveone.vendors.fronius.device:Fronius",
        "goodwe": "liveone.vendors.goodwe.device:GoodWe",
        "home-assistant": "liveone.vendors.homeassistant.device:HomeAssistant",
        "homewizard": "liveone.vendors.homewizard.device:HomeWizard",
        "http-json": "liveone.vendors.httpjson.device:HttpJson",
        "modbus-inverter": "liveone.vendors.registers.device:RegisterInverter",
        "modbus-meter": "liveone.vendors.registers.device:RegisterMeter",
        "mqtt": "liveone.vendors.mqtt.device:MqttSource",
        "powerwall": "liveone.vendors.powerwall.device:Powerwall",
        "select.live": "liveone.vendors.selectlive.cloud:SelectLive",
        "select.live-lan": "liveone.vendors.selectlive.lan:SelectLiveLan",
        "shelly": "liveone.vendors.shelly.device:ShellyMeter",
        "sunspec": "liveone.vendors.sunspec.device:SunSpecDevice",
    }
)
"""Module and class by ``vendor_type``."""


def vendor_types() -> list[str]:
    """Every ``vendor_type`` there is, sorted; nothing is imported."""
    return sorted({*BUILT_IN, *_brought()})


@cache
def vendor_class(vendor_type: str) -> type[Vendor]:
    """The adapter of a ``vendor_type``.

    Raises ConfigError for an unknown one, listing the known ones, and for a package whose adapter cannot be
    imported or is of another name.
    """
    if vendor_type in BUILT_IN:
        module, _, name = BUILT_IN[vendor_type].partition(":")
        found: type[Vendor] = getattr(import_module(module), name)
        return found
    brought = _brought().get(vendor_type)
    if brought is None:
        raise ConfigError(
            f"unknown vendor_type {vendor_type!r}", hint=f"Known are: {', '.join(vendor_types())}."
        )
    return _loaded(brought)


def open_vendor(account: VendorAccount) -> Vendor:
    """The adapter for an account; nothing is sent yet.

    Raises ConfigError for an unknown vendor_type, listing the known ones, and for settings that the
    adapter cannot use. The caller closes the vendor.
    """
    return vendor_class(account.vendor_type)(account)  # type: ignore[call-arg]


@cache
def _brought() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in BUILT_IN}


def _loaded(point: EntryPoint) -> type[Vendor]:
    package = point.dist.name if point.dist else point.value
    hint = f"It comes with the package {package}: update or uninstall that."
    try:
        found: type[Vendor] = point.load()
    except Exception as error:
        raise ConfigError(f"the adapter {point.name!r} cannot be loaded: {error!r}", hint=hint) from error
    if getattr(found, "vendor_type", None) != point.name:
        raise ConfigError(f"the adapter {point.name!r} is not what it is called: {point.value}", hint=hint)
    return found

"""A Fronius inverter, or several behind one Datamanager, asked by the Solar API."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from liveone.domain.system import SystemInfo
from liveone.errors import LiveOneError
from liveone.vendors.adapter import HttpAdapter, Raw
from liveone.vendors.answers import quantity
from liveone.vendors.fronius.parse import info_of, sample_of
from liveone.vendors.measures import DeviceSample, Measure
from liveone.vendors.parameters import Settings
from timed_http.deadline import Deadline

API = "/solar_api/v1"
FLOW = f"{API}/GetPowerFlowRealtimeData.fcgi"
OTHERS = MappingProxyType(
    {
        "meters": f"{API}/GetMeterRealtimeData.cgi?Scope=System",
        "inverters": f"{API}/GetInverterInfo.cgi",
    }
)
STORAGE = f"{API}/GetStorageRealtimeData.cgi?Scope=System"


class Fronius(HttpAdapter):
    """Solar, battery, grid and load of one site. Nothing is asked twice: the Datamanager is slow."""

    vendor_type = "fronius"
    title = "Fronius inverter (Solar API)"
    measures: ClassVar[Mapping[str, Measure]] = MappingProxyType(
        {
            "solar_w": Measure("W"),
            "load_w": Measure("W", positive="production"),
            "battery_w": Measure("W", positive="discharge"),
            "grid_w": Measure("W", positive="import"),
            "battery_soc_pct": Measure("%"),
            "solar_kwh_total": Measure("Wh"),
            "load_kwh_total": Measure("Wh"),
            "grid_in_kwh_total": Measure("Wh"),
            "grid_out_kwh_total": Measure("Wh"),
            "fault_code": Measure("code"),
        }
    )

    def ask(self, deadline: Deadline) -> Raw:
        """The power flow, and what else the device has. A part that it does not know is left out."""
        found: dict[str, Any] = {"flow": self.get_json(FLOW, deadline)}
        for name, path in OTHERS.items():
            found |= self._optional(name, path, deadline)
        if _has_battery(found["flow"]):
            found |= self._optional("storage", STORAGE, deadline)
        return found

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """See ``parse.sample_of``."""
        return sample_of(raw)

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """See ``parse.info_of``."""
        return info_of(raw)

    def _optional(self, name: str, path: str, deadline: Deadline) -> dict[str, Any]:
        try:
            return {name: self.get_json(path, deadline)}
        except LiveOneError:
            return {}


def _has_battery(flow: Any) -> bool:
    try:
        return quantity(flow["Body"]["Data"]["Site"]["P_Akku"]) is not None
    except (KeyError, TypeError):
        return False

"""A Fronius inverter, or several behind one Datamanager, asked by the Solar API."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from liveone.domain.system import SystemInfo
from liveone.errors import LiveOneError
from liveone.vendors.adapter import HttpAdapter, Raw
from liveone.vendors.followed import EVERY, FollowedAdapter
from liveone.vendors.fronius.parse import has_battery, info_of, sample_of
from liveone.vendors.measures import DeviceSample, Measure
from liveone.vendors.parameters import Settings, VendorParameter
from timed_http.deadline import Deadline

API = "/solar_api/v1"
FLOW = f"{API}/GetPowerFlowRealtimeData.fcgi"
OTHERS = MappingProxyType(
    {
        "meters": f"{API}/GetMeterRealtimeData.cgi?Scope=System",
        "inverters": f"{API}/GetInverterInfo.cgi",
    }
)
NOT_FOUND = 404
STORAGE = f"{API}/GetStorageRealtimeData.cgi?Scope=System"
REALTIME = f"{API}/GetInverterRealtimeData.cgi?Scope=System"
"""What Dataloggers answer that are older than the power flow."""


class Fronius(FollowedAdapter, HttpAdapter):
    """Solar, battery, grid and load of one site. Nothing is asked twice: the Datamanager is slow."""

    vendor_type = "fronius"
    title = "Fronius inverter (Solar API)"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (*HttpAdapter.parameters, EVERY)
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
        found = self._flow(deadline)
        for name, path in OTHERS.items():
            found |= self._optional(name, path, deadline)
        if has_battery(found.get("flow")):
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

    def _flow(self, deadline: Deadline) -> dict[str, Any]:
        """The power flow, or what an older device has in its place."""
        answer = self.http.request("GET", FLOW, deadline=deadline, headers=self.headers())
        if answer.status == NOT_FOUND:
            return {"realtime": self.get_json(REALTIME, deadline)}
        return {"flow": self.json_of(self.accepted(answer, FLOW), FLOW)}

    def _optional(self, name: str, path: str, deadline: Deadline) -> dict[str, Any]:
        try:
            return {name: self.get_json(path, deadline)}
        except LiveOneError:
            return {}

"""A HomeWizard meter. Its owner switches the local API on in the app; there is no password."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from liveone.domain.system import SystemInfo
from liveone.vendors.adapter import METER_PARAMETERS, HttpAdapter, Raw
from liveone.vendors.homewizard.parse import info_of, sample_of
from liveone.vendors.measures import DeviceSample, Measure
from liveone.vendors.parameters import Settings, VendorParameter


class HomeWizard(HttpAdapter):
    """A meter at the grid, or at whatever its owner hung it to; a socket measures a load."""

    vendor_type = "homewizard"
    title = "HomeWizard P1 meter, kWh meter or socket"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (*HttpAdapter.parameters, *METER_PARAMETERS)
    measures: ClassVar[Mapping[str, Measure]] = MappingProxyType(
        {
            "meter_w": Measure("W", positive="forward"),
            "meter_in_kwh_total": Measure("kWh"),
            "meter_out_kwh_total": Measure("kWh"),
        }
    )
    pages: ClassVar[Mapping[str, str]] = MappingProxyType({"device": "/api", "data": "/api/v1/data"})

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """See ``parse.sample_of``."""
        return sample_of(raw)

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """See ``parse.info_of``."""
        return info_of(raw)

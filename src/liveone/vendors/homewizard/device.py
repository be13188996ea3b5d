"""A HomeWizard meter. Its owner switches the local API on in the app; there is no password. Version 2 of that
API is spoken where a token is set, which is made with a press on the device's button."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from liveone.domain.system import SystemInfo
from liveone.vendors.adapter import METER_PARAMETERS, HttpAdapter, Raw
from liveone.vendors.followed import EVERY, FollowedAdapter
from liveone.vendors.homewizard.parse import CHARGE, info_of, sample_of
from liveone.vendors.measures import DeviceSample, Measure
from liveone.vendors.parameters import Settings, VendorParameter
from timed_http.deadline import Deadline


class HomeWizard(FollowedAdapter, HttpAdapter):
    """A meter at the grid, or at whatever its owner hung it to; a socket measures a load."""

    vendor_type = "homewizard"
    title = "HomeWizard P1 meter, kWh meter or socket"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (
        *HttpAdapter.parameters,
        VendorParameter(
            "token", "Token", secret=True,
            help="For version 2 of its API, by https; a plug-in battery has no other. None for version 1.",
        ),
        *METER_PARAMETERS,
        EVERY,
    )  # fmt: skip
    measures: ClassVar[Mapping[str, Measure]] = MappingProxyType(
        {
            "meter_w": Measure("W", positive="forward"),
            "meter_in_kwh_total": Measure("kWh"),
            "meter_out_kwh_total": Measure("kWh"),
            CHARGE: Measure("%"),
        }
    )

    def ask(self, deadline: Deadline) -> Raw:
        """The device and its data, in the version that it answers in."""
        device = self.get_json("/api", deadline)
        version = str(device.get("api_version", "")) if isinstance(device, Mapping) else ""
        data = "/api/measurement" if version.startswith("2") else "/api/v1/data"
        return {"device": device, "data": self.get_json(data, deadline)}

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The token and the version that it is for, where there is one."""
        token = self.settings.get("token")
        return () if token is None else (("authorization", f"Bearer {token}"), ("x-api-version", "2"))

    @classmethod
    def fields(cls, settings: Settings) -> frozenset[str]:
        """A battery alone has a state of charge."""
        found = super().fields(settings)
        return found if settings.get("measures") == "battery" else found - {CHARGE}

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """See ``parse.sample_of``."""
        return sample_of(raw)

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """See ``parse.info_of``."""
        return info_of(raw)

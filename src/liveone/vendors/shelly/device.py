"""A Shelly meter on the local network."""

from base64 import b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from liveone.domain.system import SystemInfo
from liveone.vendors.adapter import METER_PARAMETERS, HttpAdapter, Raw
from liveone.vendors.digest import challenge_of, digest_header
from liveone.vendors.followed import EVERY, FollowedAdapter
from liveone.vendors.http import HttpResponse
from liveone.vendors.measures import DeviceSample, Measure
from liveone.vendors.parameters import Settings, VendorParameter
from liveone.vendors.shelly.parse import ALL, info_of, sample_of
from timed_http.deadline import Deadline

USER = "admin"


class ShellyMeter(FollowedAdapter, HttpAdapter):
    """All channels of a meter as one, or one of them. Its generation is found by asking."""

    vendor_type = "shelly"
    title = "Shelly energy meter"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (
        *HttpAdapter.parameters,
        VendorParameter("password", "Password", secret=True, help="Only if access is restricted."),
        VendorParameter("user", "User name", default=USER, help=f"{USER} from the second generation on."),
        VendorParameter(
            "channel", "Channel", "choice", choices=(ALL, "1", "2", "3", "4"), default=ALL,
            help="One channel where the clamps measure different things.",
        ),
        *METER_PARAMETERS,
        EVERY,
    )  # fmt: skip
    measures: ClassVar[Mapping[str, Measure]] = MappingProxyType(
        {
            "meter_w": Measure("W", positive="forward"),
            "meter_in_kwh_total": Measure("Wh"),
            "meter_out_kwh_total": Measure("Wh"),
        }
    )

    def ask(self, deadline: Deadline) -> Raw:
        """``/shelly``, which every generation answers to anybody, then its status."""
        device = self.get_json("/shelly", deadline)
        later = isinstance(device, Mapping) and "gen" in device
        status = self.get_json("/rpc/Shelly.GetStatus" if later else "/status", deadline)
        return {"device": device, "status": status}

    def get(self, path: str, deadline: Deadline) -> HttpResponse:
        """By digest or basic authentication, where the device asks for it and a password is known."""
        answer = self.http.request("GET", path, deadline=deadline)
        password = self.settings.get("password")
        if answer.status == 401 and password is not None:
            sent = (("authorization", self._credential(answer, str(password), path)),)
            answer = self.http.request("GET", path, deadline=deadline, headers=sent)
        return self.accepted(answer, path)

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """See ``parse.sample_of``."""
        return sample_of(raw, str(settings.get("channel", ALL)))

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """See ``parse.info_of``."""
        return info_of(raw)

    def _credential(self, answer: HttpResponse, password: str, path: str) -> str:
        user = str(self.settings["user"])
        challenge = challenge_of(answer.header("www-authenticate"))
        if challenge is not None:
            return digest_header(challenge, user=user, password=password, method="GET", path=path)
        return "Basic " + b64encode(f"{user}:{password}".encode()).decode()

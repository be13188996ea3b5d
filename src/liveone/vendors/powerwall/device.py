"""A Powerwall gateway. Its owner's password is that of the customer log-in, as on the label or as he
changed it."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from liveone.clock import SystemClock
from liveone.domain.system import SystemInfo
from liveone.vendors.adapter import HttpAdapter, Raw
from liveone.vendors.base import CredentialsRefused, ProtocolViolation, VendorAccount
from liveone.vendors.http import HttpResponse
from liveone.vendors.measures import DeviceSample, Measure
from liveone.vendors.parameters import Settings, VendorParameter
from liveone.vendors.powerwall.parse import info_of, sample_of
from timed_http.deadline import Deadline

LOGIN = "/api/login/Basic"
METERS = "/api/meters/aggregates"
OTHERS = MappingProxyType(
    {
        "charge": "/api/system_status/soe",
        "system": "/api/system_status",
        "site": "/api/site_info",
        "status": "/api/status",
    }
)
REFUSED_S = 15 * 60.0
"""A refused password is not sent again for so long: the gateway locks up after a few."""

_MONOTONIC_S = SystemClock().monotonic_s


class Powerwall(HttpAdapter):
    """Solar, battery, grid and load of the house."""

    vendor_type = "powerwall"
    title = "Tesla Powerwall"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (
        *HttpAdapter.parameters,
        VendorParameter("password", "Password", secret=True, help="That of the gateway's customer log-in."),
        VendorParameter("email", "E-mail address", help="Only if the gateway asks for it; any will do."),
    )
    measures: ClassVar[Mapping[str, Measure]] = MappingProxyType(
        {
            "solar_w": Measure("W"),
            "load_w": Measure("W"),
            "battery_w": Measure("W", positive="discharge"),
            "grid_w": Measure("W", positive="import"),
            "battery_soc_pct": Measure("%"),
            "solar_kwh_total": Measure("Wh"),
            "load_kwh_total": Measure("Wh"),
            "battery_in_kwh_total": Measure("Wh"),
            "battery_out_kwh_total": Measure("Wh"),
            "grid_in_kwh_total": Measure("Wh"),
            "grid_out_kwh_total": Measure("Wh"),
        }
    )

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        self._session: str | None = None
        self._refused_at_s = float("-inf")

    def ask(self, deadline: Deadline) -> Raw:
        """The meters, and what else the gateway tells."""
        found: dict[str, Any] = {"meters": self.get_json(METERS, deadline)}
        for name, path in OTHERS.items():
            try:
                found[name] = self.get_json(path, deadline)
            except (ProtocolViolation, CredentialsRefused):
                found[name] = None
        return found

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The cookies of the session, where there is one."""
        return () if self._session is None else (("cookie", self._session),)

    def get(self, path: str, deadline: Deadline) -> HttpResponse:
        """Logged in, where a password is known; once more after a fresh log-in where the session has
        ended."""
        password = self.settings.get("password")
        if password is None:
            return super().get(path, deadline)
        is_fresh = self._session is None
        if is_fresh:
            self._session = self._log_in(str(password), deadline)
        try:
            return super().get(path, deadline)
        except CredentialsRefused:
            if is_fresh:
                raise
            self._session = self._log_in(str(password), deadline)
            return super().get(path, deadline)

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """See ``parse.sample_of``."""
        return sample_of(raw)

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """See ``parse.info_of``."""
        return info_of(raw)

    def _log_in(self, password: str, deadline: Deadline) -> str:
        if _MONOTONIC_S() - self._refused_at_s < REFUSED_S:
            raise self._refusal(" (not tried again yet)")
        sent = {
            "username": "customer",
            "email": str(self.settings.get("email", "")),
            "password": password,
            "force_sm_off": False,
        }
        answer = self.http.request(
            "POST",
            LOGIN,
            deadline=deadline,
            headers=(("content-type", "application/json"),),
            body=json.dumps(sent).encode(),
        )
        if answer.status in (401, 403):
            self._refused_at_s = _MONOTONIC_S()
            raise self._refusal()
        cookies = [header.partition(";")[0].strip() for header in answer.headers_named("set-cookie")]
        if answer.status != 200 or not cookies:
            raise self.violation(f"answered the log-in with {answer.status} and no session", answer)
        return "; ".join(cookies)

    def _refusal(self, more: str = "") -> CredentialsRefused:
        return CredentialsRefused(
            f"{self.http.host} refused the password of its customer{more}",
            hint="It is on the gateway's label (often the last five characters), unless it was changed.",
        )

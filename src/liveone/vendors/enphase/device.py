"""An Envoy on the local network. Which pages it is asked for depends on its firmware and its meters."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from liveone.domain.system import SystemInfo
from liveone.errors import ConfigError
from liveone.vendors.adapter import HttpAdapter, Raw
from liveone.vendors.base import CredentialsRefused, ProtocolViolation, VendorAccount
from liveone.vendors.enphase.parse import enabled_meters, firmware_of, info_of, sample_of, told
from liveone.vendors.enphase.token import EnvoyToken
from liveone.vendors.http import HttpResponse
from liveone.vendors.measures import DeviceSample, Measure
from liveone.vendors.parameters import Settings, VendorParameter
from timed_http.deadline import Deadline

TOKENS_SINCE = 7
"""The firmware from which on a token is asked for."""

INFO = "/info"
METERS, READINGS = "/ivp/meters", "/ivp/meters/readings"
POWER, SECCTRL = "/ivp/ensemble/power", "/ivp/ensemble/secctrl"
PRODUCTION, LEGACY, PAGE = "/production.json", "/api/v1/production", "/production"


class Envoy(HttpAdapter):
    """Solar, and as far as there are meters and batteries the grid, the load and the battery."""

    vendor_type = "enphase"
    title = "Enphase Envoy (IQ Gateway)"
    parameters: ClassVar[tuple[VendorParameter, ...]] = (
        *HttpAdapter.parameters,
        VendorParameter(
            "token", "Token", secret=True,
            help="From firmware 7 on, made at entrez.enphaseenergy.com. Or e-mail and password.",
        ),
        VendorParameter("email", "E-mail address", help="That of your Enphase account."),
        VendorParameter("password", "Password", secret=True, help="That of your Enphase account."),
    )  # fmt: skip
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
        self._given = self.settings.get("token")
        email, password = self.settings.get("email"), self.settings.get("password")
        if email and password is None and self._given is None:
            raise ConfigError("enphase: the password of the account is missing", hint="Or set a token.")
        self._tokens = None if email is None or password is None else self.tokens(str(email), str(password))
        self._bearer: str | None = None

    def tokens(self, email: str, password: str) -> EnvoyToken:
        """What fetches tokens from Enphase."""
        return EnvoyToken(email, password)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The token, to a gateway that wants one."""
        return () if self._bearer is None else (("authorization", f"Bearer {self._bearer}"),)

    def ask(self, deadline: Deadline) -> Raw:
        """The meters where it has them, else what it knows of its inverters; and the batteries."""
        info = self._info(deadline)
        if firmware_of(info) >= TOKENS_SINCE:
            self._bearer = self._token(told(info).get("sn", ""), deadline)
        found: dict[str, Any] = {"info": info, "meters": self._page(METERS, deadline)}
        if enabled_meters(found["meters"]):
            found["readings"] = self.get_json(READINGS, deadline)
        found["power"], found["secctrl"] = self._page(POWER, deadline), self._page(SECCTRL, deadline)
        has_meter = "production" in enabled_meters(found["meters"])
        if not has_meter or _has_acb(found["secctrl"]):
            found["production"] = self._page(PRODUCTION, deadline)
        if not has_meter:
            found["legacy"] = self._page(LEGACY, deadline)
            if found["production"] is None and not found["legacy"]:
                found["page"] = self.get(PAGE, deadline).text
        return found

    def get(self, path: str, deadline: Deadline) -> HttpResponse:
        """With the token; where it is refused, once more with a fresh one, if such can be fetched."""
        try:
            return super().get(path, deadline)
        except CredentialsRefused:
            if self._bearer is None or self._tokens is None or self._given is not None:
                raise
            serial = told(self._info(deadline)).get("sn", "")
            self._bearer = self._tokens.of(serial, deadline, instead_of=self._bearer)
            return super().get(path, deadline)

    @classmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """See ``parse.sample_of``."""
        return sample_of(raw)

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """See ``parse.info_of``."""
        return info_of(raw)

    def close(self) -> None:
        """Release connections."""
        super().close()
        if self._tokens is not None:
            self._tokens.close()

    def _info(self, deadline: Deadline) -> str:
        """``/info``, which any Envoy tells to anybody."""
        answer = super().get(INFO, deadline)
        try:
            firmware_of(answer.text)
        except ValueError:
            raise self.violation(f"answered {INFO} without a firmware", answer) from None
        return answer.text

    def _token(self, serial: str, deadline: Deadline) -> str:
        if self._given is not None:
            return str(self._given)
        if self._tokens is None:
            raise CredentialsRefused(
                f"{self.http.host} has firmware {TOKENS_SINCE} or newer, which asks for a token",
                hint="Make one at entrez.enphaseenergy.com and set it, or e-mail and password.",
            )
        return self._tokens.of(serial, deadline)

    def _page(self, path: str, deadline: Deadline) -> Any:
        """The JSON of a page that not every gateway has; None where it has not. An old one, which knows no
        tokens, refuses some to everybody."""
        try:
            return self.get_json(path, deadline)
        except CredentialsRefused:
            if self._bearer is not None and path in (METERS, PRODUCTION):
                raise
        except ProtocolViolation:
            pass
        return None


def _has_acb(secctrl: Any) -> bool:
    return isinstance(secctrl, Mapping) and bool(secctrl.get("ACB_agg_energy"))

"""The select.live box on the LAN: no log-in, a certificate of its own making, the same items.

``GET /cgi-bin/solarmonweb/devices`` lists the devices, ``/devices/{id}`` tells firmware and serial,
``/devices/{id}/point`` is the newest sample. The site is the device's id of 32 hex digits.
"""

import json
import re
from collections.abc import Iterator

from liveone.domain.sources import Role
from liveone.domain.system import SystemInfo
from liveone.errors import ConfigError
from liveone.vendors import checks
from liveone.vendors.address import checked_url
from liveone.vendors.base import (
    CheckStep,
    Memory,
    Poll,
    ProtocolViolation,
    Site,
    SiteNotFound,
    VendorAccount,
)
from liveone.vendors.http import Http, HttpResponse
from liveone.vendors.parameters import Settings, VendorParameter
from liveone.vendors.redact import redact_text
from liveone.vendors.retry import with_retries
from liveone.vendors.selectlive.pages import device_ids, device_info, device_name
from liveone.vendors.selectlive.parse import FIELDS, GIVES, parse_object, parse_poll
from timed_http.deadline import Deadline

DEVICES = "/cgi-bin/solarmonweb/devices"
_DEVICE = re.compile(r"[0-9a-fA-F]{32}")


class SelectLiveLan:
    """One box. Its certificate is checked only if ``verify_tls`` is set to true."""

    vendor_type = "select.live-lan"
    title = "Selectronic SP PRO by the select.live box on your network"
    parameters = (
        VendorParameter(
            "url", "Address of the box", "url", required=True, help="Such as https://192.168.1.20."
        ),
        VendorParameter(
            "verify_tls", "Check its certificate", "switch", default=False, help="It makes its own."
        ),
    )
    needs_site = True

    @classmethod
    def fields(cls, settings: Settings) -> frozenset[str]:
        """Everything that a reading holds."""
        return FIELDS

    @classmethod
    def roles(cls, settings: Settings) -> tuple[Role, ...]:
        """The whole house; what comes in at the AC source counts as the grid's."""
        return GIVES

    def __init__(self, account: VendorAccount) -> None:
        if not account.url:
            raise ConfigError(
                "select.live-lan needs the url of the box",
                hint="Such as https://192.168.1.20, its address on the LAN.",
            )
        checks.check_settings(account)
        self._account = account
        url = checked_url(account.url, carries_password=False)
        self._http = Http(url, verify_tls=account.verify_tls is True)

    def __repr__(self) -> str:
        return f"SelectLiveLan({self._http.host})"

    def poll(self, vendor_site_id: str, *, memory: Memory, now_at: float) -> Poll:
        """The newest sample of a device; the box takes one every five seconds."""
        body = self._get(f"{DEVICES}/{_checked(vendor_site_id)}/point", site=vendor_site_id).body
        choice = self._account.grid_sign.get(vendor_site_id, "auto")
        return parse_poll(body, memory=memory, grid_sign=choice, now_at=now_at)

    def discover(self) -> list[Site]:
        """The devices of the box, usually one."""
        return [
            Site(self.vendor_type, device_id, device_name(self._device(device_id), device_id))
            for device_id in self._ids()
        ]

    def describe(self, vendor_site_id: str) -> SystemInfo:
        """Model and serial, where the box tells them."""
        return device_info(self._device(_checked(vendor_site_id)))

    def check(self, vendor_site_id: str, *, now_at: float) -> Iterator[CheckStep]:
        """Reached, site found, reading sane, signs plausible."""
        polls: list[Poll] = []
        yield from checks.run(
            ("reached", self._reach),
            ("site found", lambda: self._find(vendor_site_id, now_at, polls)),
            ("reading sane", lambda: checks.sane(polls[0], now_at)),
            ("signs plausible", lambda: checks.plausible(polls[0], self._account, vendor_site_id)),
            polls=polls,
        )

    def close(self) -> None:
        """Release connections."""
        self._http.close()

    def _get(self, path: str, *, site: str | None = None) -> HttpResponse:
        def attempt(deadline: Deadline) -> HttpResponse:
            return self._http.request("GET", path, deadline=deadline)

        answer = with_retries(attempt, timeout_s=self._account.timeout_s, pause=self._http.pause)
        if answer.status == 200:
            return answer
        if site is not None and answer.status in (400, 404, 410):
            raise SiteNotFound(
                f"the box at {self._http.host} has no device {site} ({answer.status})",
                hint="`liveone systems discover` lists its devices.",
            )
        raw = redact_text(answer.text)
        raise ProtocolViolation(
            f"{self._http.host} answered {path} with {answer.status}",
            hint=f"Is this a select.live box? It began: {raw or '(empty)'}",
            raw=raw,
        )

    def _ids(self) -> list[str]:
        answer = self._get(DEVICES)
        try:
            return device_ids(json.loads(answer.body))
        except (ValueError, RecursionError):
            raw = redact_text(answer.text)
            raise ProtocolViolation(
                f"{self._http.host} sent no list of devices",
                hint=f"Is this a select.live box? It began: {raw or '(empty)'}",
                raw=raw,
            ) from None

    def _device(self, device_id: str) -> dict[str, object]:
        return parse_object(self._get(f"{DEVICES}/{device_id}", site=device_id).body)

    def _reach(self) -> str:
        return f"{self._http.host} answers; it has {len(self._ids())} device(s)"

    def _find(self, vendor_site_id: str, now_at: float, polls: list[Poll]) -> str:
        try:
            polls.append(self.poll(vendor_site_id, memory={}, now_at=now_at))
        except SiteNotFound as error:
            raise SiteNotFound(
                error.args[0], hint=f"The box has: {', '.join(self._ids()) or 'none'}."
            ) from None
        return f"device {vendor_site_id} sent a sample with {len(polls[0].raw['items'])} values"


def _checked(vendor_site_id: str) -> str:
    if not _DEVICE.fullmatch(vendor_site_id):
        raise SiteNotFound(
            f"{redact_text(vendor_site_id, longest=70)!r} cannot be a device of a select.live box",
            hint="Its id is 32 hex digits; `liveone systems discover` shows it.",
        )
    return vendor_site_id

"""The select.live portal: one account, shared by all its systems and by all threads that poll them.

Every call ends within the account's ``timeout_s`` (``check``: each of its steps) and raises only
VendorError. ``discover`` and ``describe`` rest on one client's evidence and so expect little.
"""

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
    VendorError,
)
from liveone.vendors.http import Http, HttpResponse
from liveone.vendors.parameters import Settings, VendorParameter
from liveone.vendors.redact import redact_text
from liveone.vendors.retry import with_retries
from liveone.vendors.selectlive.pages import sites_of, system_info
from liveone.vendors.selectlive.parse import FIELDS, GIVES, parse_object, parse_poll
from liveone.vendors.selectlive.session import PortalSession
from timed_http.deadline import Deadline

PORTAL_URL = "https://select.live"
LISTS = ("/systems/list/owner", "/systems/list/installer")
_SITE = re.compile(r"[A-Za-z0-9_-]{1,64}")


class SelectLive:
    """One account at the portal."""

    vendor_type = "select.live"
    title = "Selectronic SP PRO by the select.live portal"
    parameters = (
        VendorParameter("email", "E-mail address", required=True, help="That of your account at the portal."),
        VendorParameter(
            "password", "Password", secret=True, required=True, help="That of your account at the portal."
        ),
        VendorParameter("url", "Address of the portal", "url", help=f"Only if it is not {PORTAL_URL}."),
        VendorParameter("verify_tls", "Check its certificate", "switch", default=True),
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
        if not account.email or not account.password:
            raise ConfigError(
                "select.live needs an e-mail address and a password",
                hint="They are those of the portal. Give the password in the environment or a 0600 file.",
            )
        checks.check_settings(account)
        self._account = account
        url = checked_url(account.url or PORTAL_URL, carries_password=True)
        self._http = Http(url, verify_tls=account.verify_tls is not False)
        self._session = PortalSession(self._http, account.email, account.password)

    def __repr__(self) -> str:
        return f"SelectLive({self._http.host})"

    def poll(self, vendor_site_id: str, *, memory: Memory, now_at: float) -> Poll:
        """The newest sample of a site; the portal may give the same one twice."""
        answer = self._get(f"/dashboard/hfdata/{_checked(vendor_site_id)}", site=vendor_site_id)
        return parse_poll(
            answer.body,
            memory=memory,
            grid_sign=self._account.grid_sign.get(vendor_site_id, "auto"),
            now_at=now_at,
            secrets=self._session.secrets,
        )

    def discover(self) -> list[Site]:
        """The sites this account owns or installed, each once.

        One list may fail as long as the other answers (an owner need not be an installer).
        """
        found: dict[str, Site] = {}
        failures: list[VendorError] = []
        for path in LISTS:
            try:
                answer = parse_object(self._get(path).body, secrets=self._session.secrets)
                found |= {site.vendor_site_id: site for site in sites_of(answer, self.vendor_type)}
            except (SiteNotFound, ProtocolViolation) as error:
                failures.append(error)
        if len(failures) == len(LISTS):
            raise failures[0]
        return list(found.values())

    def describe(self, vendor_site_id: str) -> SystemInfo:
        """Model, serial, ratings and sizes as the portal's system page shows them; None where it does not."""
        path = f"/dashboard/{_checked(vendor_site_id)}"
        return system_info(self._get(path, site=vendor_site_id, json=False).text)

    def check(self, vendor_site_id: str, *, now_at: float) -> Iterator[CheckStep]:
        """Reached, logged in, site found, reading sane, signs plausible."""
        deadline = self._account.timeout_s
        polls: list[Poll] = []
        yield from checks.run(
            ("reached", lambda: self._reach(Deadline(deadline))),
            ("logged in", lambda: self._log_in(Deadline(deadline))),
            ("site found", lambda: self._find(vendor_site_id, now_at, polls)),
            ("reading sane", lambda: checks.sane(polls[0], now_at)),
            ("signs plausible", lambda: checks.plausible(polls[0], self._account, vendor_site_id)),
            polls=polls,
        )

    def close(self) -> None:
        """Release connections."""
        self._http.close()

    def _get(self, path: str, *, site: str | None = None, json: bool = True) -> HttpResponse:
        def attempt(deadline: Deadline) -> HttpResponse:
            return self._session.get(path, deadline=deadline, json=json)

        answer = with_retries(attempt, timeout_s=self._account.timeout_s, pause=self._http.pause)
        if answer.status != 200:
            raise self._refused(answer, path, site)
        return answer

    def _refused(self, answer: HttpResponse, path: str, site: str | None) -> VendorError:
        if site is not None and answer.status in (400, 403, 404, 410):
            return SiteNotFound(
                f"this account does not see site {site} at {self._http.host} ({answer.status})",
                hint="`liveone systems discover` lists the sites it does see.",
            )
        raw = redact_text(answer.text, self._session.secrets)
        return ProtocolViolation(
            f"{self._http.host} answered {path} with {answer.status}",
            hint=f"It began: {raw or '(empty)'}",
            raw=raw,
        )

    def _reach(self, deadline: Deadline) -> str:
        answer = self._http.request("GET", "/login", deadline=deadline)
        return f"{self._http.host} answers ({answer.status})"

    def _log_in(self, deadline: Deadline) -> str:
        self._session.log_in_afresh(deadline)
        return "the portal accepted the e-mail address and password"

    def _find(self, vendor_site_id: str, now_at: float, polls: list[Poll]) -> str:
        try:
            polls.append(self.poll(vendor_site_id, memory={}, now_at=now_at))
        except SiteNotFound as error:
            raise SiteNotFound(error.args[0], hint=self._seen_instead()) from None
        return f"site {vendor_site_id} sent a sample with {len(polls[0].raw['items'])} values"

    def _seen_instead(self) -> str:
        try:
            sites = self.discover()
        except VendorError as error:
            return f"The list of this account's sites could not be read either: {error.args[0]}."
        seen = ", ".join(
            f"{site.vendor_site_id} ({redact_text(site.name, longest=40)})" for site in sites[:20]
        )
        return f"This account sees: {seen}." if seen else "This account sees no site at all."


def _checked(vendor_site_id: str) -> str:
    if not _SITE.fullmatch(vendor_site_id):
        raise SiteNotFound(
            f"{redact_text(vendor_site_id, longest=70)!r} cannot be a site of select.live",
            hint="A site is the number in the address of its dashboard, such as 1586.",
        )
    return vendor_site_id

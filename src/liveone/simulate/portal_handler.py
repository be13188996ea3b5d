"""The portal without its sockets: from a request to an answer, as select.live and its LAN box give them.

Faults strike after the right answer is known: first those that change the sample, then those that change
how it is answered. Everything about data is written to the log before it is answered.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs

from liveone.domain.system import SystemInfo
from liveone.simulate import pages
from liveone.simulate.accounts import COOKIE, PortalAccount, Sessions
from liveone.simulate.answers import (
    PortalRequest,
    PortalResponse,
    error_answer,
    json_answer,
    misanswer,
    page_answer,
    redirect,
)
from liveone.simulate.faults import PAYLOAD_KINDS, FaultBook
from liveone.simulate.hiccup import MINUTE, Hiccup
from liveone.simulate.house import House
from liveone.simulate.log import ServedLog
from liveone.simulate.mangle import SiteMemory, mangle
from liveone.simulate.payload import DEVICE_NAME, Items, envelope, vendor_items
from liveone.simulate.sample import SampleSource

LAN = "/cgi-bin/solarmonweb/devices"
LAN_POLL_S = 5
METERS = "/meters/"
LAN_FIRMWARE = "2.9.6"


@dataclass(frozen=True, slots=True)
class PortalSite:
    """A site: its number, what measures there, and what the vendor's pages say of it.

    ``incoming_sign`` is the sign of ``grid_w`` on the wire while power comes in (-1 is what was recorded).
    """

    number: str
    source: SampleSource
    name: str = "House"
    info: SystemInfo = field(default_factory=SystemInfo)
    latitude: float = 0.0
    longitude: float = 0.0
    incoming_sign: int = -1

    @property
    def device_id(self) -> str:
        """The 32 hex digits by which the LAN box knows it."""
        return hashlib.md5(self.number.encode(), usedforsecurity=False).hexdigest()


class PortalHandler:
    """Answers requests. Safe to use from many threads."""

    def __init__(
        self,
        sites: dict[str, PortalSite],
        *,
        sessions: Sessions,
        faults: FaultBook,
        log: ServedLog,
        hiccup: Hiccup | None,
        now: Callable[[], float],
    ) -> None:
        self._sites, self._sessions, self._faults, self._log = sites, sessions, faults, log
        self._hiccup, self._now, self._lock = hiccup, now, threading.Lock()
        self._memories = {number: SiteMemory() for number in sites}
        self._devices = {site.device_id: site for site in sites.values()}
        self.counts: Counter[str] = Counter()
        """How often was asked for what: ``data``, ``login``, ``login refused``, ``list`` ..."""

    def answer(self, request: PortalRequest) -> PortalResponse:
        """The answer to any request; never raises."""
        path = request.path.rstrip("/")
        if path.startswith(LAN):
            return self._lan(path.removeprefix(LAN).strip("/"))
        if path.startswith(METERS):
            return self._meters(path.removeprefix(METERS))
        if path == "/login":
            return self._login(request)
        account = self._sessions.account_of(request.cookie, self._now())
        if account is None:
            self._count("without session")
            return redirect("/login")
        return self._cloud(path, account)

    def _cloud(self, path: str, account: PortalAccount) -> PortalResponse:
        head, _, last = path.rpartition("/")
        if head == "/dashboard/hfdata":
            return (
                self._data(last, "cloud")
                if account.sees(last) and last in self._sites
                else self._unknown(last)
            )
        if head == "/dashboard" and account.sees(last) and last in self._sites:
            site = self._sites[last]
            return self._struck("page", last, page_answer(pages.system_page(site.name, site.info)))
        if head == "/systems/list" and last in ("owner", "installer"):
            numbers = account.owner if last == "owner" else account.installer
            return self._struck("list", None, json_answer({"systems": [self._listed(n) for n in numbers]}))
        if path in ("", "/systems"):
            seen = [
                (n, self._sites[n].name) for n in (*account.owner, *account.installer) if n in self._sites
            ]
            return self._struck("page", None, page_answer(pages.systems_page(seen)))
        return self._unknown(last)

    def _login(self, request: PortalRequest) -> PortalResponse:
        if request.method != "POST":
            return self._struck("login", None, page_answer(pages.login_page()))
        form = parse_qs(request.body.decode("utf-8", "replace"))
        email, password = form.get("email", [""])[0], form.get("pwd", [""])[0]
        value = self._sessions.log_in(email, password, self._now())
        if value is None:
            self._count("login refused")
            return self._struck("login", None, page_answer(pages.login_page(pages.REFUSED)), counted=False)
        return self._struck(
            "login", None, redirect("/systems", f"{COOKIE}={value}; path=/; HttpOnly; SameSite=Lax")
        )

    def _lan(self, rest: str) -> PortalResponse:
        if not rest:
            return self._struck(
                "devices", None, json_answer([{"id": device_id} for device_id in self._devices])
            )
        device_id, _, what = rest.partition("/")
        site = self._devices.get(device_id)
        if site is None or what not in ("", "point"):
            return self._unknown(device_id)
        if what == "point":
            return self._data(site.number, "lan")
        device = {
            "id": device_id,
            "name": DEVICE_NAME,
            "firmware": LAN_FIRMWARE,
            "serial": site.info.serial or site.number,
            "poll": LAN_POLL_S,
        }
        return self._struck("devices", site.number, json_answer(device))

    def _meters(self, number: str) -> PortalResponse:
        """What hangs on meters of its own: no part of the vendor's portal, and open to anybody."""
        site = self._sites.get(number)
        if site is None or not isinstance(site.source, House):
            return self._unknown(number)
        self._count("meters")
        return json_answer(site.source.devices(self._now()))

    def _data(self, number: str, face: str) -> PortalResponse:
        self._count("data")
        now_at = self._now()
        trouble = self._hiccup.failure_at(now_at) if self._hiccup and face == "cloud" else None
        measured_until = now_at // 3600 * 3600 + MINUTE * 60 if trouble == "stale" else now_at
        rules = self._faults.draw("data", number)
        changes = [rule for rule in rules if rule.kind in PAYLOAD_KINDS]
        with self._lock:
            items = mangle(self._items(number, measured_until), changes, self._memories[number])
        right = json_answer(envelope(items, now_at))
        answer = misanswer(error_answer(int(trouble[6:])) if trouble and trouble != "stale" else right, rules)
        served = items if answer.body == right.body and answer.whole else None
        entry = self._log.add(
            site=number,
            face=face,
            served_at=now_at,
            status=answer.status,
            faults=(*([f"hiccup:{trouble}"] if trouble else []), *(rule.name for rule in rules)),
            clean=bool(served) and all(rule.kind == "repeat" for rule in changes),
            values=served,
        )
        return replace(answer, entry=entry)

    def _items(self, number: str, at: float) -> Items:
        site = self._sites[number]
        sample = site.source.sample(at)
        return {} if sample is None else vendor_items(sample, incoming_sign=site.incoming_sign)

    def _listed(self, number: str) -> dict[str, object]:
        site = self._sites[number]
        last = self._items(number, self._now())
        shown = {name: last.get(name) for name in ("timestamp", "battery_soc", "load_w", "solarinverter_w")}
        did: int | str = int(number) if number.isdigit() else number
        return {"name": site.name, "did": did, "lat": site.latitude, "lng": site.longitude, "last": shown}

    def _struck(
        self, area: str, site: str | None, answer: PortalResponse, *, counted: bool = True
    ) -> PortalResponse:
        if counted:
            self._count(area)
        return misanswer(answer, self._faults.draw(area, site))

    def _unknown(self, what: str) -> PortalResponse:
        self._count("unknown")
        return error_answer(404)

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

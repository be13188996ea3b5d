"""A portal on loopback whose time the test drives, and a client that talks to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from liveone.simulate.hiccup import Hiccup
from liveone.simulate.portal import EMAIL, PASSWORD, Portal, PortalSite
from liveone.simulate.presets import house, system_info

NOON_AT = 1755309600


@dataclass
class Stage:
    """A portal with two sites, its time, and a logged-in client."""

    portal: Portal
    client: httpx2.Client
    times: list[float] = field(default_factory=list)

    def move_to(self, at: float) -> None:
        self.times[0] = at

    def move(self, seconds_s: float) -> None:
        self.times[0] += seconds_s

    def log_in(self) -> httpx2.Response:
        return self.client.post("/login", data={"email": EMAIL, "pwd": PASSWORD})

    def data(self, site: str = "1586") -> httpx2.Response:
        return self.client.get(f"/dashboard/hfdata/{site}")


def make_stage(log_path: Path | None = None, hiccup: Hiccup | None = None) -> Iterator[Stage]:
    times = [float(NOON_AT)]
    made = house(since_day="2025-08-14")
    sites = [
        PortalSite("1586", made, "Farm <1>", system_info(made.equipment, "230001"), -36.4, 146.7),
        PortalSite("648", made, "Other", incoming_sign=1),
    ]
    with (
        Portal(sites, now=lambda: times[0], hiccup=hiccup, log_path=log_path) as portal,
        httpx2.Client(base_url=portal.url, timeout=5.0) as client,
    ):
        stage = Stage(portal, client, times)
        stage.log_in()
        yield stage

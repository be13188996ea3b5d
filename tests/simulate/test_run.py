"""The portal from options: the process that ``liveone simulate`` is."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from liveone.errors import BadInput
from liveone.simulate.portal import EMAIL, PASSWORD
from liveone.simulate.run import PortalOptions, house_of, make_portal

NOON_AT = 1755309600
OPTIONS = PortalOptions(sites=3, presets=("off-grid", "grid"), since_day="2025-08-14", hiccup=False)
PROGRAM = """
from liveone.simulate.run import PortalOptions, run_portal
options = PortalOptions(hiccup=False, since_day="2026-01-01")
run_portal(options, ready=lambda portal: print(portal.url, flush=True))
"""


def items_at(options: PortalOptions, at: float, site: str = "1586") -> dict[str, float]:
    with make_portal(options, now=lambda: at) as portal, httpx2.Client(base_url=portal.url) as client:
        client.post("/login", data={"email": EMAIL, "pwd": PASSWORD})
        found: dict[str, float] = client.get(f"/dashboard/hfdata/{site}").json()["items"]
        return found


def test_a_restarted_portal_goes_on_where_the_last_one_stopped() -> None:
    assert items_at(OPTIONS, NOON_AT) == items_at(OPTIONS, NOON_AT)
    first, later = (items_at(OPTIONS, at) for at in (NOON_AT, NOON_AT + 86400))
    assert later["load_wh_total"] > first["load_wh_total"] > 0


def test_sites_differ_and_their_houses_can_be_had_for_history() -> None:
    first, third = (items_at(OPTIONS, NOON_AT, site) for site in ("1586", "1588"))
    assert first != third
    sample = house_of(OPTIONS, 2).sample(NOON_AT)
    assert sample.taken_at == third["timestamp"]
    assert sample.load_w == third["load_w"]


def test_a_hurried_house_keeps_plausible_times() -> None:
    hurried = replace(OPTIONS, sites=1, speed=60.0, start_at=NOON_AT)
    first, later = (items_at(hurried, NOON_AT + at)["timestamp"] for at in (10, 600))
    assert NOON_AT <= first <= NOON_AT + 10
    assert NOON_AT + 595 <= later <= NOON_AT + 600


def test_a_recording_is_replayed_from_now(shared_data: Path) -> None:
    options = PortalOptions(csv=shared_data / "selectlive_2025-08-16_18.csv", sites=2, hiccup=False)
    items = items_at(options, NOON_AT, "1587")
    assert items["timestamp"] == NOON_AT
    assert items["load_w"] == 2973
    assert items["solarinverter_w"] == 4419
    assert "load_wh_total" not in items


def test_it_serves_as_a_process_until_it_is_told_to_stop() -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as output:
        url = output.readline().strip()
        assert httpx2.get(f"{url}/login").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_options_that_make_no_sense_are_refused() -> None:
    for options in (
        replace(OPTIONS, sites=0),
        replace(OPTIONS, incoming_sign=2),
        replace(OPTIONS, presets=("castle",)),
        replace(OPTIONS, place=(91.0, 0.0)),
        replace(OPTIONS, faults=("hung",)),
        replace(OPTIONS, speed=-1.0),
        replace(OPTIONS, csv=Path("/nowhere.csv")),
        replace(OPTIONS, since_day="yesterday"),
        replace(OPTIONS, log=Path("/nowhere/log")),
    ):
        with pytest.raises(BadInput):
            make_portal(options, now=lambda: NOON_AT)

"""The first page in a real Chromium: values with their ages, live, honest when data are late or missing."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.web.support import OWNER, PASSWORD, SetClock, add, fill, house, later, services, serving

from liveone.domain.reading import Reading
from liveone.store import polling, readings, systems
from liveone.store.files import create
from liveone.store.readings import Recorded
from liveone.store.store import Store, open_store
from liveone.web.auth import AuthSettings

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DAY_S = 86_400
EVENING_S = 19 * 3600 + 12 * 60

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with this module: while it is open, its event loop counts as running in this thread."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CHROMIUM} is missing, and CI must not skip the browser tests")
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test on any script error or refused request."""
    context = browser.new_context(timezone_id="America/New_York")
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda said: troubles.append(said.text) if "Content Security" in said.text else None)
    yield opened
    context.close()
    assert troubles == []


def evening() -> int:
    """19:12 of today at +10:00, or of yesterday when that is still to come."""
    at = int(time.time() + 36_000) // DAY_S * DAY_S + EVENING_S - 36_000
    return at if at <= time.time() else at - DAY_S


@pytest.fixture
def clock() -> SetClock:
    return SetClock(evening())


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[Store]:
    """Two days of a house with a hole from 11:00 to 12:30 today."""
    create(tmp_path / "live.db")
    store = open_store(tmp_path / "live.db")
    system = add(store, "alice")
    midnight = clock.at - EVENING_S
    hole = range(midnight + 11 * 3600, midnight + 12 * 3600 + 1800)
    days = house(clock.at - 2 * DAY_S, clock.at + 1)
    fill(store, system, (one for one in days if one.inverter_time not in hole), clock.at)
    yield store
    store.close()


def newest(store: Store) -> Reading:
    reading = readings.latest(store, 1)
    assert reading is not None
    return reading


def test_now_says_every_value_with_its_age_and_sign_in_words(
    page: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/")
        expect(page).to_have_url(f"{client.base_url}/dashboard/1")
        cards = page.locator(".card")
        expect(cards).to_have_count(6)
        expect(page.locator(".battery .words")).to_have_text("discharging")
        expect(page.locator(".losses .value")).to_have_text("40 W")
        expect(page.locator(".age").first).to_contain_text("s ago")
        expect(page.locator("#times")).to_contain_text("UTC+10:00")
        expect(page.locator("#link")).to_have_text("live")


def test_a_gap_is_drawn_as_a_gap_and_its_energy_as_estimated(
    page: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("polyline.curve.load")).to_have_count(2)
        expect(page.locator("rect.hole")).to_have_count(1)
        expect(page.locator("td.est").first).to_be_visible()
        page.locator("#chart svg").focus()
        page.keyboard.press("End")
        expect(page.locator("#cursor")).to_contain_text("19:05–19:10")


def test_a_new_reading_shows_within_a_second(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#link")).to_have_text("live")
        reading = later(newest(store), 30, load_w=4321, fault_code=17)
        readings.record(store, [Recorded(1, reading, polled_at=reading.received_time)])
        expect(page.locator(".load .value")).to_have_text("4.32 kW", timeout=1000)
        expect(page.locator("#fault")).to_contain_text("fault 17")


def test_late_is_amber_and_silent_is_grey_with_the_reason(page: Page, store: Store, clock: SetClock) -> None:
    clock.at += 200
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator(".card.late")).to_have_count(6)
        clock.at += 2000
        polling.failed(store, 1, clock.at, "the portal answered 500")
        page.reload()
        expect(page.locator(".card.silent")).to_have_count(6)
        expect(page.locator("#notice")).to_contain_text("The last poll failed: the portal answered 500")


def test_absent_is_a_dash_never_zero(page: Page, store: Store, clock: SetClock) -> None:
    partial = replace(later(newest(store), 1), solar_w=None, battery_soc_pct=None)
    readings.record(store, [Recorded(1, partial, polled_at=clock.at)])
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator(".solar .value")).to_have_text("–")
        expect(page.locator(".solar .words")).to_have_text("not reported")
        expect(page.locator(".losses .value")).to_have_text("–")


def test_signing_in_leads_back_and_signing_out_ends_it(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, OWNER, clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        page.get_by_label("Password").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("do not belong together")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#link")).to_have_text("live")
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(f"{client.base_url}/login")


def test_no_system_yet_says_what_to_do(page: Page, tmp_path: Path) -> None:
    create(tmp_path / "empty.db")
    empty = open_store(tmp_path / "empty.db")
    with serving(services(empty, AuthSettings())) as client:
        page.goto(f"{client.base_url}/")
        expect(page.get_by_role("alert")).to_contain_text("liveone systems add")
        system = add(empty, "alice")
        page.goto(f"{client.base_url}/dashboard/{system.id}")
        expect(page.get_by_role("alert")).to_contain_text("no reading yet")
        systems.remove_system(empty, system.id)
    empty.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(page: Page, store: Store, clock: SetClock, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    with serving(services(store, AuthSettings(), clock)) as client:
        for path in ("dashboard/1", "login", "docs"):
            page.goto(f"{client.base_url}/{path}")
            page.wait_for_load_state("load")
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_api_page_lists_every_path(page: Page, store: Store) -> None:
    with serving(services(store, AuthSettings())) as client:
        page.goto(f"{client.base_url}/docs")
        expect(page.locator("summary").filter(has_text="/api/history")).to_have_count(1)
        page.locator("summary").filter(has_text="/api/history").click()
        expect(page.get_by_text("comma-separated")).to_be_visible()

"""Installed as an app: Chromium finds nothing missing; offline it says so and shows no value."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.web.support import OWNER, PASSWORD, SetClock, services, serving

from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone of somebody who reads German."""
    context = browser.new_context(viewport={"width": 390, "height": 700}, locale="de-DE")
    yield context.new_page()
    context.close()


def ready(page: Page) -> None:
    """The service worker answers for this page."""
    page.wait_for_function("() => navigator.serviceWorker.controller !== null", timeout=60_000)


@pytest.fixture
def profile(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A browser with a profile on disk: nothing is installed from a private window, and Chromium says so."""
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "profile", executable_path=str(CHROMIUM), args=FLAGS
    )
    yield context.pages[0]
    context.close()


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/1", "/admin"])
def test_chromium_finds_nothing_that_keeps_it_from_being_installed(
    profile: Page, store: Store, clock: SetClock, path: str
) -> None:
    page = profile
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}{path}")
        ready(page)
        devtools = page.context.new_cdp_session(page)
        assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        found = devtools.send("Page.getAppManifest")
        assert found["errors"] == []
        icons = json.loads(found["data"])["icons"]
        assert {one["purpose"] for one in icons} == {"any", "maskable"}
        for one in icons:
            assert client.get(f"{found['url'].rpartition('/')[0]}/{one['src']}").status_code == 200


def test_offline_says_so_shows_no_value_and_goes_on_by_itself(
    phone: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        port = client.base_url.port
        phone.goto(f"{client.base_url}/dashboard/1")
        ready(phone)
        address = phone.url
    phone.reload()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Offline")
    expect(phone.locator("html")).to_have_attribute("lang", "de")
    expect(phone.locator("body")).not_to_contain_text("kW")
    assert phone.evaluate("getComputedStyle(document.querySelector('.panel')).borderRadius") != "0px"
    with serving(services(store, AuthSettings(), clock), on_port=port):
        expect(phone.locator("#link")).to_have_text("live", timeout=15_000)
        assert phone.url == address


def test_a_page_that_the_worker_missed_is_taken_over_too(phone: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        phone.goto(f"{client.base_url}/dashboard/1")
        ready(phone)
        phone.evaluate("window.before = true")
        phone.context.new_cdp_session(phone).send("Page.reload", {"ignoreCache": True})
        phone.wait_for_function("() => !window.before")
        ready(phone)


def test_nothing_but_the_offline_page_is_ever_kept(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, OWNER, clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("#link")).to_have_text("live")
        ready(page)
        page.goto(f"{client.base_url}/dashboard")
        kept = page.evaluate(
            """async () => (await Promise.all((await caches.keys()).map(async (name) =>
              (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname)))).flat()"""
        )
        assert sorted(path.rpartition("/")[2] for path in kept) == [
            "app.css",
            "icon.svg",
            "offline",
            "offline.js",
        ]

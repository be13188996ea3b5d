"""For everybody: no violation for axe-core, everything reached by keyboard, nothing breaks when enlarged."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.browser.conftest import axe_faults
from tests.web.support import OWNER, SetClock, services, serving

from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser
WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PAGES = ["dashboard/1?compare=1", "dashboard", "admin", "admin?part=health", "admin?part=storage", "docs"]
FOCUS = """() => {
  const at = document.activeElement;
  const box = at.getBoundingClientRect();
  const style = getComputedStyle(at);
  const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const name = at.id || at.textContent.trim() || at.tagName;
  return {name, shown, seen: box.width > 0, body: at === document.body};
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["dashboard/1?compare=1", "docs"])
def test_axe_finds_nothing(page: Page, store: Store, clock: SetClock, path: str, scheme: str) -> None:
    """The other pages and states: test_states."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/{path}")
        page.wait_for_load_state("load")
        page.wait_for_timeout(500)
        assert axe_faults(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_the_skip_link_comes_first_and_every_stop_shows_where_one_is(
    page: Page, store: Store, clock: SetClock, path: str
) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/{path}")
        page.wait_for_load_state("load")
        page.keyboard.press("Tab")
        expect(page.locator("a.skip")).to_be_focused()
        page.keyboard.press("Enter")
        target = page.locator("a.skip").get_attribute("href") or ""
        expect(page.locator(target)).to_be_focused()
        for _ in range(12):
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUS)
            if at["body"]:
                break
            assert at["shown"], f"{at['name'][:60]} does not show that it has the focus"
            assert at["seen"], f"{at['name'][:60]} has the focus and is not there"


@pytest.fixture
def large(browser: Browser) -> Iterator[Page]:
    """A reader who set the browser's letters to twice the usual size."""
    letters = [*FLAGS, "--blink-settings=defaultFontSize=32"]
    own = browser.browser_type.launch(executable_path=str(CHROMIUM), args=letters)
    yield own.new_page(viewport={"width": 1280, "height": 700})
    own.close()


def test_nothing_scrolls_sideways_when_the_letters_are_twice_as_large(
    large: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        for path in PAGES:
            large.goto(f"{client.base_url}/{path}")
            large.wait_for_timeout(500)
            assert large.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
            assert large.evaluate(WIDTH) <= 0, path


@pytest.mark.parametrize("path", [*PAGES, "login"])
@pytest.mark.parametrize("width", [640, 320], ids=["enlarged to 200 %", "320 px"])
def test_nothing_scrolls_sideways_when_enlarged(
    page: Page, store: Store, clock: SetClock, path: str, width: int
) -> None:
    auth = OWNER if path == "login" else AuthSettings()
    with serving(services(store, auth, clock)) as client:
        page.set_viewport_size({"width": width, "height": 700})
        page.goto(f"{client.base_url}/{path}")
        page.wait_for_timeout(500)
        assert page.evaluate(WIDTH) <= 0


def test_what_follows_the_pointer_is_read_out_only_where_keys_move_it(
    page: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#chart svg")).to_be_visible()
        cursor = page.locator("#cursor")
        page.locator("#stack").hover()
        expect(cursor).to_have_attribute("aria-live", "off")
        page.locator("#stack").focus()
        page.keyboard.press("ArrowLeft")
        expect(cursor).to_have_attribute("aria-live", "polite")
        expect(cursor).to_contain_text(re.compile(r"\d\d:\d\d"))


def test_with_forced_colours_the_chosen_part_is_still_told_from_the_others(
    browser: Browser, store: Store, clock: SetClock
) -> None:
    with (
        serving(services(store, AuthSettings(), clock)) as client,
        browser.new_context(forced_colors="active") as context,
    ):
        page = context.new_page()
        page.goto(f"{client.base_url}/admin?part=health")
        outline = "node => getComputedStyle(node).outlineStyle"
        assert page.get_by_role("button", name="Polling").evaluate(outline) == "solid"
        assert page.get_by_role("button", name="Storage").evaluate(outline) == "none"


def test_the_page_is_german_for_who_reads_german(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        page.locator("#language").select_option("de")
        expect(page.locator("html")).to_have_attribute("lang", "de")
        expect(page.get_by_role("button", name="Woche", exact=True)).to_be_visible()
        expect(page.locator("#age")).to_contain_text("vor")


def test_numbers_and_dates_are_the_readers(browser: Browser, store: Store, clock: SetClock) -> None:
    with (
        serving(services(store, AuthSettings(), clock)) as client,
        browser.new_context(locale="de-CH") as context,
    ):
        page = context.new_page()
        page.goto(f"{client.base_url}/admin?part=storage")
        expect(page.locator("#part")).to_contain_text(re.compile(r"2['\u2019]791"))
        page.goto(f"{client.base_url}/admin")
        expect(page.locator("#part")).to_contain_text(", 19:1")
        expect(page.locator("html")).to_have_attribute("lang", "de")

"""Fingers on the charts: a tap shows values, dragging moves them, two fingers zoom and move time."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from tests.web.support import SetClock, services, serving

from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser
Spot = tuple[float, float]


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    page = context.new_page()
    yield page
    context.close()


def touch(session: CDPSession, kind: str, *spots: Spot) -> None:
    points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(spots)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def chart(page: Page) -> tuple[float, float, float]:
    """Left and right edge of the power chart, and its middle from above."""
    page.locator("#chart").scroll_into_view_if_needed()
    box = page.locator("#chart").bounding_box()
    assert box
    return box["x"] + 40, box["x"] + box["width"] - 10, box["y"] + box["height"] / 2


def shown(page: Page) -> str:
    return page.locator("#cursor b").first.inner_text()


def test_a_tap_shows_values_and_dragging_moves_them(phone: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        phone.goto(f"{client.base_url}/dashboard/1")
        expect(phone.locator("#bars svg")).to_be_visible()
        left, right, y = chart(phone)
        phone.touchscreen.tap((left + right) / 3, y)
        expect(phone.locator("#cursor")).to_contain_text(re.compile(r"\d\d:\d\d–\d\d:\d\d"))
        tapped = shown(phone)
        session = phone.context.new_cdp_session(phone)
        touch(session, "touchStart", ((left + right) / 3, y))
        for step in range(1, 9):
            touch(session, "touchMove", ((left + right) / 3 + 12 * step, y))
        touch(session, "touchEnd")
        assert shown(phone) > tapped, "later in the day"
        assert "from=" not in phone.url, "one finger does not zoom"


def test_two_fingers_zoom_and_move(phone: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        phone.goto(f"{client.base_url}/dashboard/1")
        expect(phone.locator("#bars svg")).to_be_visible()
        hours = pinched(phone, apart=(40, 160))
        assert 3 < hours < 9, "of 24"
        expect(phone.locator("#charts")).not_to_have_attribute("aria-busy", "true")
        before = zoom(phone)
        pinched(phone, apart=(100, 100), shift=80)
        after = zoom(phone)
        assert after[0] < before[0], "what lay to the left came into sight"
        assert after[1] - after[0] == pytest.approx(before[1] - before[0], abs=660)


def pinched(page: Page, *, apart: tuple[float, float], shift: float = 0) -> float:
    """Two fingers put on so far apart go to be so far apart; how many hours are shown afterwards."""
    before = page.url
    left, right, y = chart(page)
    middle = (left + right) / 2
    session = page.context.new_cdp_session(page)
    first, last = apart
    touch(session, "touchStart", (middle - first / 2, y), (middle + first / 2, y))
    for step in range(1, 9):
        gap = first + (last - first) * step / 8
        at = middle + shift * step / 8
        touch(session, "touchMove", (at - gap / 2, y), (at + gap / 2, y))
    touch(session, "touchEnd")
    page.wait_for_function("before => location.href !== before", arg=before)
    start_s, end_s = zoom(page)
    return (end_s - start_s) / 3600


def zoom(page: Page) -> tuple[float, float]:
    found = page.evaluate(
        "search => ['from', 'to'].map((name) => Date.parse(new URLSearchParams(search).get(name)) / 1000)",
        urlsplit(page.url).query,
    )
    assert set(parse_qs(urlsplit(page.url).query)) >= {"from", "to"}
    return found[0], found[1]


def test_the_page_itself_can_be_zoomed(phone: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        for path in ("/dashboard/1", "/dashboard", "/login", "/nothing"):
            phone.goto(f"{client.base_url}{path}")
            content = phone.locator("meta[name=viewport]").get_attribute("content") or ""
            assert "user-scalable" not in content
            assert "maximum-scale" not in content


def test_the_year_map_begins_with_today_in_sight(phone: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        phone.goto(f"{client.base_url}/dashboard/1")
        phone.locator("#heat").scroll_into_view_if_needed()
        today = phone.locator("#heat rect:not(.later)[data-index]").last
        expect(today).to_be_in_viewport()

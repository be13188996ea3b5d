"""Points on a system's page: listed with their newest values, and drawn when they are chosen."""

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import axe_faults
from tests.web.support import SetClock, services, serving

from liveone.domain.points import Point
from liveone.store import points, readings
from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser
DAY_S = 86_400


def with_points(store: Store, now_at: float) -> None:
    """A car that was charged in the afternoon, and a heat pump, beside the house's readings."""
    found = readings.between(store, 1, int(now_at) - DAY_S, int(now_at))
    told = []
    for reading in found:
        at = reading.inverter_time
        charging = 7200.0 if 4 * 3600 < now_at - at < 7 * 3600 else 0.0
        warm = 1800.0 if at % 3600 < 1500 else 30.0
        told.append(
            (
                1,
                at,
                (
                    Point("car_w", "Car", "W", charging, "garage"),
                    Point("heat_pump_w", "<i>Wärmepumpe</i>", "W", warm, "cellar"),
                    Point("flow_c", "Vorlauf", "°C", 32.5 + warm / 200, "cellar"),
                ),
            )
        )
    for first in range(0, len(told), 500):
        store.write(points.recording(store, told[first : first + 500]))


@pytest.mark.parametrize(("language", "width"), [("de", 390), ("en", 1280)])
def test_points_are_listed_and_drawn_when_they_are_chosen(
    page: Page, store: Store, clock: SetClock, language: str, width: int
) -> None:
    with_points(store, clock.now_at())
    page.set_viewport_size({"width": width, "height": 900})
    page.set_extra_http_headers({"accept-language": language})
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        title = page.locator("#points-title")
        expect(title).to_have_text("Messpunkte" if language == "de" else "Points")
        rows = page.locator("#points-list .point")
        expect(rows).to_have_count(3)
        expect(rows.nth(1)).to_contain_text("<i>Wärmepumpe</i>cellar")
        expect(rows.nth(0).locator(".value")).to_have_text("0\u00a0W")
        expect(page.locator("#points-charts figure")).to_have_count(0)
        for place in range(3):
            rows.nth(place).click()
        expect(page.locator("#points-charts figure")).to_have_count(2)
        expect(page.locator("#points-charts path.curve")).to_have_count(6)  # each in two: a gap is a gap
        expect(rows.nth(2)).to_have_attribute("aria-pressed", "true")
        page.locator("#stack").focus()
        page.keyboard.press("End")
        expect(page.locator("#cursor")).to_contain_text("Vorlauf")
        assert axe_faults(page, "#points, #points-charts") == []
        overflow = page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        assert overflow is False
        page.reload()
        expect(page.locator("#points-charts figure")).to_have_count(2)
        rows.nth(2).click()
        expect(page.locator("#points-charts figure")).to_have_count(1)


def test_a_house_without_points_shows_nothing_of_them(page: Page, store: Store, clock: SetClock) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#faults > *").first).to_be_attached()
        expect(page.locator("#points")).to_be_hidden()
    assert len([url for url in asked if url.endswith("/points")]) <= 1

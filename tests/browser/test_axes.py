"""The marks of the charts are whole and apart on every date, of any energy and at any width."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.web.support import SetClock, services, serving

from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser
AXES = Path(__file__).with_name("axes.js")


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_label_of_an_axis_is_cut_off_or_lies_on_another(
    page: Page, store: Store, clock: SetClock, language: str
) -> None:
    """Three years of days, each as every kind of period, drawn by the page's own modules."""
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1?lang={language}")
        expect(page.locator("#bars svg")).to_be_visible()
        found = page.evaluate(AXES.read_text())
    assert found["drawn"] > 1000
    assert found["wrong"] == [], "\n".join(found["wrong"])

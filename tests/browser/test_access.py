"""For everybody: axe-core finds no violation, in light and dark; the page speaks another language."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.web.support import SetClock, services, serving

from liveone.store.store import Store
from liveone.web.auth import AuthSettings

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"


@pytest.fixture
def axe() -> str:
    if not AXE.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("axe-core is missing: run .ci/node-packages")
        pytest.skip("axe-core is not installed (.ci/node-packages fetches it)")
    return AXE.read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["dashboard/1?compare=1", "dashboard", "admin", "admin?part=health", "login", "docs"]
)
def test_axe_finds_nothing(  # noqa: PLR0917
    page: Page, store: Store, clock: SetClock, axe: str, path: str, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/{path}")
        page.wait_for_load_state("load")
        page.wait_for_timeout(500)
        page.evaluate(axe)
        found = page.evaluate("axe.run()")["violations"]
        assert [
            (one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:4]]) for one in found
        ] == []


def test_the_page_is_german_for_who_reads_german(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        page.locator("#language").select_option("de")
        expect(page.locator("html")).to_have_attribute("lang", "de")
        expect(page.get_by_role("button", name="Woche", exact=True)).to_be_visible()
        expect(page.locator("#age")).to_contain_text("vor")

"""A real Chromium, and a house with two days of readings and a hole in them."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.web.support import SetClock, add, fill, house

from liveone.store.files import create
from liveone.store.store import Store, open_store

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
DAY_S = 86_400
EVENING_S = 19 * 3600 + 12 * 60

expect.set_options(timeout=30_000)
"""What is awaited comes within a second; on a machine that does ten other things it may take many."""


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
    context = browser.new_context(timezone_id="America/New_York", accept_downloads=True)
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda said: troubles.append(said.text) if "Content Security" in said.text else None)
    yield opened
    context.close()
    assert troubles == []


def axe_faults(page: Page, part: str = "html") -> list[tuple[str, str, list[str]]]:
    """What assistive technology cannot use: the rule, what to do, and where (three places at most)."""
    if not AXE.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("axe-core is missing: run .ci/node-packages")
        pytest.skip("axe-core is not installed (.ci/node-packages fetches it)")
    page.evaluate(AXE.read_text())
    found = page.evaluate(f"axe.run({part!r}, {{resultTypes: ['violations']}})")["violations"]
    return [(one["id"], one["help"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found]


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

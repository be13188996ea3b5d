"""The administrator's page against a real database and a simulated portal: everything in it works."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.web.support import SetClock, services, serving

from liveone.administration import Steward
from liveone.clock import SystemClock
from liveone.config import VendorConfig
from liveone.main import VendorBook
from liveone.simulate.run import PortalOptions, make_portal
from liveone.store import readings, systems
from liveone.store.store import Store
from liveone.web.auth import AuthSettings
from liveone.web.services import Services

pytestmark = pytest.mark.browser


@pytest.fixture
def wired(store: Store, clock: SetClock, tmp_path: Path) -> Iterator[Services]:
    """The administration of a server whose one account sees the sites 1586 and 1587 of a portal."""
    since = datetime.now(UTC) - timedelta(days=2)
    options = PortalOptions(
        sites=2, presets=("off-grid", "grid"), hiccup=False, since_day=since.date().isoformat()
    )
    with make_portal(options) as portal:
        account = VendorConfig(
            name="home", type="select.live", url=portal.url, email=options.email, password=options.password
        )
        book = VendorBook([account])
        steward = Steward(
            store=store,
            clock=SystemClock(),
            vendors=book,
            account_list=[account],
            database_path=lambda: tmp_path / "live.db",
            backup_folder=tmp_path / "backups",
        )
        yield replace(services(store, AuthSettings(), clock), administration=steward)
        book.close()


def test_a_system_is_found_tested_and_added(page: Page, store: Store, wired: Services) -> None:
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin")
        page.get_by_role("button", name="Add a system").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="1586")).to_be_disabled()
        dialog.get_by_role("button", name=re.compile("1587")).click()
        expect(dialog.locator(".checks li.ok")).to_have_count(5)
        dialog.get_by_role("textbox", name="Name").fill("Town house")
        dialog.get_by_label("Time zone").select_option("60")
        dialog.get_by_role("button", name="Add this system").click()
        expect(page.get_by_role("link", name="Town house")).to_be_visible()
        added = systems.list_systems(store)[-1]
        assert (added.vendor_site_id, added.timezone_offset_min) == ("1587", 60)
        assert added.model


def test_a_connection_that_fails_says_where(page: Page, wired: Services) -> None:
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin")
        page.get_by_role("button", name="Add a system").click()
        page.get_by_label("Or type the number of a site").fill("999")
        page.get_by_role("button", name="Test it").click()
        expect(page.locator(".checks li.failed")).to_contain_text("site found")
        expect(page.get_by_role("button", name="Test again")).to_be_visible()


def test_a_system_is_renamed_paused_and_removed_with_its_name_typed(
    page: Page, store: Store, wired: Services
) -> None:
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin")
        page.get_by_role("button", name="Edit").click()
        page.get_by_role("textbox", name="Name").fill("Our house")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("link", name="Our house")).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        expect(page.locator(".state.paused")).to_be_visible()
        page.get_by_role("button", name="Remove").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("readings")
        expect(dialog.get_by_role("button", name="Remove")).to_be_disabled()
        dialog.get_by_role("textbox").fill("Our house")
        dialog.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("No system is set up here yet.")).to_be_visible()
        assert systems.list_systems(store) == []


def test_a_backup_is_made_downloaded_and_put_back_while_the_server_runs(
    page: Page, store: Store, wired: Services, tmp_path: Path
) -> None:
    before = readings.count(store, 1)
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?part=backups")
        page.get_by_role("button", name="Make a backup").click()
        name = page.get_by_role("rowheader").inner_text()
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download").click()
        assert Path(waiting.value.path()).read_bytes() == (tmp_path / "backups" / name).read_bytes()
        systems.remove_system(store, 1)
        assert client.get("/api/data").status_code == 503
        page.get_by_role("button", name="Restore").click()
        page.get_by_role("dialog").get_by_role("textbox").fill(name)
        page.get_by_role("dialog").get_by_role("button", name="Restore").click()
        expect(page.get_by_role("dialog")).to_contain_text(f"holds {before:,} readings again")
        assert client.get("/api/data").status_code == 200
    assert readings.count(store, 1) == before


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("health", "system Home is silent"),
        ("storage", "readings_agg_5m"),
        ("migrations", "Nothing was ever migrated here."),
    ],
)
def test_every_part_shows_what_the_server_knows(page: Page, wired: Services, part: str, words: str) -> None:
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?part={part}")
        expect(page.locator("#part")).to_contain_text(words)

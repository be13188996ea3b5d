"""A house made of devices in the browser: its devices are tested and added by the forms that they declare."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect
from tests.web.support import SetClock, services, serving

from changeover.run.state_dir import state_of
from liveone.clock import SystemClock
from liveone.sealing import SecretBox, new_key
from liveone.store import sources as stored
from liveone.store.store import Store
from liveone.vendors.conformance.device import served
from liveone.vendors.discovery import look
from liveone.web.auth.callers import AuthSettings
from liveone.web.services import Services
from liveone.wiring import source_service
from liveone.wiring.admin_service import AdminService
from liveone.wiring.configured_vendors import ConfiguredVendors
from liveone.wiring.house_sources import SourceBook
from liveone.wiring.push_intake import PushIntake
from liveone.wiring.source_service import SourceService

pytestmark = pytest.mark.browser
DATA = {"active_power_w": 1234, "total_power_import_kwh": 40, "total_power_export_kwh": 1}
METER = {"/api": {"product_type": "HWE-P1", "serial": "3c39e7aabbcc"}, "/api/v1/data": DATA}


@pytest.fixture
def wired(store: Store, clock: SetClock, tmp_path: Path) -> Iterator[Services]:
    """A server without any account in its settings."""
    keys = [new_key()]
    book = SourceBook(store, SecretBox(lambda: keys, lambda: keys), SystemClock())
    vendors = ConfiguredVendors([], book)
    administration = AdminService(
        store=store,
        clock=SystemClock(),
        vendors=vendors,
        account_list=[],
        migrated=lambda: (tmp_path / "live.db", state_of(tmp_path / "live.db")),
    )
    yield replace(
        services(store, AuthSettings(), clock),
        administration=administration,
        sources=SourceService(store, SystemClock(), book),
        pushes=PushIntake(store, SystemClock()),
    )
    vendors.close()


def test_a_house_is_named_and_its_devices_are_tested_and_added(
    page: Page, store: Store, wired: Services
) -> None:
    with served(METER) as url, serving(wired) as client:
        page.goto(f"{client.base_url}/admin?ask=add")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Add one made of devices").click()
        dialog.get_by_role("textbox", name="Name").fill("Farm")
        dialog.get_by_label("Time zone").fill("Europe/Berlin")
        page.keyboard.press("Enter")
        expect(dialog.get_by_text("No device yet.")).to_be_visible()
        expect(page).to_have_url(re.compile("ask=sources&system=2"))
        dialog.get_by_label("Make").select_option("homewizard")
        dialog.get_by_role("button", name="Add a device").click()
        dialog.get_by_label("What to call it").fill("street")
        dialog.get_by_label("Address").fill("http://127.0.0.1:9")
        dialog.get_by_label("What it measures").select_option("grid")
        dialog.get_by_role("button", name="Test and add").click()
        expect(dialog.get_by_role("alert")).to_contain_text("Nothing was added")
        expect(dialog.locator(".checks li.failed")).to_contain_text("reached")
        assert stored.list_sources(store) == []
        dialog.get_by_label("Address").fill(url)
        dialog.get_by_role("button", name="Test and add").click()
        expect(page.get_by_text("street is added and counts within a minute")).to_be_visible()
        (kept,) = stored.list_sources(store)
        assert (kept.system_id, kept.vendor_type, kept.roles) == (2, "homewizard", ("grid",))
        page.get_by_role("button", name="Devices: Farm").click()
        dialog.get_by_role("button", name="Remove: street").click()
        expect(page.get_by_text("street is removed")).to_be_visible()
        assert stored.list_sources(store) == []


def test_a_device_is_found_on_the_network_and_added_in_the_readers_language(
    page: Page, store: Store, wired: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(METER) as url, serving(wired) as client:
        port = int(url.rpartition(":")[2])
        monkeypatch.setattr(
            source_service, "looking", lambda hosts: look.looking(hosts, [port], ask=lambda _: [])
        )
        page.context.add_cookies([{"name": "lang", "value": "de", "url": str(client.base_url)}])
        page.goto(f"{client.base_url}/admin?ask=sources&system=1")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Wo", exact=True).fill("8.8.8.8")
        dialog.get_by_role("button", name="Suchen").click()
        expect(dialog.get_by_role("alert")).to_contain_text("8.8.8.8 liegt in keinem lokalen Netz")
        dialog.get_by_label("Wo", exact=True).fill("127.0.0.1")
        dialog.get_by_role("button", name="Suchen").click()
        expect(dialog.locator(".found li")).to_contain_text(
            "HomeWizard: P1-Zähler, kWh-Zähler oder Steckdose"
        )
        dialog.locator(".found").get_by_role("button").click()
        expect(dialog.get_by_label("Adresse")).to_have_value(url)
        expect(dialog).to_contain_text("Falls es Einspeisung zeigt, wo Sie beziehen.")
        dialog.get_by_label("Name, etwa Dach").fill("Straße")
        dialog.get_by_role("button", name="Testen und hinzufügen").click()
        expect(page.get_by_text("Straße ist hinzugefügt")).to_be_visible()
    assert [source.settings["url"] for source in stored.list_sources(store)] == [url]


def test_what_sends_by_itself_gets_a_token_that_is_shown_once(
    page: Page, store: Store, wired: Services
) -> None:
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?ask=sources&system=1&site=push")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("What to call it").fill("esp")
        dialog.get_by_label("solar").check()
        dialog.get_by_role("button", name="Add a device").click()
        expect(dialog).to_contain_text("shown this once")
        token = dialog.locator("pre").first.inner_text()
        sent = httpx2.post(
            f"{client.base_url}/api/readings".replace("//api", "/api"),
            json={"solar_w": 5},
            headers={"authorization": f"Bearer {token}"},
        )
        assert sent.status_code == 200, sent.text
        page.goto(f"{client.base_url}/admin?ask=sources&system=1")
        expect(dialog).to_contain_text("push · solar")
        expect(dialog).not_to_contain_text(token)
        page.goto(f"{client.base_url}/admin?ask=sources&system=1&site=modbus-inverter")
        expect(dialog.get_by_label("Register map")).to_have_value("")

"""A second step in a browser, below a path and in German: an app, and a passkey of a virtual key."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import axe_faults
from tests.web.support import SetClock, services, serving

from liveone.accounts import totp
from liveone.accounts.passwords import hash_password
from liveone.accounts.people import People
from liveone.accounts.users import Account
from liveone.sealing import SecretBox, new_key
from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser
PASSWORD = "a good long one"
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def fill_password(page: Page, action: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Ihr Passwort").fill(PASSWORD)
    dialog.get_by_role("button", name=action).click()


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login?next=/me")
    page.get_by_label("E-Mail").fill("ann@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator("#submit").click()


def test_an_app_and_a_passkey_are_set_up_and_asked_for(
    browser: Browser, store: Store, clock: SetClock
) -> None:
    keys, people = [new_key()], People(store, tuple, clock)
    people.add(Account("ann", "ann@example.org", hash_password(PASSWORD), is_admin=True))
    auth = AuthSettings(session_key=b"k" * 32, box=SecretBox(lambda: keys, lambda: keys))
    wired = replace(services(store, auth, clock), people=people)
    with serving(wired, base_path="/solar") as client, browser.new_context(locale="de-DE") as context:
        url = f"http://localhost:{client.base_url.port}/solar"
        page = context.new_page()
        authenticator = context.new_cdp_session(page)
        authenticator.send("WebAuthn.enable")
        authenticator.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
        sign_in(page, url)
        page.wait_for_url("**/solar/me")
        expect(page.get_by_text("Ihr Passwort allein öffnet Ihr Konto.")).to_be_visible()
        page.get_by_role("button", name="Eine App für Codes einrichten").click()
        fill_password(page, "Weiter")
        expect(page.get_by_role("img", name="QR-Code für die App")).to_be_visible()
        assert axe_faults(page) == []
        secret = page.get_by_role("dialog").locator("code").inner_text().replace(" ", "")
        page.get_by_label("Code, den die App zeigt").fill("12345")
        page.get_by_role("button", name="Einschalten").click()
        expect(page.get_by_role("alert").filter(has_text="nicht der Code dieser App")).to_be_visible()
        page.get_by_label("Code, den die App zeigt").fill(totp.code_of(secret, int(clock.at) // 30))
        page.get_by_role("button", name="Einschalten").click()
        expect(page.locator(".codes pre")).to_contain_text(re.compile(r"(\w{4}-){3}\w{4}"))
        page.get_by_role("button", name="Einen Passkey hinzufügen").click()
        fill_password(page, "Weiter")
        expect(page.get_by_text("Passkey: Chrome, Linux (localhost)", exact=True)).to_be_visible()
        assert axe_faults(page) == []

        context.clear_cookies()
        sign_in(page, url)
        expect(page.get_by_role("alert")).to_contain_text("Jetzt der Code Ihrer App")
        assert axe_faults(page) == []
        page.get_by_label("Code", exact=True).fill("000000")
        page.locator("#submit").click()
        expect(page.get_by_role("alert")).to_contain_text("Dieser Code gilt nicht")
        page.get_by_role("button", name="Mit einem Passkey anmelden").click()
        page.wait_for_url("**/solar/me")

        context.clear_cookies()
        clock.at += 30
        sign_in(page, url)
        page.get_by_label("Code", exact=True).fill(totp.code_of(secret, int(clock.at) // 30))
        page.locator("#submit").click()
        page.wait_for_url("**/solar/me")
        page.get_by_role("button", name="Entfernen: App für Codes").click()
        fill_password(page, "Entfernen")
        expect(page.get_by_role("cell", name="App für Codes")).to_have_count(0)

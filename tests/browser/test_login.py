"""Signing in: one owner or several people, errors that help, back to the page that was asked for."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from tests.web.support import OWNER, PASSWORD, SetClock, services, serving

from liveone.accounts.passwords import hash_password
from liveone.accounts.users import Account
from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser
ANN = Account("alice", "ann@example.org", hash_password("battery staple"), is_admin=True)
PEOPLE = AuthSettings(session_key=b"k" * 32, users=[ANN])


def test_an_owner_is_asked_for_a_password_alone_and_told_where_it_stands(
    page: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, OWNER, clock)) as client:
        page.goto(f"{client.base_url}/login")
        expect(page.get_by_label("E-mail")).to_be_hidden()
        expect(page.locator("#password")).to_be_focused()
        expect(page.locator("#forgot")).to_contain_text("AUTH_PASSWORD")
        page.get_by_label("Password", exact=True).fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("That is not this server's password.")
        expect(page.locator("#password")).to_have_attribute("aria-invalid", "true")
        page.get_by_label("Show the password").check()
        expect(page.locator("#password")).to_have_attribute("type", "text")


def test_people_sign_in_with_their_e_mail_and_come_back_to_what_they_asked_for(
    page: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, PEOPLE, clock)) as client:
        page.goto(f"{client.base_url}/admin?part=storage#part")
        page.get_by_label("E-mail").fill("ann@example.org")
        page.get_by_label("Password", exact=True).fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("That e-mail and password do not belong together.")
        page.get_by_label("Password", exact=True).fill("battery staple")
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{client.base_url}/admin?part=storage#part")
        page.goto(f"{client.base_url}/login?next=%2Fdashboard")
        expect(page).to_have_url(f"{client.base_url}/dashboard")


def test_too_many_tries_are_told_with_the_seconds_to_wait(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, OWNER, clock)) as client:
        clock.sleeps = False
        for _ in range(12):
            client.post("/api/auth/login", json={"password": "wrong"})
        page.goto(f"{client.base_url}/login")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text(re.compile(r"Too many wrong .* again in \d+ s\."))
        expect(page.locator("#submit")).to_have_text(re.compile(r"Sign in \(in \d+ s\)"))
        expect(page.locator("#submit")).to_have_attribute("aria-disabled", "true")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{client.base_url}/login")


def test_after_the_wait_one_may_try_again(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, OWNER, clock)) as client:
        clock.sleeps = False
        for _ in range(12):
            client.post("/api/auth/login", json={"password": "wrong"})
        page.clock.install()
        page.goto(f"{client.base_url}/login")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        # The button is held from the press on; only the answer starts the wait that the clock then skips.
        expect(page.get_by_role("alert")).to_have_text(re.compile("Too many wrong"))
        clock.at += 120
        page.clock.fast_forward(120_000)
        expect(page.get_by_role("alert")).to_have_text("You can try again now.")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).to_have_url(f"{client.base_url}/dashboard/1")
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(re.compile("/login"))
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page).to_have_url(re.compile("/login"))


def test_caps_lock_is_said_while_typing(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, OWNER, clock)) as client:
        page.goto(f"{client.base_url}/login")
        for locked, said in ((True, "Caps Lock is on."), (False, "")):
            page.locator("#password").dispatch_event("keydown", {"key": "A", "modifierCapsLock": locked})
            expect(page.locator("#caps")).to_have_text(said)


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example/", "https://evil.example/", "/\t/evil.example/", "javascript:alert(1)"]
)
def test_nobody_is_led_to_another_site(page: Page, store: Store, clock: SetClock, elsewhere: str) -> None:
    with serving(services(store, OWNER, clock)) as client:
        page.goto(f"{client.base_url}/login?next={quote(elsewhere, safe='')}")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{client.base_url}/dashboard/1")
        signed_in = {"cookie": "; ".join(f"{c['name']}={c['value']}" for c in page.context.cookies())}
        led = client.get("/login", params={"next": elsewhere}, headers=signed_in)
        assert (led.status_code, led.headers["location"]) == (303, "/")


def test_a_session_that_ends_while_a_page_is_open_leads_to_signing_in(
    page: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, OWNER, clock)) as client:
        page.goto(f"{client.base_url}/admin")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Storage")).to_be_visible()
        page.context.clear_cookies()
        page.get_by_role("button", name="Storage").click()
        expect(page).to_have_url(re.compile(r"/login\?next=%2Fadmin%3Fpart%3Dstorage"))


def test_the_sign_in_page_speaks_the_readers_language(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, OWNER, clock)) as client:
        page.goto(f"{client.base_url}/login")
        page.locator("#language").select_option("de")
        expect(page.locator("html")).to_have_attribute("lang", "de")
        page.get_by_label("Passwort", exact=True).fill("falsch")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Das ist nicht das Passwort dieses Servers.")

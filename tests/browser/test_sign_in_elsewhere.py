"""Signing in at an issuer in a browser: by its button, by an invitation, connected on one's own page."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.test_people import PHONE, is_accessible
from tests.web import issuer_stand_in
from tests.web.issuer_stand_in import CLIENT, SECRET, IssuerStandIn
from tests.web.support import SetClock, serving
from tests.web.support import services as services_for

from liveone.accounts import links
from liveone.accounts.external.issuer import Issuer
from liveone.accounts.passwords import hash_password
from liveone.accounts.people import People
from liveone.accounts.users import Account
from liveone.settings.sign_in import SignInConfig
from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser


@dataclass
class Place:
    url: str
    issuer: IssuerStandIn
    people: People
    clock: SetClock


@pytest.fixture
def place(store: Store, clock: SetClock) -> Iterator[Place]:
    people = People(store, tuple, clock)
    people.add(Account("ann", "ann@example.org", hash_password("a good long one"), is_admin=True))
    with issuer_stand_in.running(now_at=clock.now_at()) as issuer:
        config = SignInConfig("authelia", issuer.url, CLIENT, client_secret=SECRET, title="Authelia")
        auth = AuthSettings(session_key=b"k" * 32, issuers=(Issuer(config, clock),))
        with serving(services_for(store, auth, clock)) as client:
            yield Place(str(client.base_url).rstrip("/"), issuer, people, clock)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone whose owner reads German."""
    context = browser.new_context(viewport=PHONE, locale="de-DE")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def test_an_identity_is_connected_and_signs_in_afterwards(place: Place, phone: Page) -> None:
    phone.goto(f"{place.url}/login?next=/me")
    is_accessible(phone)
    phone.get_by_role("link", name="Anmelden mit Authelia").click()
    expect(phone.get_by_role("alert").first).to_contain_text("Niemand hat hier das Konto, das Authelia nennt")
    is_accessible(phone)
    phone.goto(f"{place.url}/login?next=/me")
    phone.get_by_label("E-Mail").fill("ann@example.org")
    phone.locator("#password").fill("a good long one")
    phone.locator("#submit").click()
    phone.get_by_role("button", name="Authelia verbinden").click()
    expect(phone.get_by_role("row").filter(has_text="Authelia")).to_be_visible()
    is_accessible(phone)
    phone.context.clear_cookies()
    phone.goto(f"{place.url}/login?next=/me")
    phone.get_by_role("link", name="Anmelden mit Authelia").click()
    phone.wait_for_url("**/me")
    phone.get_by_role("row").filter(has_text="Authelia").get_by_role("button").click()
    expect(phone.get_by_text("Nichts anderes öffnet Ihr Konto.")).to_be_visible()


def test_an_invitation_is_followed_without_a_password(place: Place, phone: Page) -> None:
    secret = links.make(place.people, "invite", "ann", place.clock.now_at(), system_id=1, role="viewer")
    phone.goto(f"{place.url}/join?token={secret}")
    link = phone.get_by_role("link", name="Beitreten mit Authelia")
    expect(link).to_be_visible()
    is_accessible(phone)
    link.click()
    phone.wait_for_url("**/dashboard/1")


def test_the_way_there_needs_no_script(place: Place, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{place.url}/login")
    page.get_by_role("link", name="Sign in with Authelia").click()
    expect(page.get_by_role("alert").first).to_contain_text("Nobody here has the account")
    context.close()

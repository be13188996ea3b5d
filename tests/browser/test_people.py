"""The path of a family in a browser: set up, a second person, a share link on a phone, revoked."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import axe_faults
from tests.web.support import SetClock, serving
from tests.web.support import services as services_for

from liveone.accounts import links
from liveone.accounts.people import People
from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser
SETTINGS = AuthSettings(session_key=b"k" * 32)
PHONE = {"width": 390, "height": 844}
WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Family:
    """A server that nobody has set up yet; ``visitor`` opens a page in a browser of somebody's own."""

    url: str
    setup: str
    browser: Browser

    @contextmanager
    def visitor(self, *, phone: bool = False, dark: bool = False, language: str = "en-GB") -> Iterator[Page]:
        context = self.browser.new_context(
            viewport=PHONE if phone else {"width": 1280, "height": 900},  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            locale=language,
        )
        page, troubles = context.new_page(), list[str]()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        yield page
        context.close()
        assert troubles == []


@pytest.fixture
def family(browser: Browser, store: Store, clock: SetClock) -> Iterator[Family]:
    setup = links.make(People(store, tuple, clock), "setup", "", clock.now_at())
    with serving(services_for(store, SETTINGS, clock)) as client:
        yield Family(str(client.base_url).rstrip("/"), setup, browser)


def is_accessible(page: Page) -> None:
    """Nothing that axe-core finds, and nothing wider than the screen."""
    assert axe_faults(page) == []
    assert page.evaluate(WIDTH) <= 0


def join(page: Page, address: str, email: str, password: str = "a good long one") -> None:
    page.goto(address)
    page.get_by_label("E-mail").fill(email)
    page.locator("#password").fill(password)
    page.locator("#submit").click()


def give_a_role(owner: Page) -> None:
    """To bob, who has an account; alice, who owns the system, has none here and is called by her id."""
    dialog = owner.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill("BOB@example.org")
    dialog.locator("form").first.get_by_label("May").select_option("admin")
    dialog.get_by_role("button", name="Give").click()
    given = dialog.get_by_role("row").filter(has_text="bob@example.org")
    expect(given.get_by_role("combobox")).to_have_value("admin")
    expect(
        owner.locator("#part").get_by_role("row", include_hidden=True).filter(has_text="alice")
    ).to_have_count(1)


def test_from_the_set_up_link_to_a_revoked_share(family: Family) -> None:
    with family.visitor() as owner, family.visitor(phone=True, dark=True, language="de-DE") as guest:
        join(owner, f"{family.url}/setup?token={family.setup}", "ann@example.org", "short")
        expect(owner.get_by_role("alert")).to_contain_text("at least 8 characters")
        is_accessible(owner)
        join(owner, f"{family.url}/setup?token={family.setup}", "ann@example.org")
        owner.wait_for_url("**/admin?ask=add")
        owner.goto(f"{family.url}/setup?token={family.setup}")
        expect(owner.get_by_role("status")).to_contain_text("used already")

        owner.goto(f"{family.url}/admin?part=people&ask=share&system=1")
        owner.get_by_role("button", name="Invite", exact=True).click()
        invitation = owner.locator(".made-link input").input_value()
        is_accessible(owner)
        join(guest, invitation, "bob@example.org", "short")
        expect(guest.get_by_role("alert")).to_have_text("Ein Passwort braucht mindestens 8 Zeichen")
        join(guest, invitation, "bob@example.org")
        guest.wait_for_url("**/dashboard/1")
        guest.goto(f"{family.url}/me")
        expect(guest.get_by_role("heading", name="Ihre Anlagen")).to_be_visible()
        is_accessible(guest)

        give_a_role(owner)
        owner.get_by_label("Password (may be empty)").fill("1234")
        owner.get_by_role("button", name="Make a share link").click()
        expect(owner.locator(".made-link input")).to_have_value(re.compile("/s/"))
        shared = owner.locator(".made-link input").input_value()
        with family.visitor(phone=True) as grandma:
            grandma.goto(shared)
            late = grandma.context.new_page()
            late.goto(shared)
            grandma.locator("#password").fill("12")
            grandma.locator("#submit").click()
            expect(grandma.get_by_role("alert")).to_contain_text("not the password")
            is_accessible(grandma)
            grandma.locator("#password").fill("1234")
            grandma.locator("#submit").click()
            grandma.wait_for_url("**/dashboard/1")
            expect(grandma.locator("#sign-out")).to_be_hidden()
            grandma.goto(f"{family.url}/admin")
            grandma.wait_for_url("**/login?next=*")
            expect(grandma.locator(".notice:visible")).to_have_count(0)
            grandma.goto(f"{family.url}/dashboard/1")
            link = owner.get_by_role("row").filter(has_text="with password")
            link.get_by_role("button", name="Revoke").click()
            expect(link).to_have_count(0)
            late.locator("#password").fill("1234")
            late.locator("#submit").click()
            expect(late.get_by_role("status")).to_contain_text("shows nothing any more")
            grandma.wait_for_url("**/login?next=*")
            expect(grandma.get_by_role("status").first).to_contain_text("shows nothing any more")
            assert grandma.goto(shared).status == 404  # type: ignore[union-attr]
            expect(grandma.get_by_role("status")).to_contain_text("shows nothing any more")

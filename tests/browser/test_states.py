"""The state matrix: every page in every state, over a real `liveone serve`, wide, on a phone, on a wall.

Each picture, in both schemes, is quiet in the console, asks nobody else, keeps the strict policy, does not
scroll sideways, says the right words, and holds nothing that axe-core finds.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.conftest import axe_faults
from tests.browser.states import ADMIN, GUEST, PASSWORD, SYSTEM, Site, site
from tests.ports import free_port

from liveone.web.pages import files

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ENGLISH = json.loads((files.FOLDER / "messages/en.json").read_text())
WIDE, PHONE, WALL = (1280, 900), (320, 640), (1920, 1080)
SETTLED_MS = 30_000
WIDEST = """document.querySelectorAll(".spot b, .node .value").forEach((value) => {
  value.textContent = "29,9 kW";
})"""
CROOKED = """() => [...document.querySelectorAll(".actions")].flatMap((row) => {
  const boxes = [...row.children].map((node) => node.getBoundingClientRect());
  const pairs = boxes.slice(1).map((box, index) => [boxes[index], box]).filter(([a, b]) => b.left >= a.right);
  return pairs.filter(([a, b]) => a.top !== b.top || a.height !== b.height);
})"""
"""Of the buttons that stand beside one another: which do not have the same top and height."""

OVERLAPS = Path(__file__).with_name("overlaps.js")
BAD_NEWS = """addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP", event.violatedDirective, event.blockedURI))"""
WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
NOTICE = {
    "live": "",
    "late": "The last poll failed: the portal answered 500",
    "silent": "The last poll failed: the portal answered 500",
    "frozen": ENGLISH["frozen.values"],
    "fault": "",
    "empty": ENGLISH["empty.unpolled"],
    "gaps": "",
    "partial": "",
    "paused": ENGLISH["silent.paused"],
    "decade": "",
}
"""What the page of a system in that state says at its top."""

ELSEWHERE = {
    "live": "s ago",
    "late": "late",
    "silent": "stale",
    "fault": "ault 17",
    "gaps": ENGLISH["legend.gap"],
    "partial": ENGLISH["words.unknown"],
}


Look = tuple[tuple[int, int], str, str]
EXPECTED = ("status of 503", "blocked by Playwright")
"""A system without readings is answered with 503; the service worker has tests of its own."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("states"), free_port()) as made:
        yield made


class Visit:
    """Somebody's browser; whatever it complains of, or asks of others, is kept."""

    def __init__(
        self,
        context: BrowserContext,
        url: str,
    ) -> None:
        self.context, self.url = context, url
        self.page = context.new_page()
        self.troubles: list[str] = []
        context.add_init_script(BAD_NEWS)
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("console", self._heard)
        context.on("request", self._asked)
        context.on("response", self._answered)

    def _heard(self, said: Any) -> None:
        expected = any(text in said.text for text in EXPECTED)
        if said.type in ("error", "warning") and not expected:
            self.troubles.append(f"console: {said.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.url, "blob:", "data:")):
            self.troubles.append(f"asks {request.url}")

    def _answered(self, response: Any) -> None:
        policy = response.headers.get("content-security-policy", "")
        if "default-src 'none'" not in policy or "unsafe" in policy:
            self.troubles.append(f"{response.url} has the policy {policy!r}")

    def see(self, path: str) -> Page:
        self.page.goto(self.url + path)
        self.page.wait_for_load_state("load")
        expect(self.page.locator("main")).to_be_visible(timeout=SETTLED_MS)
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0, timeout=SETTLED_MS)
        return self.page

    def forgive(self, *statuses: str) -> None:
        """These refusals are what the picture is about."""
        self.troubles = [one for one in self.troubles if not any(f"status of {s}" in one for s in statuses)]

    def prove(self, path: str) -> None:
        """What must hold of every picture."""
        assert self.page.evaluate(WIDTH) <= 0, f"{path} scrolls sideways"
        assert axe_faults(self.page) == [], path
        assert self.troubles == [], path


@pytest.fixture(scope="module")
def visits(browser: Browser, running: Site) -> Iterator[Callable[[Look], Visit]]:
    """Opens a window for each way of looking, once: another one for every picture would take minutes."""
    opened: dict[Look, Visit] = {}

    def window(look: Look) -> Visit:
        if look not in opened:
            (width, height), scheme, who = look
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                has_touch=width == PHONE[0],
                service_workers="block",
                storage_state=signed_in(browser, running, who),
                reduced_motion="reduce",
            )
            opened[look] = Visit(context, running.url)
        return opened[look]

    yield window
    for one in opened.values():
        one.context.close()


@pytest.fixture
def visit(visits: Callable[[Look], Visit], running: Site, request: pytest.FixtureRequest) -> Visit:
    """``request.param``: size, scheme and who is signed in."""
    running.beat()
    window = visits(request.param)
    window.troubles.clear()
    return window


def signed_in(browser: Browser, running: Site, who: str) -> Any:
    if not who:
        return None
    with browser.new_context() as context:
        about = {"email": who, "password": PASSWORD}
        assert context.request.post(f"{running.url}/api/auth/login", data=about).status == 200
        return context.storage_state()


def seen(size: tuple[int, int], scheme: str, who: str = ADMIN) -> Any:
    names = {WIDE: "wide", PHONE: "phone", WALL: "wall"}
    return pytest.param(
        (size, scheme, who), id=f"{names[size]}-{scheme}{'' if who == ADMIN else '-' + who[:5]}"
    )


EVERY_WAY = [seen(WIDE, "light"), seen(PHONE, "dark")]


@pytest.mark.parametrize("visit", EVERY_WAY, indirect=True)
@pytest.mark.parametrize("state", SYSTEM)
def test_a_system_in_every_state(visit: Visit, state: str) -> None:
    path = f"/dashboard/{SYSTEM[state]}"
    page = visit.see(path)
    if NOTICE[state]:
        expect(page.locator("#notice")).to_contain_text(NOTICE[state], timeout=SETTLED_MS)
    else:
        expect(page.locator("#charts svg").first).to_be_visible(timeout=SETTLED_MS)
        expect(page.locator("#notice")).to_be_hidden()
    if state in ELSEWHERE:
        expect(page.locator("main")).to_contain_text(ELSEWHERE[state], timeout=SETTLED_MS)
    visit.prove(path)


@pytest.mark.parametrize(
    "visit", [seen(WALL, "dark"), seen(WIDE, "dark"), seen(PHONE, "light")], indirect=True
)
@pytest.mark.parametrize("path", ["/dashboard", f"/dashboard/{SYSTEM['live']}?view=week&compare=1"])
def test_the_pages_people_look_at_on_a_wall_and_in_the_dark(visit: Visit, path: str) -> None:
    page = visit.see(path)
    expect(page.locator("main svg, .system-card").first).to_be_visible(timeout=SETTLED_MS)
    visit.prove(path)


@pytest.mark.parametrize("visit", EVERY_WAY, indirect=True)
@pytest.mark.parametrize("view", ["all", "year", "month"])
def test_ten_years(visit: Visit, view: str) -> None:
    path = f"/dashboard/{SYSTEM['decade']}?view={view}"
    page = visit.see(path)
    expect(page.locator("#bars svg")).to_be_visible(timeout=SETTLED_MS)
    visit.prove(path)


def drag(page: Page, first: float, last: float) -> None:
    """Over a stretch of the chart, in shares of the width that its times have."""
    box = page.locator("#chart svg").bounding_box()
    assert box is not None
    left, right = box["x"] + 48, box["x"] + box["width"] - 8
    page.mouse.move(left + first * (right - left), box["y"] + 80)
    page.mouse.down()
    page.mouse.move(left + last * (right - left), box["y"] + 80, steps=4)
    page.mouse.up()
    expect(page.locator("#charts[aria-busy]")).to_have_count(0, timeout=SETTLED_MS)


def step_s(page: Page) -> int:
    """How long the first interval of the charts is."""
    page.locator("#stack").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    times = re.findall(r"(\d\d):(\d\d)", page.locator("#cursor").inner_text())[:2]
    begin, end = (int(hour) * 60 + int(minute) for hour, minute in times)
    return (end - begin) * 60


@pytest.mark.parametrize("visit", [seen(WIDE, "light")], indirect=True)
@pytest.mark.parametrize(
    ("month", "day", "hours"), [((0, 0.01), (0.01, 0.05), (0.3, 0.4)), ((0.99, 1), (0.94, 0.99), (0.5, 0.6))]
)
def test_ten_years_are_zoomed_to_the_minutes_of_one_day_and_back(
    visit: Visit, month: tuple[float, float], day: tuple[float, float], hours: tuple[float, float]
) -> None:
    path = f"/dashboard/{SYSTEM['decade']}?view=all"
    page = visit.see(path)
    expect(page.locator("#bars-title")).to_contain_text("by year", timeout=SETTLED_MS)
    page.locator("#chart").scroll_into_view_if_needed()
    for stretch in (month, day, hours):
        drag(page, *stretch)
    assert step_s(page) == 60
    expect(page.locator("#chart path.area.load").first).to_be_attached()
    expect(page.locator("#chart rect.hole")).to_have_count(0)
    visit.prove(path)
    page.go_back()
    expect(page.locator("#charts[aria-busy]")).to_have_count(0, timeout=SETTLED_MS)
    assert step_s(page) == 300
    page.keyboard.press("Escape")
    expect(page.locator("#bars-title")).to_contain_text("by year", timeout=SETTLED_MS)
    expect(page.locator("#bars .piece.load")).to_have_count(11)


@pytest.mark.parametrize("visit", EVERY_WAY, indirect=True)
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/admin", "UTC+10:00"),
        ("/admin?part=health", "the portal answered 500"),
        ("/admin?part=backups", "backup-"),
        ("/admin?part=storage", "readings_agg_5m"),
        ("/admin?part=migrations", ENGLISH["admin.noEntries"]),
    ],
)
def test_every_part_of_the_administration(visit: Visit, path: str, words: str) -> None:
    page = visit.see(path)
    expect(page.locator("#part")).to_contain_text(words, timeout=SETTLED_MS)
    visit.prove(path)


@pytest.mark.parametrize("visit", EVERY_WAY, indirect=True)
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/admin?ask=add", "LIVEONE_VENDOR_HOME_PASSWORD"),
        ("/admin?ask=add&site=none", ENGLISH["admin.importOnlyHelp"]),
        ("/admin?part=imports&ask=import", ENGLISH["admin.importHelp"]),
        ("/admin?part=imports&ask=forget", ENGLISH["admin.forgetHelp"]),
        ("/admin?ask=edit&system=1", "Edit Home 1586"),
        ("/admin?ask=remove&system=1", " readings, from "),
        ("/admin?ask=edit&system=99", "There is no system 99."),
        ("/admin?part=backups&ask=restore&backup=backup-20200101-000000.db", "there is no backup"),
    ],
)
def test_every_question_of_the_administration(visit: Visit, path: str, words: str) -> None:
    page = visit.see(path)
    expect(page.get_by_role("dialog")).to_contain_text(words, timeout=SETTLED_MS)
    assert page.evaluate(CROOKED) == []
    visit.forgive("400", "404")
    visit.prove(path)


@pytest.mark.parametrize("visit", [seen(WIDE, "light", ""), seen(PHONE, "dark", "")], indirect=True)
@pytest.mark.parametrize(
    ("path", "words"), [("/login", "Password"), ("/offline", "cannot be reached"), ("/docs", "/api/history")]
)
def test_pages_for_everybody(visit: Visit, path: str, words: str) -> None:
    page = visit.see(path)
    expect(page.locator("main")).to_contain_text(words, timeout=SETTLED_MS)
    visit.prove(path)


@pytest.mark.parametrize("visit", [seen(WIDE, "light", GUEST), seen(PHONE, "dark", GUEST)], indirect=True)
@pytest.mark.parametrize(
    ("path", "words"),
    [("/dashboard", "me.nothingShared"), ("/admin", "admin.forbidden")],
)
def test_somebody_without_any_system(visit: Visit, path: str, words: str) -> None:
    page = visit.see(path)
    expect(page.get_by_role("alert").first).to_contain_text(ENGLISH[words], timeout=SETTLED_MS)
    visit.forgive("403")
    visit.prove(path)


@pytest.mark.parametrize("visit", [seen(WIDE, "light", GUEST), seen(PHONE, "dark", GUEST)], indirect=True)
@pytest.mark.parametrize("path", ["/dashboard/1", "/dashboard/99", "/nothing"])
def test_somebody_elses_system_is_a_page_where_there_is_nothing(visit: Visit, path: str) -> None:
    """The same for a system that one may not see and for one that there is not: it tells nobody which."""
    page = visit.see(path)
    expect(page.get_by_role("heading", level=1)).to_have_text(ENGLISH["missing.title"])
    expect(page.locator("main")).to_contain_text(ENGLISH["missing.text"])
    visit.forgive("404")
    visit.prove(path)
    page.get_by_role("link", name=ENGLISH["missing.home"]).click()
    expect(page.get_by_role("alert").first).to_contain_text(ENGLISH["me.nothingShared"], timeout=SETTLED_MS)


NARROW = (
    "/dashboard?",
    "/dashboard?as=list&",
    *(f"/dashboard/{SYSTEM['live']}?view={view}&compare=1&unit=w&" for view in ("day", "week", "month")),
    *(f"/dashboard/{SYSTEM['decade']}?view={view}&" for view in ("year", "all")),
    *(f"/dashboard/{SYSTEM[state]}?" for state in ("silent", "frozen", "fault", "empty", "partial")),
    *(
        f"/admin?part={part}&"
        for part in ("systems", "health", "imports", "backups", "storage", "migrations")
    ),
    *(f"/admin?ask={ask}&system=1&" for ask in ("add", "edit", "remove", "add&site=none")),
    *(f"/admin?part=imports&ask={ask}&" for ask in ("import", "forget")),
    "/offline?",
    "/docs?",
)


@pytest.mark.parametrize("visit", [seen(PHONE, "light")], indirect=True)
@pytest.mark.parametrize("language", ["en", "de"])
def test_no_text_lies_on_another_or_is_cut_off_on_the_narrowest_screen(visit: Visit, language: str) -> None:
    found = {path: texts_in_trouble(visit.see(f"{path}lang={language}")) for path in NARROW}
    assert {path: said for path, said in found.items() if said} == {}


@pytest.mark.parametrize("visit", [seen(PHONE, "light", "")], indirect=True)
def test_no_text_of_the_sign_in_page_is_cut_off_on_the_narrowest_screen(visit: Visit) -> None:
    for language in ("en", "de"):
        assert texts_in_trouble(visit.see(f"/login?lang={language}")) == []


def texts_in_trouble(page: Page) -> list[str]:
    """Once everything is drawn: what the page says where nobody can read it."""
    if page.locator("#charts").count() and page.locator("#charts").is_visible():
        expect(page.locator("#heat svg")).to_be_attached(timeout=SETTLED_MS)
    page.evaluate(WIDEST)
    found = page.evaluate(OVERLAPS.read_text())
    return [str(one) for one in found]


@pytest.mark.parametrize("visit", [seen(WIDE, "light")], indirect=True)
def test_the_page_reconnects_after_the_server_was_started_again(visit: Visit, running: Site) -> None:
    page = visit.see(f"/dashboard/{SYSTEM['live']}")
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=SETTLED_MS)
    running.stop()
    expect(page.locator("#link")).to_have_text(ENGLISH["link.reconnecting"], timeout=SETTLED_MS)
    running.start()
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=SETTLED_MS)
    running.beat()
    expect(page.locator("#age")).to_contain_text("s ago", timeout=SETTLED_MS)

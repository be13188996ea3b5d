"""The administrator's page imports a file after showing it, lists what was done, and takes it back."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.web.support import SetClock, services, serving

from liveone.domain.zones import Zone
from liveone.store import readings
from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings
from liveone.web.services import Services
from liveone.wiring.repairs import ReadingRepairs

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("LIVEONE_SHOTS")


@pytest.fixture
def wired(store: Store, clock: SetClock) -> Services:
    return replace(services(store, AuthSettings(), clock), repairs=ReadingRepairs(store, clock))


def shot(page: Page, name: str) -> None:
    """A picture for whoever asks for it; none by default."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def test_a_file_is_seen_imported_listed_and_undone(
    page: Page, store: Store, wired: Services, clock: SetClock, tmp_path: Path
) -> None:
    at, count = int(clock.at) - 40 * 86_400, readings.count(store, 1)
    file = tmp_path / "house.csv"
    file.write_text(f"Zeit;Haus [kW];Rest\n{at};1,5;x\n{at + 300};9999;\n")
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?part=imports")
        expect(page.get_by_text("Nothing was imported or taken out yet.")).to_be_visible()
        page.get_by_role("button", name="Import a file").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("File (CSV or JSON)").set_input_files(file)
        dialog.get_by_text("More about the file").click()
        dialog.get_by_label("Columns of other names, one a line").fill("Haus [kW]=load_w")
        dialog.get_by_role("button", name="Look at it first").click()
        expect(
            dialog.get_by_text("2 readings: 2 would be new, 0 replaced, 0 are there already.")
        ).to_be_visible()
        expect(dialog.get_by_text("load_w 1,500")).to_be_visible()
        expect(dialog.get_by_text("Values left out because they cannot be: 1.")).to_be_visible()
        assert readings.count(store, 1) == count
        shot(page, "imports-look")
        dialog.get_by_role("button", name="Import a file").click()
        expect(dialog.get_by_text("2 readings: 2 new, 0 replaced, 0 were there already.")).to_be_visible()
        assert readings.count(store, 1) == count + 2
        dialog.get_by_role("button", name="Close").click()
        row = page.get_by_role("row", name="house.csv")
        expect(row).to_contain_text("2 added")
        shot(page, "imports-list")
        row.get_by_role("button", name="Undo: house.csv").click()
        page.get_by_role("dialog").get_by_role("button", name="Undo").click()
        expect(page.get_by_role("row", name="house.csv")).to_contain_text("undone by")
        assert readings.count(store, 1) == count


def test_what_is_wrong_with_a_file_is_said_in_the_dialog(page: Page, wired: Services, tmp_path: Path) -> None:
    file = tmp_path / "house.csv"
    file.write_text("a;b\n1;2\n")
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?part=imports&ask=import")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("File (CSV or JSON)").set_input_files(file)
        dialog.get_by_role("button", name="Look at it first").click()
        expect(dialog.get_by_role("alert")).to_contain_text("house.csv: no column `inverter_time`")


def test_readings_are_counted_then_taken_out(
    page: Page, store: Store, wired: Services, clock: SetClock
) -> None:
    yesterday = Zone(600).day_of(clock.at - 86_400)
    count = readings.count(store, 1)
    page.set_viewport_size({"width": 390, "height": 844})
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?part=imports&ask=forget")
        dialog = page.get_by_role("dialog")
        for label in ("First day", "Last day, included"):
            dialog.get_by_label(label).fill(yesterday)
        dialog.get_by_role("button", name="Count them first").click()
        expect(dialog.get_by_text("readings would be taken out.")).to_be_visible()
        assert readings.count(store, 1) == count
        shot(page, "imports-forget-phone")
        dialog.get_by_role("button", name="Take readings out").click()
        expect(page.get_by_text("readings are taken out.")).to_be_visible()
        expect(page.get_by_role("row", name="forgotten")).to_contain_text("set aside")
        assert readings.count(store, 1) < count
        shot(page, "imports-phone")


REFUSALS = {
    "a;b\n1;2\n": "house.csv: keine Spalte `inverter_time`. Sie enthält die Zeit des Messwerts",
    "2024-05-01 12:00;5\n": "hat keine Kopfzeile",
    "timestamp;load_w\n2024-05-01 12:00;5\n": "nennt keinen Abstand zu UTC",
    "timestamp;load_w;Rest\n1714560000;9999999;x\n4000000000;5;x\n": "9.999.999 kann nicht sein",
}
ENGLISH = re.compile(r"\b(the|is|are|of|and|not|with|no|its|by|reading|readings|column|file|there)\b")
NOT_GERMAN = """dialog => {
  const copy = dialog.cloneNode(true);
  for (const one of copy.querySelectorAll("[lang], select.systems")) one.remove();
  return copy.innerText;
}"""


@pytest.fixture
def german(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="de-DE")
    yield context.new_page()
    context.close()


def test_in_german_no_word_of_the_import_is_english(german: Page, wired: Services, tmp_path: Path) -> None:
    with serving(wired) as client:
        for text, says in REFUSALS.items():
            file = tmp_path / "house.csv"
            file.write_text(text)
            german.goto(f"{client.base_url}/admin?part=imports&ask=import")
            dialog = german.get_by_role("dialog")
            dialog.get_by_label("Datei (CSV oder JSON)").set_input_files(file)
            dialog.get_by_role("button", name="Erst ansehen").click()
            expect(dialog).to_contain_text(says)
            assert dialog.locator("[lang=en]").count() == 0
            said = dialog.evaluate(NOT_GERMAN)
            assert not ENGLISH.search(said.replace("house.csv", "")), said


@pytest.mark.parametrize(
    "address", ["part=imports&ask=forget", "ask=edit&system=1", "ask=add", "ask=remove&system=1"]
)
def test_in_german_no_dialog_has_english_words(german: Page, wired: Services, address: str) -> None:
    with serving(wired) as client:
        german.goto(f"{client.base_url}/admin?{address}")
        dialog = german.get_by_role("dialog")
        shown = dialog.get_by_role("button", name="Abbrechen").or_(dialog.get_by_role("alert"))
        expect(shown.first).to_be_visible()
        said = dialog.evaluate(NOT_GERMAN)
        assert not ENGLISH.search(said), said

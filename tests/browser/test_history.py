"""The charts: gaps as gaps, periods in the address, one cursor, zoom to the readings, downloads."""

import csv
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.states import decade
from tests.web.support import SetClock, add, fill, house, services, serving

from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser
DAY_S = 86_400


def test_a_gap_is_drawn_as_a_gap_and_its_energy_as_estimated(
    page: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1?mode=lines")
        expect(page.locator("#chart path.curve.load")).to_have_count(2)
        expect(page.locator("#chart rect.hole")).to_have_count(1)
        expect(page.locator("#bars rect.estimate").first).to_be_attached()
        expect(page.locator("#energy td.est").first).to_be_visible()
        expect(page.locator("#strip .strip.none")).to_have_count(1)
        expect(page.locator("#coverage-text")).to_contain_text("% complete")


def test_one_cursor_for_all_charts_moves_by_keys(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#chart svg")).to_be_visible()
        page.locator("#stack").focus()
        page.keyboard.press("End")
        expect(page.locator("#cursor")).to_contain_text("19:05–19:10")
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#cursor")).to_contain_text("19:00–19:05")
        expect(page.locator(".stack > .at")).to_be_visible()


def test_keys_alone_move_far_zoom_in_and_out(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#bars svg")).to_be_visible()
        page.locator("#stack").focus()
        for key, interval in (
            ("Home", "00:00–00:05"),
            ("PageDown", "01:00–01:05"),
            ("ArrowRight", "01:05–01:10"),
            ("PageUp", "00:05–00:10"),
            ("ArrowLeft", "00:00–00:05"),
            ("ArrowLeft", "00:00–00:05"),
        ):
            page.keyboard.press(key)
            expect(page.locator("#cursor")).to_contain_text(interval)
        page.keyboard.press("+")
        expect(page).to_have_url(re.compile("from="))
        page.keyboard.press("-")
        expect(page).not_to_have_url(re.compile("from="))


def test_a_period_is_in_the_address_and_back_leads_back(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        page.get_by_role("button", name="Week", exact=True).click()
        expect(page).to_have_url(re.compile(r"\?view=week$"))
        expect(page.locator("#bars-title")).to_contain_text("by day")
        page.go_back()
        expect(page.locator("#bars-title")).to_contain_text("by hour")
        page.get_by_role("button", name="Previous period").click()
        expect(page).to_have_url(re.compile(r"\?day=\d{4}-\d\d-\d\d$"))
        page.goto(f"{client.base_url}/dashboard/1?view=month&compare=1&only=solar&mode=lines")
        expect(page.locator("#compare")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#chart path.curve.load:not(.ghost)")).to_have_count(0)
        expect(page.locator(".changed").first).to_be_visible()


def test_dragging_zooms_to_the_raw_minutes_and_escape_leads_out(
    page: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#chart svg")).to_be_visible()
        page.locator("#chart").scroll_into_view_if_needed()
        box = page.locator("#chart").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.30, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.40, box["y"] + 100, steps=5)
        page.mouse.up()
        expect(page).to_have_url(re.compile(r"from=.*&to="))
        expect(page.locator("#zoom-out")).to_be_visible()
        expect(page.locator("#charts[aria-busy]")).to_have_count(0)
        page.locator("#stack").focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        said = page.locator("#cursor").inner_text()
        start, end = re.findall(r"(\d\d):(\d\d)", said)[:2]
        assert (int(end[0]) * 60 + int(end[1])) - (int(start[0]) * 60 + int(start[1])) == 1
        page.keyboard.press("Escape")
        expect(page.locator("#zoom-out")).to_be_hidden()


def test_a_total_shows_what_it_was_made_of(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        page.locator(".total.load").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator("tbody tr")).to_have_count(20)
        expect(dialog.locator("td.est").first).to_be_visible()
        dialog.get_by_role("button", name="minute by minute").click()
        expect(page).to_have_url(re.compile(r"from="))


HEADINGS = (
    "from,to,solar_w,load_w,battery_w,grid_w,losses_w,soc_pct,"
    "solar_kwh,load_kwh,battery_in_kwh,battery_out_kwh,grid_in_kwh,grid_out_kwh"
)


def table(page: Page) -> list[dict[str, str]]:
    """The rows of the CSV of what is shown."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    return list(csv.DictReader(Path(waiting.value.path()).read_text().splitlines()))


def test_what_is_shown_can_be_taken_along(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#chart svg")).to_be_visible()
        rows = table(page)
        headings = ",".join(rows[0])
        assert headings.startswith(f"{HEADINGS},coverage_pct,solar_kwh estimated,")
        assert len(rows) == 288
        assert all(row["from"].endswith("+10:00") for row in rows)
        at = {row["to"][11:16]: row for row in rows}
        assert float(at["10:00"]["load_kwh"]) == pytest.approx(float(at["10:00"]["load_w"]) / 12_000, 0.02)
        assert (at["10:00"]["coverage_pct"], at["10:00"]["load_kwh estimated"]) == ("100", "0")
        assert (at["11:30"]["coverage_pct"], at["11:30"]["load_w"]) == ("0", "")
        assert (float(at["11:30"]["load_kwh"]) > 0, at["11:30"]["load_kwh estimated"]) == (True, "1")
        assert (at["23:00"]["coverage_pct"], at["23:00"]["load_kwh"]) == ("", "")


RECORD_TEXTS = """
const draw = CanvasRenderingContext2D.prototype.fillText;
window.drawn = [];
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const { a: ratio } = this.getTransform();
  const right = x + this.measureText(text).width;
  const isInside = x >= 0 && y >= 0 && right * ratio <= this.canvas.width && y * ratio <= this.canvas.height;
  window.drawn.push({ text, isInside, hue: this.fillStyle });
  return draw.call(this, text, x, y);
};
"""


def test_a_picture_of_what_is_shown_says_what_its_colours_mean(
    page: Page, store: Store, clock: SetClock
) -> None:
    page.add_init_script(RECORD_TEXTS)
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#chart svg")).to_be_visible()
        legend = page.locator("#legend li:visible").all_text_contents()
        with page.expect_download() as waiting:
            page.get_by_role("button", name="PNG").click()
        assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")
        drawn = page.evaluate("window.drawn")
    assert len(legend) >= 4
    assert [one["text"] for one in drawn if one["text"] in legend] == legend
    assert all(one["isInside"] for one in drawn)
    assert len({one["hue"] for one in drawn}) == 1, "all words are as dark as the title"


@pytest.mark.parametrize(("view", "rows_a_day"), [("week", 96), ("month", 24), ("all", 1)])
def test_a_table_of_several_days_has_the_energies_of_its_rows_and_what_was_read_of_each_day(
    page: Page, store: Store, clock: SetClock, view: str, rows_a_day: int
) -> None:
    today = datetime.fromtimestamp(clock.at + 36_000, UTC).date().isoformat()
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1?view={view}")
        expect(page.locator("#bars svg")).to_be_visible()
        rows = [row for row in table(page) if row["from"].startswith(today)]
        assert len(rows) == rows_a_day
        assert ",".join(rows[0]).startswith(f"{HEADINGS},day_coverage_pct,")
        assert 85 < float(rows[0]["day_coverage_pct"]) < 100
        assert any(row["load_kwh estimated"] == "1" for row in rows)
        load_kwh = sum(float(row["load_kwh"] or 0) for row in rows)
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#bars svg")).to_be_visible()
        assert load_kwh == pytest.approx(
            float(page.locator(".total.load .value").inner_text().split()[0]), abs=0.051
        ), "to the digits that the page shows"


def test_a_house_without_a_battery_has_its_grid_drawn_on_its_solar(
    page: Page, store: Store, clock: SetClock
) -> None:
    system = add(store, "alice", site="1600")
    rows = house(clock.at - DAY_S, clock.at)
    bare = (replace(row, battery_w=None, battery_soc_pct=None, grid_w=row.battery_w) for row in rows)
    fill(store, system, bare, clock.at)
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/{system.id}")
        expect(page.locator("#chart .area.grid").first).to_be_visible()
        expect(page.locator("#chart .area.battery")).to_have_count(0)


def test_heat_map_leads_to_the_day(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1?heat=coverage")
        cells = page.locator(".heat-cell:not(.later)")
        expect(cells.first).to_be_attached()
        cells.last.hover()
        expect(page.locator("#heat-text")).to_contain_text("%")
        page.locator(".heat-cell:not(.later)").nth(-2).click()
        expect(page).to_have_url(re.compile(r"day=\d{4}"))


def test_ten_years_are_good_to_look_at_and_quick_to_point_at(
    page: Page, store: Store, clock: SetClock
) -> None:
    system = add(store, "alice", site="9")
    decade(store, system, clock.at)
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/{system.id}?view=all")
        expect(page.locator("#bars-title")).to_contain_text("by year")
        expect(page.locator("#bars .piece.solar")).to_have_count(11)
        page.locator("#stack").focus()
        median_ms = page.evaluate(
            """async () => {
              const stack = document.getElementById("stack");
              const box = document.getElementById("chart").getBoundingClientRect();
              const took = [];
              for (let x = 100; x < box.width; x += 25) {
                const begin = performance.now();
                const place = { clientX: box.left + x, clientY: box.top + 50 };
                stack.dispatchEvent(new PointerEvent("pointermove", place));
                document.body.getBoundingClientRect();
                took.push(performance.now() - begin);
                await new Promise(requestAnimationFrame);
              }
              return took.sort((a, b) => a - b)[took.length >> 1];
            }"""
        )
        assert median_ms < 100, "the figure itself is measured by `make bench`"


def test_the_cursor_names_every_value_and_comparing_names_the_period_before(
    page: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1?compare=1")
        expect(page.locator("#legend-before")).to_contain_text(re.compile(r"\d{4}"))
        expect(page.locator(".total.solar .changed")).to_contain_text("before: ")
        expect(page.locator(".total.share .changed").first).to_contain_text("before: ")
        page.locator("#stack").focus()
        page.keyboard.press("End")
        for hue in ("solar", "load", "battery", "grid", "losses", "soc"):
            expect(page.locator(f"#cursor .chip.{hue}")).to_contain_text(re.compile(r"[\d.]+\s(W|kW|%)"))


def test_nothing_is_missing_before_there_was_anything(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1?view=year")
        expect(page.locator("#coverage-text")).to_contain_text("complete")
        expect(page.locator("#chart rect.hole")).to_have_count(0)
        page.goto(f"{client.base_url}/dashboard/1?view=all")
        expect(page.locator("#coverage-text")).to_contain_text(re.compile(r"9\d\.\d\s% complete"))


def test_the_year_can_be_walked_by_keys(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#heat-scale")).to_contain_text("kWh")
        page.locator("#heat svg").focus()
        page.keyboard.press("ArrowUp")
        expect(page.locator("#heat-text")).to_contain_text("kWh")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"\?day=\d{4}-\d\d-\d\d$"))


def test_a_wall_screen_shows_now_and_the_charts_at_once(page: Page, store: Store, clock: SetClock) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#bars svg")).to_be_visible()
        for part in ("#today", "#bars"):
            box = page.locator(part).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 1080, part


@pytest.mark.parametrize("width", [320, 390, 1280, 1920])
def test_nothing_is_wider_than_the_screen(page: Page, store: Store, clock: SetClock, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    with serving(services(store, AuthSettings(), clock)) as client:
        for path in ("dashboard/1", "dashboard/1?view=year&compare=1", "dashboard", "admin", "login", "docs"):
            page.goto(f"{client.base_url}/{path}")
            page.wait_for_load_state("load")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.set_viewport_size({"width": max(width, 360), "height": 800})
        page.goto(f"{client.base_url}/dashboard/1")
        page.locator("#energy").scroll_into_view_if_needed()
        expect(page.locator("#energy tbody td").first).to_be_visible()
        assert page.locator("#energy").evaluate("table => table.scrollWidth - table.clientWidth") == 0

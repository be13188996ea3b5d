"""Days of 23 and 25 hours, drawn in the system's own time for a viewer who lives elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect
from tests.web.support import SetClock, house, services, serving

from liveone.collect.days import closer
from liveone.domain.zones import Zone
from liveone.store import bulk, systems
from liveone.store.files import create
from liveone.store.readings import row_of
from liveone.store.store import open_store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser
DAY_S = 86_400
BERLIN, LORD_HOWE = Zone(60, "Europe/Berlin"), Zone(630, "Australia/Lord_Howe")
SPRING, AUTUMN = "2026-03-29", "2026-10-25"
NARROW = {"width": 390, "height": 844}


@contextmanager
def living(folder: Path, zone: Zone, day: str) -> Iterator[httpx2.Client]:
    """A house with readings of two days before a day to noon of the day after it, which is now."""
    clock = SetClock(zone.bounds(day)[1] + DAY_S // 2)
    create(folder / "live.db")
    store = open_store(folder / "live.db")
    try:
        system = systems.add_system(
            store,
            owner="alice",
            vendor_type="select.live",
            vendor_site_id="1586",
            display_name="Hut",
            timezone_offset_min=zone.offset_min,
            time_zone=zone.name,
        )
        readings = house(zone.bounds(day)[0] - 2 * DAY_S, int(clock.at) + 1)
        bulk.import_readings(store, system.id, map(row_of, readings))
        closer.catch_up(store, clock.at)
        with serving(services(store, AuthSettings(), clock)) as client:
            yield client
    finally:
        store.close()


def show(page: Page, client: httpx2.Client, asked: str, *, wide: int = 1900) -> None:
    page.set_viewport_size({"width": wide, "height": 1100})
    page.goto(f"{client.base_url}/dashboard/1?{asked}")
    expect(page.locator("#charts[aria-busy]")).to_have_count(0)
    expect(page.locator("#bars rect.piece.load").first).to_be_attached()


def night(day: str) -> str:
    """The address of the first four hours of a day."""
    start_at = BERLIN.bounds(day)[0]
    first, last = (
        f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%MZ}" for at in (start_at, start_at + 14_400)
    )
    return f"from={first}&to={last}"


def marks(page: Page, chart: str) -> list[str]:
    """The times written below a chart, from left to right."""
    return [text for text in page.locator(f"#{chart} svg text").all_text_contents() if ":" in text]


def shown(value: Locator) -> float:
    """The number of a text such as ``13.8 kWh``."""
    return float(value.inner_text().split()[0])


def starts(page: Page) -> list[float]:
    """Where the bars of the load begin, px."""
    return [float(bar.get_attribute("x") or "nan") for bar in page.locator("#bars rect.piece.load").all()]


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_a_day_has_as_many_bars_as_hours(page: Page, tmp_path: Path, day: str, hours: int) -> None:
    with living(tmp_path, BERLIN, day) as client:
        show(page, client, f"day={day}")
        places = starts(page)
        assert len(places) == hours
        gaps = [after - before for before, after in pairwise(places)]
        assert max(gaps) - min(gaps) < 0.5
        expect(page.locator("#chart rect.hole")).to_have_count(0)
        expect(page.locator("#coverage-text")).to_contain_text("100")
        way = "forward" if hours == 23 else "back"
        expect(page.locator("#clock-change")).to_contain_text(f"has {hours} hours: the clocks go {way}.")
        page.locator("#stack").focus()
        page.keyboard.press("End")
        expect(page.locator("#cursor")).to_contain_text("23:55–00:00")
        page.keyboard.press("Home")
        expect(page.locator("#cursor")).to_contain_text("00:00–00:05")
        expect(page.locator("#times")).to_contain_text("Europe/Berlin")


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_a_days_energy_is_that_of_all_its_hours_in_the_heat_map_and_in_the_table(
    page: Page, tmp_path: Path, day: str, hours: int
) -> None:
    start_at, end_at = BERLIN.bounds(day)
    load_kwh = sum(reading.load_w or 0 for reading in house(start_at + 60, end_at + 1)) / 60_000
    with living(tmp_path, BERLIN, day) as client:
        show(page, client, f"day={day}&heat=load&unit=w")
        assert shown(page.locator(".total.load .value")) == pytest.approx(load_kwh, abs=0.06)
        cell = page.locator(f'.heat-cell[data-index="{date.fromisoformat(day).timetuple().tm_yday - 1}"]')
        cell.hover()
        said = page.locator("#heat-text").inner_text()
        assert said.partition(": ")[0].endswith(f"{date.fromisoformat(day):%b %-d, %Y}")
        assert float(said.partition(": ")[2].split()[0]) == pytest.approx(load_kwh, abs=0.06)
        row = page.locator("#energy tr", has_text="House").first.locator("td")
        assert shown(row.nth(1)) == pytest.approx(1000 * load_kwh / hours, abs=1)
        assert shown(row.nth(2)) == pytest.approx(600, abs=20)
        page.get_by_role("button", name="kWh", exact=True).click()
        assert shown(row.nth(1)) == pytest.approx(load_kwh, abs=0.06)
        cell.click()
        assert f"day={day}" in page.url


def test_an_hour_that_was_skipped_has_no_mark_and_no_place(page: Page, tmp_path: Path) -> None:
    with living(tmp_path, BERLIN, SPRING) as client:
        show(page, client, night(SPRING))
        for chart in ("chart", "bars"):
            assert [text for text in marks(page, chart) if text.endswith(":00")] == [
                "00:00",
                "01:00",
                "03:00",
                "04:00",
                "05:00",
            ]
        show(page, client, f"day={SPRING}", wide=390)
        assert "02:00" not in marks(page, "bars")


def test_an_hour_that_came_twice_has_two_marks_and_is_told_apart(page: Page, tmp_path: Path) -> None:
    with living(tmp_path, BERLIN, AUTUMN) as client:
        show(page, client, night(AUTUMN))
        for chart in ("chart", "bars"):
            assert [text for text in marks(page, chart) if text.endswith(":00")] == [
                "00:00",
                "01:00",
                "02:00",
                "02:00",
                "03:00",
            ]
        show(page, client, f"day={AUTUMN}")
        page.locator("#stack").focus()
        page.keyboard.press("Home")
        for _ in range(26):
            page.keyboard.press("ArrowRight")
        expect(page.locator("#cursor")).to_contain_text("02:10 UTC+02:00–02:15 UTC+02:00")
        for _ in range(12):
            page.keyboard.press("ArrowRight")
        expect(page.locator("#cursor")).to_contain_text("02:10 UTC+01:00–02:15 UTC+01:00")


def test_days_follow_one_another_across_the_change(page: Page, tmp_path: Path) -> None:
    with living(tmp_path, BERLIN, AUTUMN) as client:
        show(page, client, "day=2026-10-24")
        for expected, hours in (("2026-10-25", 25), ("2026-10-26", 12)):
            page.get_by_role("button", name="Next period").click()
            expect(page.locator("#charts[aria-busy]")).to_have_count(0)
            expect(page.locator("#bars rect.piece.load")).to_have_count(hours)
            assert expected in page.url or expected == "2026-10-26"
        page.get_by_role("button", name="Previous period").click()
        expect(page.locator("#bars rect.piece.load")).to_have_count(25)
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV").click()
        lines = download.value.path().read_text().splitlines()
        assert len(lines) == 301
        assert sum("T02:" in line.split(",")[0] for line in lines) == 24
        assert {line.split(",")[0][-6:] for line in lines[1:]} == {"+02:00", "+01:00"}


def test_clocks_that_move_by_half_an_hour_are_drawn_by_their_own_hours(page: Page, tmp_path: Path) -> None:
    with living(tmp_path, LORD_HOWE, "2026-04-05") as client:
        show(page, client, "day=2026-04-05")
        places = starts(page)
        assert len(places) == 24
        gaps = [round(after - before) for before, after in pairwise(places)]
        assert max(gaps) == gaps[1]
        assert gaps[1] == pytest.approx(1.5 * gaps[5], abs=3)
        for language, words in (("de", "hat 24,5 Stunden"), ("en", "has 24.5 hours")):
            page.goto(f"{client.base_url}/dashboard/1?view=week&day=2026-04-05&lang={language}")
            expect(page.locator("#clock-change")).to_contain_text(words)
        page.get_by_role("button", name="Next period").click()
        expect(page.locator("#clock-change")).to_be_hidden()

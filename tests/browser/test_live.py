"""The page of one system: values with their ages, live, honest when data are late, missing or stuck."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.web.support import OWNER, PASSWORD, SetClock, add, later, services, serving

from liveone.domain.reading import Reading
from liveone.store import polling, readings, systems
from liveone.store.files import create
from liveone.store.readings import Recorded
from liveone.store.store import Store, open_store
from liveone.web.auth.callers import AuthSettings

pytestmark = pytest.mark.browser


def newest(store: Store) -> Reading:
    reading = readings.latest(store, 1, 4e9)
    assert reading is not None
    return reading


def test_now_says_every_value_with_its_age_and_sign_in_words(
    page: Page, store: Store, clock: SetClock
) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/")
        expect(page).to_have_url(f"{client.base_url}/dashboard/1")
        expect(page.locator(".node")).to_have_count(4)
        expect(page.locator(".node.battery .words")).to_have_text("discharging")
        expect(page.locator(".losses .value")).to_have_text("40 W")
        expect(page.locator("#age")).to_contain_text("s ago")
        expect(page.locator("#times")).to_contain_text("UTC+10:00")
        expect(page.locator("#link")).to_have_text("live")
        expect(page.locator("#outlook")).to_contain_text("Empty in")


def test_the_newest_values_are_in_the_page_before_any_script(store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        german = client.get("/dashboard/1", headers={"accept-language": "de-CH,de;q=0.9"}).text
        assert '<html lang="de"' in german
        assert re.search(r'<span class="value">\d+\sW</span>', german)
        assert "{{" not in german


def test_in_and_out_are_drawn_on_one_scale(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        widths = page.locator(".bars").evaluate_all(
            """rows => rows.map((row) =>
              [...row.children].reduce((sum, part) => sum + part.getBoundingClientRect().width, 0))"""
        )
        assert len(widths) == 2
        assert abs(widths[0] - widths[1]) < 6
        expect(page.locator(".bars .losses")).to_have_count(1)


def test_a_new_reading_shows_within_a_second(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#link")).to_have_text("live")
        reading = later(newest(store), 30, load_w=4321, fault_code=17)
        readings.record(store, [Recorded(1, reading, polled_at=reading.received_time)])
        expect(page.locator(".node.load .value")).to_have_text("4.32 kW", timeout=1000)
        expect(page.locator("#fault")).to_contain_text("Fault 17 (no public list of meanings")


def test_late_is_amber_and_silent_is_grey_with_the_reason(page: Page, store: Store, clock: SetClock) -> None:
    clock.at += 200
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator('[data-mood="late"]')).to_have_count(3)
        clock.at += 2000
        polling.failed_together(store, [polling.FailedPoll(1, clock.at, "the portal answered 500")])
        page.reload()
        expect(page.locator('[data-mood="silent"]')).to_have_count(3)
        expect(page.locator("#notice")).to_contain_text("The last poll failed: the portal answered 500")
        expect(page.locator("#age")).to_contain_text("stale")


def test_values_that_stand_still_are_told_from_live_ones(page: Page, store: Store, clock: SetClock) -> None:
    stuck = newest(store)
    for step in range(1, 13):
        reading = later(stuck, 60 * step)
        readings.record(store, [Recorded(1, reading, polled_at=reading.received_time)])
    clock.at += 12 * 60
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#notice")).to_contain_text("stood still")
        expect(page.locator('[data-mood="frozen"]')).to_have_count(3)
        expect(page.locator("#link")).to_have_text("standing still")
        page.wait_for_timeout(1000)
        assert page.locator(".dots.on[stroke-dashoffset]").count() == 0


def test_absent_is_a_dash_never_zero(page: Page, store: Store, clock: SetClock) -> None:
    partial = replace(later(newest(store), 1), solar_w=None, battery_soc_pct=None)
    readings.record(store, [Recorded(1, partial, polled_at=clock.at)])
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator(".node.solar .value")).to_have_text("–")
        expect(page.locator(".node.solar .words")).to_have_text("not reported")
        expect(page.locator(".balance-row .side b")).to_have_text([re.compile("W"), re.compile("W")])
        assert len(set(page.locator(".balance-row .side b").all_inner_texts())) == 1
        expect(page.locator(".losses .value")).to_have_text("40 W")
        expect(page.locator(".soc .value")).to_have_text("–")


def test_a_number_explains_itself(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        page.locator("button.losses.figure-line").click()
        expect(page.get_by_role("dialog")).to_contain_text("Solar + battery + grid − house")
        expect(page.get_by_role("dialog")).to_contain_text("40 W")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_reduced_motion_stops_the_dots(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#flow")).to_have_attribute("data-moving", "true")
        page.emulate_media(reduced_motion="reduce")
        expect(page.locator("#flow")).to_have_attribute("data-moving", "false")


def test_the_page_goes_on_after_the_server_restarted(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        port = client.base_url.port
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#link")).to_have_text("live")
    expect(page.locator("#link")).to_have_text("reconnecting")
    reading = later(newest(store), 30, load_w=2345)
    readings.record(store, [Recorded(1, reading, polled_at=reading.received_time)])
    with serving(services(store, AuthSettings(), clock), on_port=port):
        expect(page.locator("#link")).to_have_text("live", timeout=15_000)
        expect(page.locator(".node.load .value")).to_have_text("2.35 kW")


def test_signing_in_leads_back_and_signing_out_ends_it(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, OWNER, clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1?view=week")
        page.get_by_label("Password", exact=True).fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("not this server's password")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{client.base_url}/dashboard/1?view=week")
        expect(page.locator("#link")).to_have_text("live")
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(f"{client.base_url}/login")


def test_no_system_yet_says_what_to_do(page: Page, tmp_path: Path) -> None:
    create(tmp_path / "empty.db")
    empty = open_store(tmp_path / "empty.db")
    with serving(services(empty, AuthSettings())) as client:
        page.goto(f"{client.base_url}/")
        expect(page.get_by_role("alert")).to_contain_text("liveone systems add")
        system = add(empty, "alice")
        page.goto(f"{client.base_url}/dashboard/{system.id}")
        expect(page.get_by_role("alert")).to_contain_text("has never been polled")
        polling.failed_together(
            empty, [polling.FailedPoll(system.id, 1_755_475_331, "the portal answered 500")]
        )
        page.goto(f"{client.base_url}/dashboard/{system.id}?lang=de")
        expect(page.get_by_role("alert")).to_contain_text("schlug fehl: the portal answered 500")
        expect(page.locator("#faults")).to_be_hidden()
        systems.remove_system(empty, system.id)
    empty.close()


def test_all_systems_stand_side_by_side(page: Page, store: Store, clock: SetClock) -> None:
    add(store, "alice", site="1587")
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/")
        expect(page).to_have_url(f"{client.base_url}/dashboard")
        cards = page.locator(".system-card")
        expect(cards).to_have_count(2)
        expect(cards.nth(0)).to_contain_text("live")
        expect(cards.nth(1)).to_contain_text("No reading yet")
        cards.nth(0).click()
        expect(page).to_have_url(f"{client.base_url}/dashboard/1")


def test_many_systems_are_found_and_sorted_by_what_they_need(
    page: Page, store: Store, clock: SetClock
) -> None:
    for number in range(5):
        other = add(store, "alice", site=str(2000 + number))
        reading = replace(newest(store), fault_code=57 if number == 3 else 0)
        readings.record(store, [Recorded(other.id, reading, polled_at=clock.at)])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard")
        cards = page.locator(".system-card:visible")
        expect(cards).to_have_count(6)
        expect(page.locator("#sums")).to_contain_text("kW")
        assert sum("/api/stream" in url for url in asked) == 1
        page.get_by_role("button", name="Need attention").click()
        expect(page).to_have_url(re.compile(r"\?show=attention$"))
        expect(cards).to_have_count(1)
        expect(cards).to_contain_text("Fault 57")
        page.go_back()
        expect(cards).to_have_count(6)
        page.get_by_label("Find by name").fill("2004")
        expect(cards).to_have_count(1)
        page.get_by_role("button", name="List").click()
        page.reload()
        expect(cards).to_have_count(1)
        expect(page.locator('#cards[data-as="list"]')).to_be_visible()


def test_a_card_shows_flow_charge_today_and_every_new_reading(
    page: Page, store: Store, clock: SetClock
) -> None:
    add(store, "alice", site="1587")
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard")
        card = page.locator(".system-card").first
        expect(card.locator(".way.battery")).to_have_count(1)
        expect(card.locator(".charge-line")).to_contain_text("discharging, empty in")
        expect(card.locator(".today-line")).to_contain_text(re.compile(r"Solar today[\d.]+\skWh"))
        reading = later(newest(store), 30, load_w=4321, battery_w=0, grid_w=4321)
        readings.record(store, [Recorded(1, reading, polled_at=reading.received_time)])
        expect(card.locator(".spot.load .value")).to_have_text("4.32 kW", timeout=1000)
        expect(card.locator(".way.grid")).to_have_count(1)
        expect(card.locator(".way.battery")).to_have_count(0)


def test_every_number_says_how_old_it_is_and_the_ages_run(page: Page, store: Store, clock: SetClock) -> None:
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#link")).to_have_text("live")
        boxes = [".node", ".balance", ".charge", ".today", "#energy"]
        for box in boxes:
            for age in page.locator(f"{box} [data-age]").all():
                expect(age).to_have_text(re.compile(r"\d+\ss ago"))
        expect(page.locator("#up-to")).to_contain_text("up to 19:12")
        before = page.locator(".node.solar .age").inner_text()
        expect(page.locator(".node.solar .age")).not_to_have_text(before, timeout=3000)
        reading = later(newest(store), 60)
        readings.record(store, [Recorded(1, reading, polled_at=reading.received_time)])
        expect(page.locator(".node.solar .age")).to_have_text("0 s ago")
        expect(page.locator(".today [data-age]")).not_to_have_text("0 s ago")


def test_a_portal_that_repeats_one_sample_is_told_from_one_that_is_silent(
    page: Page, store: Store, clock: SetClock
) -> None:
    clock.at += 600
    readings.record(store, [Recorded(1, newest(store), polled_at=clock.at - 5)])
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator("#notice")).to_contain_text("the same sample every time")


def test_a_fault_says_what_is_known_of_it_and_since_when(page: Page, store: Store, clock: SetClock) -> None:
    began_at = newest(store).inverter_time - 3600
    reading = later(newest(store), 30, fault_code=57, fault_at=began_at)
    readings.record(store, [Recorded(1, reading, polled_at=reading.received_time)])
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        fault = page.locator("#fault")
        expect(fault).to_contain_text("Fault 57 (no public list of meanings; see the inverter's manual)")
        expect(fault).to_contain_text("since 18:")
        expect(page.locator("#faults")).to_contain_text("and still. In 1 readings.")


def test_a_generator_that_runs_is_called_one(page: Page, store: Store, clock: SetClock) -> None:
    reading = later(newest(store), 30, generator_status=1, grid_w=3000, battery_w=-2200)
    readings.record(store, [Recorded(1, reading, polled_at=reading.received_time)])
    with serving(services(store, AuthSettings(), clock)) as client:
        page.goto(f"{client.base_url}/dashboard/1")
        expect(page.locator(".node.grid .title")).to_have_text("Generator")
        expect(page.locator("#balance")).to_contain_text("from generator")
        expect(page.locator(".node.grid .words")).to_have_text("running")
        expect(page.locator("#about")).to_contain_text("Generatorrunning")


def test_the_api_page_lists_every_path(page: Page, store: Store) -> None:
    with serving(services(store, AuthSettings())) as client:
        page.goto(f"{client.base_url}/docs")
        expect(page.locator("summary").filter(has_text="/api/history")).to_have_count(1)
        page.locator("summary").filter(has_text="/api/history").click()
        expect(page.get_by_text("comma-separated")).to_be_visible()

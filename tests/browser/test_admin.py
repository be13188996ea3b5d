"""The administrator's page against a real database and a simulated portal: everything in it works."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.web.support import PASSWORD, SetClock, add, later, services, serving

from changeover.run import journal
from changeover.run.state_dir import state_of
from liveone.accounts.passwords import hash_password
from liveone.accounts.users import Account
from liveone.clock import SystemClock
from liveone.database.backup_service import BackupFolder
from liveone.settings.config import VendorConfig
from liveone.simulate.run import PortalOptions, make_portal
from liveone.store import backup, leases, readings, systems
from liveone.store.backup import BackupReport
from liveone.store.readings import Recorded
from liveone.store.store import Store
from liveone.web.auth.callers import AuthSettings
from liveone.web.services import Services
from liveone.wiring.admin_service import AdminService
from liveone.wiring.configured_vendors import ConfiguredVendors

pytestmark = pytest.mark.browser
FOCUS_IS_INSIDE = """(() => {
  const at = document.activeElement;
  return at === document.body || document.getElementById("dialog").contains(at);
})()"""
EXAMPLE = Path(__file__).parents[2] / "docs/examples/vendor-and-time-zone/report.html"


@pytest.fixture
def wired(store: Store, clock: SetClock, tmp_path: Path) -> Iterator[Services]:
    """The administration of a server whose one account sees the sites 1586 and 1587 of a portal."""
    since = datetime.now(UTC) - timedelta(days=2)
    options = PortalOptions(
        sites=2, presets=("off-grid", "grid"), hiccup=False, since_day=since.date().isoformat()
    )
    with make_portal(options) as portal:
        account = VendorConfig(
            name="home", type="select.live", url=portal.url, email=options.email, password=options.password
        )
        book = ConfiguredVendors([account])
        administration = AdminService(
            store=store,
            clock=SystemClock(),
            vendors=book,
            account_list=[account],
            migrated=lambda: (tmp_path / "live.db", state_of(tmp_path / "live.db")),
        )
        folder = BackupFolder(
            store=store,
            clock=SystemClock(),
            folder=tmp_path / "backups",
            make=lambda target, at: backup.backup(tmp_path / "live.db", target, at),
            database_path=tmp_path / "live.db",
        )
        yield replace(services(store, AuthSettings(), clock), administration=administration, backups=folder)
        book.close()


def test_a_system_is_found_tested_compared_with_the_house_and_added(
    page: Page, store: Store, wired: Services
) -> None:
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin")
        page.get_by_role("button", name="Add a system").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="1586")).to_be_disabled()
        dialog.get_by_role("button", name=re.compile("1587")).click()
        expect(page).to_have_url(re.compile("ask=add&site=select.live%2F1587"))
        expect(dialog.get_by_text("5 steps passed")).to_be_visible()
        expect(dialog.locator(".checks li.ok")).to_have_count(5)
        expect(dialog.locator(".signs li")).to_have_count(4)
        expect(dialog.locator(".signs")).to_contain_text(
            re.compile(r"Your battery (is (dis)?charging at|rests)")
        )
        dialog.get_by_role("radio", name="No, something").check()
        expect(dialog.get_by_role("alert")).to_contain_text('"1587" = "inverted"')
        expect(dialog.get_by_role("button", name="Add this system")).to_be_disabled()
        dialog.get_by_role("radio", name="Yes").check()
        dialog.get_by_role("textbox", name="Name").fill("Town house")
        expect(dialog.get_by_label("Time zone")).to_have_value("America/New_York")
        dialog.get_by_label("Time zone").fill("Europe/Berlim")
        dialog.get_by_role("button", name="Add this system").click()
        expect(dialog.get_by_role("alert")).to_contain_text("Europe/Berlin")
        dialog.get_by_label("Time zone").fill("Europe/Berlin")
        dialog.get_by_role("button", name="Add this system").click()
        expect(page.get_by_role("link", name="Town house")).to_be_visible()
        expect(page.get_by_text("Town house is added")).to_be_visible()
        expect(page).to_have_url(f"{client.base_url}/admin")
        added = systems.list_systems(store)[-1]
        assert (added.vendor_site_id, added.time_zone) == ("1587", "Europe/Berlin")
        assert added.model


@pytest.mark.parametrize("accounts", [True, False])
def test_a_system_without_a_vendor_is_named_and_gets_its_readings_by_imports(
    page: Page, store: Store, wired: Services, accounts: bool
) -> None:
    assert isinstance(wired.administration, AdminService)
    account_list = wired.administration.account_list if accounts else []
    with serving(
        replace(wired, administration=replace(wired.administration, account_list=account_list))
    ) as client:
        page.goto(f"{client.base_url}/admin?ask=add")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Add one for imports only").click()
        expect(page).to_have_url(re.compile("ask=add&site=none"))
        expect(dialog.get_by_role("textbox", name="Name")).to_be_focused()
        dialog.get_by_role("textbox", name="Name").fill("Shed")
        dialog.get_by_label("Time zone").fill("Europe/Berlin")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Shed is added. Its readings come in under Imports.")).to_be_visible()
        expect(page.get_by_role("row", name="Shed")).to_contain_text("data by import only")
        page.goto(f"{client.base_url}/admin?ask=add&site=none")
        dialog.get_by_role("textbox", name="Name").fill("Shed")
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_contain_text("Shed of none is already there")
    added = systems.list_systems(store)[-1]
    assert (added.vendor_type, added.vendor_site_id, added.time_zone) == ("none", "Shed", "Europe/Berlin")


def test_a_connection_that_fails_says_where_and_what_to_do(page: Page, wired: Services) -> None:
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?ask=add")
        page.get_by_label("Or type the number of a site").fill("999")
        page.keyboard.press("Enter")
        expect(page.locator(".checks li.failed")).to_contain_text("site found")
        expect(page.get_by_role("dialog")).to_contain_text("owner or installer")
        expect(page.get_by_role("button", name="Test again")).to_be_focused()
        page.go_back()
        expect(page.get_by_label("Or type the number of a site")).to_be_visible()


def test_without_an_account_adding_says_what_to_write_where(page: Page, wired: Services) -> None:
    assert isinstance(wired.administration, AdminService)
    bare = replace(wired, administration=replace(wired.administration, account_list=[]))
    with serving(bare) as client:
        page.goto(f"{client.base_url}/admin?ask=add")
        expect(page.get_by_role("dialog")).to_contain_text("LIVEONE_VENDOR_HOME_PASSWORD")


def test_a_system_is_renamed_paused_and_removed_with_its_name_typed(
    page: Page, store: Store, wired: Services
) -> None:
    before = readings.count(store, 1)
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin")
        page.get_by_role("button", name="Edit").click()
        page.get_by_role("textbox", name="Name").fill("Our house")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Our house")).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        expect(page.locator(".state.paused")).to_be_visible()
        expect(page.get_by_role("button", name="Resume")).to_be_focused()
        page.get_by_role("button", name="Remove").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"{before:,} readings, from")
        expect(dialog.get_by_role("button", name="Remove")).to_be_disabled()
        dialog.get_by_role("textbox").fill("Our house")
        dialog.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("No system is set up here yet.")).to_be_visible()
        assert systems.list_systems(store) == []


def test_every_question_is_in_the_address_and_gives_the_focus_back(page: Page, wired: Services) -> None:
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin")
        page.get_by_role("button", name="Edit").press("Enter")
        expect(page.get_by_role("textbox", name="Name")).to_be_focused()
        expect(page).to_have_url(f"{client.base_url}/admin?ask=edit&system=1")
        for _ in range(6):
            page.keyboard.press("Tab")
            assert page.evaluate(FOCUS_IS_INSIDE), "the focus left the dialog"
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Edit")).to_be_focused()
        expect(page).to_have_url(f"{client.base_url}/admin")
        page.go_back()
        expect(page.get_by_role("dialog")).to_contain_text("Edit Home 1586")
        page.reload()
        expect(page.get_by_role("dialog")).to_contain_text("Edit Home 1586")
        page.go_back()
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_backup_is_made_downloaded_and_put_back_while_the_server_runs(
    page: Page, store: Store, wired: Services, tmp_path: Path
) -> None:
    before = readings.count(store, 1)
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?part=backups")
        page.get_by_role("button", name="Make a backup").click()
        expect(page.get_by_text("is made and proven")).to_be_visible()
        name = page.get_by_role("rowheader").inner_text()
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download").click()
        assert Path(waiting.value.path()).read_bytes() == (tmp_path / "backups" / name).read_bytes()
        newest = readings.latest(store, 1, 4e9)
        assert newest is not None
        later_one = later(newest, 60)
        readings.record(store, [Recorded(1, later_one, polled_at=later_one.received_time)])
        page.get_by_role("button", name="Restore").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("The backup is sound")
        expect(dialog).to_contain_text("the readings that were written since the backup (1)")
        dialog.get_by_role("textbox").fill(name)
        dialog.get_by_role("button", name="Restore").click()
        expect(dialog).to_contain_text(f"holds {before:,} readings again")
        page.keyboard.press("Escape")
        expect(page.get_by_role("rowheader")).to_have_count(2)
        assert client.get("/api/data").status_code == 200
    assert readings.count(store, 1) == before
    kept = sorted((tmp_path / "backups").glob("backup-*.db"))[-1]
    assert backup.contents(kept)[1]["readings"] == before + 1


def test_a_backup_that_is_damaged_is_refused_before_anything_is_asked(
    page: Page, store: Store, wired: Services, tmp_path: Path
) -> None:
    made = backup.backup(tmp_path / "live.db", tmp_path / "backups", 1_755_475_331).path
    with made.open("r+b") as file:
        file.seek(made.stat().st_size // 2)
        file.write(b"rubbish" * 1000)
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?part=backups&ask=restore&backup={made.name}")
        expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("damaged")
        expect(page.get_by_role("dialog").get_by_role("textbox")).to_have_count(0)


def test_a_backup_under_way_shows_how_far_it_is_whoever_began_it(page: Page, wired: Services) -> None:
    go_on = threading.Event()
    folder = wired.backups
    assert isinstance(folder, BackupFolder)

    def make(target: Path, at: float) -> BackupReport:
        target.mkdir(exist_ok=True)
        (target / f"{backup.PARTIAL}elsewhere-1-a").write_bytes(bytes(100_000))
        go_on.wait(20)
        return folder.make(target, at)

    with serving(replace(wired, backups=replace(folder, make=make))) as client:
        page.goto(f"{client.base_url}/admin?part=backups")
        page.get_by_role("button", name="Make a backup").click()
        expect(page.get_by_text("Copying the database")).to_be_visible()
        expect(page.get_by_role("progressbar")).to_have_js_property("max", 1)
        page.reload()
        expect(page.get_by_text("Copying the database")).to_be_visible()
        page.get_by_role("button", name="Make a backup").click()
        expect(page.get_by_role("alert")).to_contain_text("being made already")
        go_on.set()
        expect(page.get_by_role("rowheader")).to_have_count(1)
        expect(page.get_by_role("progressbar")).to_have_count(0)


def test_on_a_server_backups_are_made_and_nothing_is_put_back_from_here(page: Page, wired: Services) -> None:
    assert isinstance(wired.backups, BackupFolder)
    with serving(replace(wired, backups=replace(wired.backups, database_path=None))) as client:
        page.goto(f"{client.base_url}/admin?part=backups")
        expect(page.locator("#part")).to_contain_text("liveone db restore BACKUP URL")
        page.get_by_role("button", name="Make a backup").click()
        expect(page.get_by_role("rowheader")).to_have_count(1)
        expect(page.get_by_role("button", name="Restore")).to_have_count(0)
        name = page.get_by_role("rowheader").inner_text()
        refused = client.post(f"/api/admin/backups/{name}/restore", json={"confirm": name})
        assert (refused.status_code, refused.json()["hint"]) == (
            400,
            "Make a new database of it, and leave the old one: liveone db restore BACKUP URL",
        )


def test_a_migrations_report_opens_as_the_page_it_is(page: Page, wired: Services, tmp_path: Path) -> None:
    run = state_of(tmp_path / "live.db").run("0001-20250818-000211")
    run.mkdir(parents=True)
    (run / journal.NAME).write_text("{}\n")
    (run / "report.md").write_text("# Carried out\n")
    (run / "report.html").write_text(EXAMPLE.read_text())
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?part=migrations")
        with page.context.expect_page() as opening:
            page.get_by_role("link", name="Open the report").click()
        report = opening.value
        troubles: list[str] = []
        report.on("console", lambda said: troubles.append(said.text))
        report.wait_for_load_state()
        report.reload()
        expect(report.get_by_role("heading", level=1)).to_be_visible()
        assert report.locator("main").evaluate("node => getComputedStyle(node).maxWidth") == "1040px"
        assert troubles == []
        page.get_by_role("button", name="Read as text").click()
        expect(page.get_by_role("dialog")).to_contain_text("# Carried out")


def test_what_fails_offers_to_try_again(page: Page, wired: Services) -> None:
    with serving(wired) as client:
        page.route("**/api/admin/storage", lambda route: route.abort())
        page.goto(f"{client.base_url}/admin?part=storage")
        expect(page.get_by_role("alert")).to_have_text("The server cannot be reached.")
        page.unroute("**/api/admin/storage")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#part")).to_contain_text("Write-ahead log")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("health", "system Home is silent"),
        ("storage", "readings_agg_5m"),
        ("migrations", "Nothing was ever migrated here."),
    ],
)
def test_every_part_shows_what_the_server_knows(page: Page, wired: Services, part: str, words: str) -> None:
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?part={part}")
        expect(page.locator("#part")).to_contain_text(words)


def test_only_an_administrator_sees_it(page: Page, store: Store, clock: SetClock) -> None:
    people = AuthSettings(
        session_key=b"k" * 32, users=[Account("alice", "a@example.org", hash_password(PASSWORD))]
    )
    with serving(services(store, people, clock)) as client:
        page.goto(f"{client.base_url}/admin")
        page.get_by_label("E-mail").fill("a@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Only an administrator may see this page.")
        expect(page.get_by_role("link", name="Administration")).to_have_count(0)


def test_who_polls_is_told_with_since_when_and_the_last_sign_of_life(
    page: Page, store: Store, wired: Services
) -> None:
    """Two processes share two systems; a third system is polled by nobody."""
    second, third = add(store, "alice", site="1601"), add(store, "alice", site="1602")
    leases.make_tables(store)
    for poller, name, system_id in (("a", "attic 17", 1), ("b", "barn 4", second.id)):
        leases.beat(store, poller, name)
        leases.take(store, poller, {system_id}, leases.Taking({}))
    status = {"polls_alone": False, "polled_systems": (1,), "problems": ()}
    with serving(replace(wired, collector_status=lambda: status)) as client:
        page.goto(f"{client.base_url}/admin?part=health")
        rows = page.get_by_role("table", name="Who polls").locator("tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.nth(0)).to_contain_text("attic 17 (this one)")
        expect(rows.nth(1)).to_contain_text(re.compile(r"barn 4.*Home 1601.*\d\ss ago"))
        expect(rows.nth(1)).not_to_contain_text("this one")
        expect(page.locator(".who .notice")).to_have_text(f"Polled by nobody: {third.display_name}")
    with serving(replace(wired, collector_status=lambda: status | {"polls_alone": True})) as client:
        page.goto(f"{client.base_url}/admin?part=health")
        expect(page.locator(".who")).to_have_text("This process alone polls all systems.")


def test_the_zone_of_a_system_at_utc_is_shown_and_left_alone_by_a_new_name(
    page: Page, store: Store, wired: Services
) -> None:
    system = add(store, "alice", site="1600", offset_min=0)
    with serving(wired) as client:
        page.goto(f"{client.base_url}/admin?ask=edit&system={system.id}")
        expect(page.get_by_label("Time zone")).to_have_value("UTC")
        page.get_by_role("textbox", name="Name").fill("Observatory")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("link", name="Observatory")).to_be_visible()
    kept = systems.get_system(store, system.id)
    assert kept is not None
    assert (kept.timezone_offset_min, kept.time_zone) == (0, None)

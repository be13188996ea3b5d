"""A house made of devices by the command line: added, tested, polled together, taken away."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.cli.house import House, built
from tests.vendors.home_assistant import TOKEN, HomeAssistantStandIn, home_assistant, state

from liveone.cli.root import root
from liveone.vendors.conformance.device import served


def meter(watts: float, kwh: float) -> Mapping[str, Any]:
    """A HomeWizard meter as it answers, by path."""
    data = {"active_power_w": watts, "total_power_import_kwh": kwh, "total_power_export_kwh": 1}
    return {"/api": {"product_type": "SDM230-wifi", "serial": "3c39e7aabbcc"}, "/api/v1/data": data}


@pytest.fixture
def home(tmp_path: Path) -> House:
    assert CliRunner().invoke(root, ["init", str(tmp_path / "home")]).exit_code == 0
    made = House(tmp_path / "home", portal=None)  # type: ignore[arg-type]
    said = made.ok("systems", "add", "sources", "--name", "Home", "--timezone", "+10:00")
    assert "liveone sources add VENDOR_TYPE 1" in said
    return made


@pytest.fixture
def devices() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


def rows(house: House, sql: str) -> list[Any]:
    with closing(sqlite3.connect(house.folder / "liveone.db")) as database:
        return database.execute(sql).fetchall()


def added(house: House, devices: ExitStack, name: str, measures: str, *counts: float) -> str:
    """Watts and kWh are what the device counts."""
    url = devices.enter_context(served(meter(*counts)))
    return house.ok("sources", "add", "homewizard", "1", "--name", name, "--url", url, "--measures", measures)


def test_a_house_of_three_meters_has_one_reading(home: House, devices: ExitStack) -> None:
    assert "ok      understood" in added(home, devices, "roof", "solar", 3000, 100)
    added(home, devices, "barn", "solar", 500, 7.5)
    assert "street gives grid to system 1" in added(home, devices, "street", "grid", -2000, 40)
    assert [each["name"] for each in json.loads(home.ok("sources", "list", "--json"))] == [
        "roof",
        "barn",
        "street",
    ]
    (polled,) = json.loads(home.ok("poll", "--json"))
    assert (polled["success"], polled["solar"]) == (True, 3500)
    columns = "solar_w, grid_w, load_w, solar_kwh_total, grid_in_kwh_total, load_kwh_total"
    assert rows(home, f"SELECT {columns} FROM readings") == [(3500, -2000, 1500, 107.5, 40, None)]
    response = json.loads(rows(home, "SELECT last_response FROM polling_status")[0][0])
    assert (response["memory"]["derived"], response["memory"]["missing"]) == (["load_w"], {})
    assert set(response["raw"]["sources"]) == {"roof", "barn", "street"}


def test_a_silent_device_is_named_and_costs_the_others_nothing(home: House, devices: ExitStack) -> None:
    gone = ExitStack()
    added(home, gone, "barn", "solar", 500, 7.5)
    added(home, devices, "street", "grid", -2000, 40)
    gone.close()
    (polled,) = json.loads(home.ok("poll", "--json"))
    assert (polled["success"], polled["solar"]) == (True, None)
    assert rows(home, "SELECT solar_w, grid_w, load_w FROM readings") == [(None, -2000, None)]
    memory = json.loads(rows(home, "SELECT last_response FROM polling_status")[0][0])["memory"]
    assert "cannot reach" in memory["missing"]["barn"]
    assert "FAILED  reached" in home.run("sources", "test", "1", "barn").output
    assert home.run("systems", "test", "1").exit_code == 1
    assert "barn" in home.run("systems", "test", "1").output


OLD_ENVOY = {
    "/info": "<envoy_info><device><sn>122233334444</sn><software>R3.9.36</software></device></envoy_info>",
    "/api/v1/production": {"wattHoursLifetime": 18_442_000, "wattsNow": 2660},
}


def test_a_device_that_has_not_all_that_its_make_may_have_is_not_waited_for(
    home: House, devices: ExitStack
) -> None:
    """A gateway without meters gives the sun alone: the grid is that of the meter beside it."""
    url = devices.enter_context(served(OLD_ENVOY))
    said = home.ok("sources", "add", "enphase", "1", "--name", "envoy", "--url", url)
    assert "tells nothing of grid, battery, load" in said
    assert "envoy gives solar to system 1" in said
    added(home, devices, "street", "grid", -2000, 40)
    home.ok("poll", "--json")
    assert rows(home, "SELECT solar_w, grid_w, load_w FROM readings") == [(2660, -2000, 660)]
    said = home.ok("sources", "add", "enphase", "1", "--name", "named", "--url", url, "--role", "grid")
    assert "named gives grid to system 1" in said


@pytest.mark.parametrize(
    ("make", "way"),
    [
        ("sungrow", "liveone sources add modbus-inverter SYSTEM --map sungrow-sh"),
        ("Victron", "liveone sources add mqtt SYSTEM --preset victron-gx"),
        ("solaredge", "liveone sources add sunspec"),
        ("toaster", "`liveone vendor list`"),
    ],
)
def test_who_names_his_make_is_told_what_reads_it(home: House, make: str, way: str) -> None:
    refused = home.run("sources", "add", make, "1", "--name", "x").exception
    assert f"no type of source {make!r}" in str(refused)
    assert way in refused.hint  # type: ignore[union-attr]


def test_a_device_that_is_not_there_is_not_added_without_being_told_to(home: House) -> None:
    asked = ("sources", "add", "homewizard", "1", "--name", "x", "--url", "http://127.0.0.1:9")
    refused = home.run(*asked)
    assert "failed the test at: reached" in str(refused.exception)
    assert "\\n" not in refused.output
    assert "No sources" in home.ok("sources", "list")
    home.ok(*asked, "--no-check")
    assert "has a source 'x' already" in str(home.run(*asked, "--no-check").exception)
    assert "is removed" in home.ok("sources", "remove", "1", "x", "--yes")
    assert "has no source 'x'" in str(home.run("sources", "remove", "1", "x", "--yes").exception)
    assert "has no source yet" in home.run("doctor").output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("homewizard", "1", "--name", "x", "--url", "192.168.1.3"), "url must be an address"),
        (
            ("homewizard", "1", "--name", "x", "--url", "http://a", "--role", "battery"),
            "cannot give the role battery",
        ),
        (("homewizard", "7", "--name", "x", "--url", "http://a"), "there is no system 7"),
        (("select.live-lan", "1", "--name", "x", "--url", "http://a", "--site", ""), "which site"),
        (("push", "1", "--name", "x"), "what does it send?"),
        (("push", "1", "--name", " ", "--role", "grid"), "no name for a source"),
    ],
)
def test_what_cannot_be_is_told(home: House, words: tuple[str, ...], says: str) -> None:
    extra = () if words[0] == "push" else ("--no-check",)
    assert says in str(home.run("sources", "add", *words, *extra).exception)


def test_options_are_made_of_what_an_adapter_declares(home: House) -> None:
    said = home.ok("sources", "add", "select.live", "--help")
    for option in ("--email", "--password", "--site", "--verify-tls", "--role"):
        assert option in said
    assert "homewizard" in home.ok("sources", "add", "--help")
    kinds = {each["vendor_type"]: each for each in json.loads(home.ok("vendor", "list", "--json"))}
    (password,) = [each for each in kinds["select.live"]["parameters"] if each["name"] == "password"]
    assert (password["secret"], password["required"]) == (True, True)
    assert "Selectronic SP PRO" in home.ok("vendor", "list")


def test_a_secret_is_sealed_and_shown_nowhere(tmp_path: Path) -> None:
    """The account of the settings polls site 1586; its portal is a source of another house too."""
    with built(tmp_path / "home") as house:
        house.ok("systems", "add", "sources", "--name", "Twin", "--timezone", "+10:00")
        options = ("--url", house.portal.url, "--email", "owner@example.com", "--site", "1586")
        asked = ("sources", "add", "select.live", "1", "--name", "inverter", *options, "--no-check")
        house.ok(*asked, text="sunshine\n")
        dump = "\n".join(str(row) for row in rows(house, "SELECT * FROM sources"))
        assert "sunshine" not in dump
        assert "sealed:" in dump
        assert "sunshine" not in house.ok("sources", "list") + house.ok("sources", "list", "--json")
        (polled,) = json.loads(house.ok("poll", "--json"))
        assert polled["success"], polled
        assert "1" in house.ok("secrets", "status")


def test_an_account_gives_what_the_other_sources_do_not(tmp_path: Path, devices: ExitStack) -> None:
    with built(tmp_path / "home") as house:
        house.ok("systems", "add", "select.live", "1586", "--name", "Home", "--timezone", "+10:00")
        added(house, devices, "street", "grid", 1234, 40)
        (polled,) = json.loads(house.ok("poll", "--json"))
        assert polled["success"], polled
        ((grid_w, grid_kwh, solar_w, load_w),) = rows(
            house, "SELECT grid_w, grid_in_kwh_total, solar_w, load_w FROM readings"
        )
        assert (grid_w, grid_kwh) == (1234, 40)
        assert None not in (solar_w, load_w)


def test_history_that_was_imported_goes_on_with_devices(tmp_path: Path, devices: ExitStack) -> None:
    assert CliRunner().invoke(root, ["init", str(tmp_path / "home")]).exit_code == 0
    house = House(tmp_path / "home", portal=None)  # type: ignore[arg-type]
    house.ok("systems", "add", "none", "--name", "Old house", "--timezone", "+10:00")
    added(house, devices, "street", "grid", 1234, 40)
    (polled,) = json.loads(house.ok("poll", "--json"))
    assert polled["success"]


AT = 1_764_500_400


def hours(name: str, *values: float) -> list[dict[str, Any]]:
    """Statistics of hours from AT on, as Home Assistant sends them."""
    return [{"start": (AT + 3600 * index) * 1000, name: value} for index, value in enumerate(values)]


def test_what_a_source_remembers_comes_in_once_never_replaces_and_can_be_undone(home: House) -> None:
    kept = {"sensor.pv": hours("mean", 3000, 2000), "sensor.grid": hours("mean", -1000, 500)}
    stand_in = HomeAssistantStandIn(
        {"sensor.pv": state("1", "kW"), "sensor.grid": state("-500", "W")}, statistics={"hour": kept}
    )
    with home_assistant(stand_in) as url:
        home.ok(
            *("sources", "add", "home-assistant", "1", "--name", "ha", "--url", url, "--token", TOKEN),
            *("--solar-w", "sensor.pv", "--grid-w", "sensor.grid"),
        )
        polled_at = AT + 3600 + 60
        with closing(sqlite3.connect(home.folder / "liveone.db")) as database, database:
            database.execute(
                "INSERT INTO readings (system_id, inverter_time, received_time, delay_seconds, solar_w)"
                " VALUES (1, ?, ?, 0, 1)",
                (polled_at, polled_at),
            )
        asked = ("sources", "backfill", "1", "ha", "--from", "2025-11-30", "--to", "2025-12-02")
        said = home.ok(*asked)
        assert "2 readings came in" in said
        columns = "inverter_time, solar_w, grid_w, load_w"
        assert rows(home, f"SELECT {columns} FROM readings ORDER BY 1") == [
            (AT + 1800, 3000, -1000, 2000),
            (polled_at, 1, None, None),
            (AT + 3600 + 1800, None, 500, None),
        ]
        assert "there already" in home.ok(*asked)
    assert TOKEN.encode() not in (home.folder / "liveone.db").read_bytes()
    home.ok("readings", "undo", "1")
    assert rows(home, f"SELECT {columns} FROM readings") == [(polled_at, 1, None, None)]


def test_a_source_without_a_memory_and_one_of_two_parts_are_refused(home: House, devices: ExitStack) -> None:
    added(home, devices, "roof", "solar", 3000, 100)
    asked = ("--from", "2025-11-30")
    assert "keeps no history" in str(home.run("sources", "backfill", "1", "roof", *asked).exception)
    words = ("sources", "add", "home-assistant", "1", "--name", "ha", "--url", "http://127.0.0.1:9")
    home.ok(*words, "--token", TOKEN, "--solar-w", "sensor.pv", "--no-check")
    assert "both give solar" in str(home.run("sources", "backfill", "1", "ha", *asked).exception)

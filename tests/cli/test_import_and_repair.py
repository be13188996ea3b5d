"""Imports, their undoing and the repair of readings, as a household does them from the command line."""

import json
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.house import House

from liveone.cli.context import fail
from liveone.cli.root import root
from liveone.errors import BadInput
from liveone.transfer import importing

CASES = Path(__file__).parents[3] / "shared" / "cases" / "energy"
DAY = "2025-06-01"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A system without an account anywhere: data by import only."""
    assert CliRunner().invoke(root, ["init", str(tmp_path / "home")]).exit_code == 0
    made = House(tmp_path / "home", portal=None)  # type: ignore[arg-type]
    assert "System 1: Old house" in made.ok(
        "systems", "add", "none", "--name", "Old house", "--timezone", "+10:00"
    )
    return made


def hours(house: House, load_w: int = 1000, name: str = "hours.csv", text: str = "") -> str:
    lines = [f"{DAY}T{hour:02}:{minute:02}:00+10:00,{load_w}" for hour in range(24) for minute in (0, 20, 40)]
    path = house.folder / name
    path.write_text(text or "\n".join(["inverter_time,load_w", *lines, "2025-06-02T00:00:00+10:00,1000"]))
    return str(path)


def daily(house: House) -> str:
    return (
        house.ok("export", "--system", "1", "--kind", "daily", "-o", str(house.folder / "d.csv"))
        and (house.folder / "d.csv").read_text()
    )


def test_a_system_without_a_vendor_is_never_polled_and_fails_nothing(house: House) -> None:
    assert "data by import only" in house.ok("systems", "list")
    assert json.loads(house.ok("poll", "--json")) == []
    assert "data by import only" in house.run("doctor").output
    assert "has no vendor to ask" in str(house.run("systems", "test", "1").exception)
    assert "what to call it" in str(house.run("systems", "add", "none").exception)
    assert "which site" in str(house.run("systems", "add", "select.live").exception)


def test_a_dry_run_shows_what_would_come_and_writes_nothing(house: House) -> None:
    said = house.ok("import", hours(house), "--system", "1", "--dry-run")
    assert "73 readings: 73 would be new, 0 already there" in said
    assert f"From {DAY}T00:00:00+10:00 to 2025-06-02T00:00:00+10:00" in said
    assert "load_w 1000" in said
    assert "Nothing was imported" in house.ok("readings", "changes")


def test_an_import_is_listed_and_undone_and_the_days_follow(house: House) -> None:
    house.ok("import", hours(house), "--system", "1")
    before = daily(house)
    assert DAY in before
    replaced = house.ok("import", hours(house, 2000, "better.csv"), "--system", "1", "--replace")
    assert "73 readings: 0 new, 72 replaced, 1 already there" in replaced
    assert daily(house) != before
    assert json.loads(house.ok("import", hours(house), "--system", "1", "--json"))["new"] == 0
    listed = house.ok("readings", "changes")
    assert "better.csv" in listed.splitlines()[0]
    assert "hours.csv" in listed.splitlines()[1]
    assert "72 put back" in house.ok("readings", "undo", "2")
    assert daily(house) == before
    house.ok("readings", "undo", "1")
    assert DAY not in daily(house)
    assert [each["undone_by"] for each in json.loads(house.ok("readings", "changes", "--json"))] == [
        "the command line"
    ] * 2


def test_readings_are_forgotten_and_excluded_by_day_and_by_instant(house: House) -> None:
    house.ok("import", hours(house), "--system", "1")
    span = ("--system", "1", "--from", DAY, "--to", DAY)
    assert "72 readings" in house.ok("readings", "forget", *span, "--dry-run")
    assert house.run("readings", "forget", *span, text="n\n").exit_code != 0
    house.ok("readings", "forget", *span, text="y\n")
    assert DAY not in daily(house)
    house.ok("readings", "undo", "2")
    three = ("--from", f"{DAY}T10:00:00", "--to", f"{DAY}T10:40:00+10:00")
    out = house.ok("readings", "exclude", "--system", "1", *three, "--reason", "spike", "--yes")
    assert "3 readings" in out
    assert "3 excluded" in house.ok("import", hours(house), "--system", "1")
    house.ok("readings", "exclude", "--system", "1", *three, "--column", "load_w", "--yes")
    assert "is after" in str(
        house.run("readings", "forget", *span[:2], "--from", DAY, "--to", "2025-05-01").exception
    )
    assert "there is no change 99" in str(house.run("readings", "undo", "99").exception)


def test_standard_input_and_the_mans_own_names(house: House) -> None:
    text = "sep=;\nZeit;Haus [kW];Netz\n01.06.2025 12:00;1,5;-200\n01.06.2025 12:05;-;unavailable\n"
    words = ("import", "-", "--system", "1", "--timezone", "Europe/Berlin", "--map", "Haus [kW]=load_w")
    said = house.ok(*words, "--map", "Netz=-grid_w", text=text)
    assert "2 new" in said
    assert "Times without an offset are those of Europe/Berlin" in said
    back = house.folder / "back.csv"
    house.ok("export", "--system", "1", "-o", str(back))
    assert ",1500,,200," in back.read_text()


@pytest.mark.parametrize("kind", ["readings", "5m"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_our_own_exports_come_back_in(house: House, kind: str, form: str) -> None:
    house.ok("import", hours(house), "--system", "1")
    before, out = daily(house), house.folder / f"out.{form}"
    house.ok("export", "--system", "1", "--kind", kind, "--format", form, "-o", str(out))
    house.ok("readings", "forget", "--system", "1", "--from", DAY, "--to", "2025-06-02", "--yes")
    house.ok("import", str(out), "--system", "1")
    assert daily(house) == before


def test_values_and_times_that_cannot_be_are_left_out_named_and_strictly_refused(house: House) -> None:
    text = f"inverter_time,load_w,battery_soc\n{DAY}T00:00:00Z,-500,500\n2036-01-01T00:00:00Z,5,5\n"
    file = hours(house, text=text)
    assert "-500 cannot be" in str(house.run("import", file, "--system", "1", "--strict").exception)
    done = house.run("import", file, "--system", "1")
    assert done.exit_code == 1
    assert "years in the future" in done.output
    assert "Values left out because they cannot be: 2." in done.output


def test_a_thousandfold_unit_is_refused_until_it_is_said(house: House) -> None:
    if not CASES.is_dir():
        pytest.skip("the shared cases are not here")
    file = str(CASES / "5-wh-in-a-kwh-column.csv")
    refused = str(house.run("import", file, "--system", "1").exception)
    assert "a thousand times the power" in refused
    assert "--energy-unit Wh" in refused
    assert "Nothing was imported" in house.ok("readings", "changes")
    house.ok("import", file, "--system", "1", "--energy-unit", "Wh")
    assert ",0.384," in daily(house)


def test_a_thousandfold_unit_far_down_a_file_takes_back_what_was_written(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "ROWS_MOST", 20)
    monkeypatch.setattr(importing.bulk, "import_readings", partial(importing.bulk.import_readings, batch=20))
    quiet = [f"{1_748_700_000 + 300 * each},0,100" for each in range(60)]
    wrong = [f"{1_748_800_000 + 300 * each},960,{100 + 80 * each}" for each in range(60)]
    file = hours(house, text="\n".join(["inverter_time,load_w,load_kwh_total", *quiet, *wrong]))
    assert "a thousand times" in str(house.run("import", file, "--system", "1").exception)
    assert json.loads(house.ok("readings", "changes", "--json"))[0]["undone_at"]
    assert "0 readings" in house.ok(
        "readings", "forget", "--system", "1", "--from", "2025-01-01", "--to", DAY
    )


def test_nothing_of_a_file_and_no_name_is_obeyed_by_the_terminal(house: House) -> None:
    """A window's title is set by ``ESC ] 0 ; ... BEL``, wherever that comes from."""
    hostile = "\x1b]0;title\x07"
    path = hours(
        house, text=f"inverter_time,load_w,{hostile}\n{DAY}T10:00:00+10:00,1,2\n", name=f"{hostile}.csv"
    )
    said = house.ok("import", path, "--system", "1") + house.ok("readings", "changes")
    assert said.count("\\x1b]0;title\\x07") == 2
    house.ok("systems", "add", "none", "--name", "New", "--timezone", "UTC")
    with closing(sqlite3.connect(house.folder / "liveone.db")) as database, database:
        database.execute("UPDATE systems SET display_name = ? WHERE id = 2", (hostile,))
    added = house.ok("systems", "list")
    forgotten = house.ok("readings", "forget", "--system", "2", "--from", DAY, "--to", DAY, "--dry-run")
    looked_at = house.run("doctor").output
    for each in (said, added, forgotten, looked_at):
        assert "\x1b]" not in each
        assert "\\x1b]0;title\\x07" in each


@pytest.mark.parametrize("name", ["", " ", "x\ny", "\x1b[31m", "\u202ethgir", "A" * 101])
def test_what_no_line_can_show_is_no_name(house: House, name: str) -> None:
    for words in (("add", "none", "--timezone", "UTC"), ("edit", "1")):
        assert isinstance(house.run("systems", *words, "--name", name).exception, BadInput)
    (only,) = house.ok("systems", "list").splitlines()
    assert "Old house" in only


def test_an_error_names_what_is_there_and_obeys_nothing_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        fail(BadInput("there is no system 3", hint="Known: 1 (\x1b]0;title\x07)"))
    assert capsys.readouterr().err == "liveone: there is no system 3\n  Known: 1 (\\x1b]0;title\\x07)\n"

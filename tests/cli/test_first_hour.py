"""The first hour of a newcomer, typed command by command against a portal that answers over HTTP."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.house import House, built

from liveone.errors import BadInput, ConfigError
from liveone.store.database import Corrupt, Foreign, StoreError
from liveone.vendors.base import CredentialsRefused


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with built(tmp_path) as found:
        yield found


@pytest.fixture
def system(house: House) -> House:
    house.ok("systems", "add", "select.live", "1586", "--name", "Farm", "--timezone", "+10:00")
    return house


def test_init_never_overwrites(house: House) -> None:
    done = house.run("init", str(house.folder))
    assert isinstance(done.exception, BadInput)
    assert "exists already" in str(done.exception)
    assert (house.folder / "secrets.toml").stat().st_mode & 0o777 == 0o600


def test_discover_add_test_poll_and_list(house: House) -> None:
    assert "liveone systems add select.live 1586" in house.ok("systems", "discover")
    assert "SPMC482" in house.ok("systems", "add", "select.live", "1586", "--timezone", "Australia/Melbourne")
    steps = json.loads(house.ok("systems", "test", "1", "--json"))
    assert [step["ok"] for step in steps] == [True] * len(steps)
    assert len(steps) >= 5
    (outcome,) = json.loads(house.ok("poll", "--once", "--json"))
    assert outcome["success"]
    (listed,) = json.loads(house.ok("systems", "list", "--json"))
    assert (listed["display_name"], listed["timezone_offset_min"]) == ("Off-grid farm", 600), (
        "as the portal calls it"
    )
    served = house.portal.log.entries("1586")
    assert listed["newest_at"] in {entry.inverter_time for entry in served}


def test_what_is_exported_is_imported_again_once(system: House, shared_data: Path) -> None:
    recording = str(shared_data / "selectlive_2025-08-16_18.csv")
    trial = json.loads(system.ok("import", recording, "--system", "1", "--dry-run", "--json"))
    assert (trial["offered"], trial["new"]) == (5522, 5522)
    done = json.loads(system.ok("import", recording, "--system", "1", "--json"))
    assert done["new"] == 5522
    again = json.loads(system.ok("import", recording, "--system", "1", "--json"))
    assert (again["offered"], again["new"]) == (5522, 0)
    assert "closed" in system.ok("aggregate", "--catchup")
    for form in ("csv", "json"):
        out = system.folder / f"out.{form}"
        system.ok("export", "--system", "1", "--format", form, "-o", str(out))
        back = json.loads(system.ok("import", str(out), "--system", "1", "--dry-run", "--json"))
        assert (back["offered"], back["new"], back["bad"]) == (5522, 0, 0)
    out = system.folder / "days.json"
    system.ok("export", "--system", "1", "--kind", "daily", "--format", "json", "-o", str(out))
    assert [day["day"] for day in json.loads(out.read_text())] == ["2025-08-16", "2025-08-17", "2025-08-18"]


def test_a_bad_line_is_passed_over_or_stops_a_strict_import(system: House) -> None:
    file = system.folder / "in.csv"
    file.write_text("inverter_time,load_w\n1755310673,1\n1755310733,many\n1755310793,3\n")
    strict = system.run("import", str(file), "--system", "1", "--strict")
    assert "in.csv:3" in str(strict.exception)
    assert "0" in system.ok("db", "shell", "SELECT count(*) FROM readings")
    done = system.run("import", str(file), "--system", "1")
    assert done.exit_code == 1
    assert "2 new" in done.output
    assert "in.csv:3" in done.output


def test_rebuilt_aggregates_equal_the_ones_made_along_the_way(system: House, shared_data: Path) -> None:
    system.ok("import", str(shared_data / "selectlive_2025-08-16_18.csv"), "--system", "1")
    system.ok("aggregate", "--catchup")
    before = [system.ok("export", "--system", "1", "--kind", kind) for kind in ("5m", "daily")]
    system.ok(
        "db", "shell", "UPDATE readings_agg_5m SET load_w_avg = 1; UPDATE readings_agg_1d SET load_kwh = 1"
    )
    system.ok("aggregate", "--rebuild")
    assert [system.ok("export", "--system", "1", "--kind", kind) for kind in ("5m", "daily")] == before


def test_backup_and_restore_bring_back_what_was_there(system: House) -> None:
    system.ok("poll", "--once")
    made = json.loads(system.ok("backup", "--json"))
    system.ok("systems", "remove", "1", "--yes")
    assert json.loads(system.ok("systems", "list", "--json")) == []
    system.ok("restore", made["path"], "--yes")
    (back,) = json.loads(system.ok("systems", "list", "--json"))
    assert back["newest_at"] is not None


def test_doctor_tells_what_to_do(system: House) -> None:
    done = system.run("doctor")
    assert done.exit_code == 1
    assert "liveone backup" in done.output
    assert "no reading yet" in done.output
    system.ok("poll", "--once")
    system.ok("backup")
    assert "fresh" in system.ok("doctor")


def test_db_shell_runs_a_script_as_one_transaction(system: House) -> None:
    script = "CREATE TABLE extra(x); INSERT INTO extra VALUES (1); INSERT INTO nowhere VALUES (2);"
    assert isinstance(system.run("db", "shell", text=script).exception, StoreError)
    assert "extra" not in system.ok("db", "shell", "SELECT name FROM sqlite_schema")
    assert system.ok("db", "shell", "SELECT id, vendor_site_id, NULL FROM systems").strip() == "1|1586|"
    unfinished = system.run("db", "shell", "SELECT 'x")
    assert "unfinished" in str(unfinished.exception)


def test_a_wrong_password_is_said_plainly(system: House) -> None:
    secrets = system.folder / "secrets.toml"
    secrets.write_text(secrets.read_text().replace(system.portal.accounts[0].password, "wrong"))
    done = system.run("systems", "discover")
    assert isinstance(done.exception, CredentialsRefused)
    assert "wrong" not in str(done.exception).lower().replace("wrong e-mail", "")


def test_a_foreign_a_corrupt_and_a_missing_database_are_left_alone(house: House) -> None:
    path = house.folder / "liveone.db"
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE books(title)")
    other.close()
    before = path.read_bytes()
    done = house.run("systems", "list")
    assert isinstance(done.exception, Foreign)
    assert "books" in str(done.exception)
    assert path.read_bytes() == before
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    assert isinstance(house.run("systems", "list").exception, Corrupt | Foreign)
    path.unlink()
    assert "liveone init" in str(house.run("systems", "list").exception)


def test_a_typo_in_the_settings_is_named(house: House) -> None:
    settings = house.folder / "liveone.toml"
    settings.write_text(settings.read_text().replace("cadence_s", "cadense_s"))
    done = house.run("systems", "list")
    assert isinstance(done.exception, ConfigError)
    assert "Did you mean 'cadence_s'" in str(done.exception)


def test_users_are_added_once_and_get_tokens(house: House) -> None:
    house.ok("users", "add", "ann@example.org", "--admin", "--password", "correct horse")
    again = house.run("users", "add", "ANN@example.org", "--password", "correct horse")
    assert "exists already" in str(again.exception)
    token = house.ok("users", "token", "ann@example.org").strip()
    assert token.encode() not in (house.folder / "liveone.db").read_bytes()
    assert "1 tokens" in house.ok("users", "list")
    short = house.run("users", "passwd", "ann@example.org", "--password", "short")
    assert "at least 8" in str(short.exception)
    house.ok("users", "passwd", "ann@example.org", "--password", "battery staple")
    assert "set a password" in house.ok("audit")
    assert "0 tokens" in house.ok("users", "list")
    house.ok("users", "remove", "ann@example.org")
    assert "No users" in house.ok("users", "list")

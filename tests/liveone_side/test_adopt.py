"""`liveone adopt`: an old database is copied, proven and put in place; itself it stays as it was."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from liveone.cli.root import root
from liveone.errors import BadInput
from liveone.store.database import Corrupt, Foreign, StoreError
from liveone.store.generations import NEWEST
from liveone.store.sql import schema_path

READING = (
    "INSERT INTO readings (system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w,"
    " shunt_w, load_w, battery_w, grid_w, battery_soc, fault_code, fault_timestamp, generator_status)"
    " VALUES (1, ?, ?, 0, 1, 1, 0, 1, 0, 0, 50, 0, 0, 0)"
)
SYSTEMS = {
    1: "INSERT INTO systems (id, user_id, system_number) VALUES (1, 'simon', '1586'), (2, 'ada', '7')",
    2: "INSERT INTO systems (id, vendor_type, vendor_site_id, display_name) VALUES (1, 'a', '1', 'x')",
}


def old_database(folder: Path, generation: int = 1) -> sqlite3.Connection:
    """A living database: its last reading is in the WAL only."""
    connection = sqlite3.connect(folder / "old.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(schema_path(generation).read_text())
    connection.execute(SYSTEMS[min(generation, 2)])
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute(READING, (1_755_310_673, 1_755_310_675))
    return connection


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Path]:
    with closing(old_database(tmp_path)):
        yield tmp_path / "old.db"


def adopt(folder: Path, *words: str) -> Result:
    (folder / "liveone.toml").touch()
    return CliRunner().invoke(root, ["--config", str(folder / "liveone.toml"), "adopt", *words])


def fingerprint(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("old.db*")}


def test_a_living_old_database_is_taken_over_whole_and_left_as_it_is(tmp_path: Path, old: Path) -> None:
    before = fingerprint(tmp_path)
    done = adopt(tmp_path, str(old), "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert (found["generation"], found["systems"], found["readings"]) == (1, 2, 1)
    assert (found["newest_day"], found["owners"]) == ("2025-08-16", ["ada", "simon"])
    with closing(sqlite3.connect(tmp_path / "liveone.db")) as connection:
        assert connection.execute("SELECT inverter_time FROM readings").fetchall() == [(1_755_310_673,)]
    after = fingerprint(tmp_path)
    assert {name: after[name] for name in ("old.db", "old.db-wal")} == {
        name: before[name] for name in ("old.db", "old.db-wal")
    }
    assert not list(tmp_path.glob(".adopting*"))


def test_the_next_step_names_every_owner(tmp_path: Path, old: Path) -> None:
    said = adopt(tmp_path, str(old)).output
    assert "liveone upgrade --set owner.ada=ACCOUNT_ID --set owner.simon=ACCOUNT_ID" in said
    assert "2 systems, 1 readings" in said


def test_a_closed_database_stays_as_it_is_to_the_byte(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    old_database(folder).close()
    before = fingerprint(folder)
    assert adopt(tmp_path, str(folder / "old.db")).exit_code == 0
    assert fingerprint(folder)["old.db"] == before["old.db"]
    assert not (folder / "old.db-wal").exists() or (folder / "old.db-wal").stat().st_size == 0


def test_the_newest_generation_needs_no_upgrade(tmp_path: Path) -> None:
    old_database(tmp_path, NEWEST).close()
    said = adopt(tmp_path, str(tmp_path / "old.db")).output
    assert f"generation {NEWEST}" in said
    assert "upgrade" not in said


def test_an_empty_database_in_the_place_is_kept_beside_it(tmp_path: Path, old: Path) -> None:
    home = tmp_path / "home"
    assert CliRunner().invoke(root, ["init", str(home)]).exit_code == 0
    found = json.loads(adopt(home, str(old), "--json").output)
    assert Path(found["replaced"]).exists()
    assert found["path"] == str(home / "liveone.db")


def test_a_database_that_holds_anything_is_never_replaced(tmp_path: Path, old: Path) -> None:
    assert adopt(tmp_path, str(old)).exit_code == 0
    before = (tmp_path / "liveone.db").read_bytes()
    again = adopt(tmp_path, str(old))
    assert isinstance(again.exception, BadInput)
    assert "holds systems or readings already" in str(again.exception)
    assert (tmp_path / "liveone.db").read_bytes() == before


def test_the_configured_database_itself_is_not_adopted(tmp_path: Path, old: Path) -> None:
    adopt(tmp_path, str(old))
    itself = adopt(tmp_path, str(tmp_path / "liveone.db"))
    assert isinstance(itself.exception, BadInput)


def test_another_shape_is_refused_with_the_difference_and_leaves_nothing_behind(
    tmp_path: Path, old: Path
) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("ALTER TABLE systems RENAME COLUMN user_id TO who")
        connection.commit()
    done = adopt(tmp_path, str(old))
    assert isinstance(done.exception, Foreign)
    assert "column systems.user_id TEXT is missing" in str(done.exception)
    assert not (tmp_path / "liveone.db").exists()


def test_a_missing_a_strange_and_a_damaged_file_are_refused(tmp_path: Path) -> None:
    assert isinstance(adopt(tmp_path, str(tmp_path / "nowhere.db")).exception, StoreError)
    (tmp_path / "text.db").write_text("CREATE TABLE systems (id);\n")
    assert isinstance(adopt(tmp_path, str(tmp_path / "text.db")).exception, Foreign)
    old_database(tmp_path).close()
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.executemany(READING, [(at, at) for at in range(3000)])
        connection.commit()
    content = bytearray(path.read_bytes())
    content[40_000:140_000] = bytes(100_000)
    path.write_bytes(content)
    assert isinstance(adopt(tmp_path, str(path)).exception, Corrupt)
    assert not (tmp_path / "liveone.db").exists()

"""`liveone systems edit`: a zone is named, refused with what was meant, or taken away; days follow."""

import csv
import json
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.store.samples import sample

from liveone.cli.root import root
from liveone.collect.days import closer
from liveone.domain.zones import Zone
from liveone.store import bulk, systems
from liveone.store.files import create
from liveone.store.readings import row_of
from liveone.store.store import open_store

SUMMER = "2026-07-01"


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(root, ["--config", str(folder / "liveone.toml"), *words])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A system at +01:00 with the readings of two days in summer."""
    create(tmp_path / "liveone.db")
    (tmp_path / "liveone.toml").touch()
    start_at = Zone(60, "Europe/Berlin").bounds(SUMMER)[0]
    with closing(open_store(tmp_path / "liveone.db")) as store:
        systems.add_system(
            store,
            owner=None,
            vendor_type="select.live",
            vendor_site_id="1586",
            display_name="Home",
            timezone_offset_min=60,
        )
        times = range(start_at + 300, start_at + 2 * 86_400 + 1, 300)
        bulk.import_readings(store, 1, (row_of(sample(at)) for at in times))
        closer.catch_up(store, time.time())
    return tmp_path


def counts(folder: Path) -> dict[str, int]:
    """The intervals of each day, as they are exported."""
    done = run(folder, "export", "--system", "1", "--kind", "daily")
    assert done.exit_code == 0, done.output
    rows = csv.DictReader(done.stdout.splitlines())
    return {row["day"]: int(row["interval_count"]) for row in rows}


def zone_now(folder: Path) -> tuple[str | None, int]:
    (found,) = json.loads(run(folder, "systems", "list", "--json").output)
    return found["time_zone"], found["timezone_offset_min"]


def test_a_zone_is_named_and_its_days_are_computed_anew(home: Path) -> None:
    assert counts(home) == {"2026-06-30": 12, "2026-07-01": 288, "2026-07-02": 276}
    done = run(home, "systems", "edit", "1", "--timezone", "Europe/Berlin", "--name", "Hut")
    assert done.exit_code == 0, done.output
    assert "System 1: Hut, Europe/Berlin; 2 days computed anew." in done.output
    assert counts(home) == {"2026-07-01": 288, "2026-07-02": 288}
    assert zone_now(home) == ("Europe/Berlin", 60)
    assert "Hut  Europe/Berlin" in run(home, "systems", "list").output
    assert "0 days" in run(home, "systems", "edit", "1", "--name", "Home").output
    assert zone_now(home) == ("Europe/Berlin", 60)
    assert "+05:45" in run(home, "systems", "edit", "1", "--timezone", "+5:45").output
    assert zone_now(home) == (None, 345)


def test_what_is_no_zone_changes_nothing_and_says_what_may_be_meant(home: Path) -> None:
    done = run(home, "systems", "edit", "1", "--timezone", "berlin")
    assert done.exit_code != 0
    assert "Did you mean Europe/Berlin" in str(done.exception) + done.output
    assert run(home, "systems", "edit", "1").exit_code != 0
    assert run(home, "systems", "edit", "7", "--name", "x").exit_code != 0
    assert zone_now(home) == (None, 60)


def test_doctor_tells_of_a_zone_that_this_machine_does_not_know(home: Path) -> None:
    run(home, "db", "shell", "UPDATE systems SET time_zone = 'Moon/Base'")
    said = run(home, "doctor").output
    assert "time zone Moon/Base is not known here; its days are counted at +01:00" in said
    assert "liveone systems edit 1 --timezone" in said

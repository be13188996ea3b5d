"""A database of an older program, served by this one and given back: nothing is lost in either direction.

The older program is this repository's own, of a day before accounts and sources were kept in the database. It
runs with the libraries of today.
"""

import io
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.apart, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
OLD = "5ebe6f36c2968d24697b54157436bed1a9a68301"
SYSTEM = (
    "INSERT INTO systems (vendor_type, vendor_site_id, display_name, timezone_offset_min)"
    " VALUES ('select.live', '1586', 'Home', 600)"
)
READINGS = """\
time,solar_w,load_w,battery_w,grid_w
2026-01-05T02:00:00+10:00,0,500,500,0
2026-01-05T02:01:00+10:00,0,520,520,0
2026-01-05T02:02:00+10:00,0,510,510,0
"""
LATER = """\
time,solar_w,load_w,battery_w,grid_w
2026-01-05T02:03:00+10:00,0,530,530,0
"""


@dataclass
class Program:
    """A release of LiveOne from a folder of sources, in the folder of an installation."""

    sources: Path
    home: Path

    def tried(self, *words: str) -> "subprocess.CompletedProcess[str]":
        path = f"{self.sources}/src:{self.sources}/packages/changeover/src"
        start = "from liveone.cli.root import main; main()"
        return subprocess.run(
            [sys.executable, "-c", start, *words],
            env={**os.environ, "PYTHONPATH": path, "LIVEONE_PORT": "0"},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def run(self, *words: str) -> str:
        done = self.tried(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def loads(self, text: str, name: str) -> None:
        (self.home / name).write_text(text)
        self.run("import", name, "--system", "1")

    def readings(self) -> list[str]:
        """What its own SQL shell gives, so that nothing of either program's export is in between."""
        return self.run(
            "db", "shell", "SELECT inverter_time, load_w, battery_w FROM readings ORDER BY inverter_time"
        ).splitlines()


@pytest.fixture(scope="module")
def old_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The older program, from the repository's history."""
    made = subprocess.run(
        ["git", "archive", OLD, "src", "packages/changeover/src"], cwd=ROOT, capture_output=True
    )
    if made.returncode:
        pytest.skip(f"the history of this checkout does not reach back to {OLD}")
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def programs(old_sources: Path, tmp_path: Path) -> tuple[Program, Program]:
    """The older program with three readings of its own, and this one in the same place."""
    old, new = Program(old_sources, tmp_path), Program(ROOT, tmp_path)
    old.run("init", ".")
    old.run("db", "shell", SYSTEM)
    old.loads(READINGS, "first.csv")
    assert len(old.readings()) == 3
    return old, new


def test_the_new_program_serves_the_old_database_and_the_old_one_goes_on_where_it_was(
    programs: tuple[Program, Program],
) -> None:
    old, new = programs
    before = old.readings()
    assert new.readings() == before
    assert "0004" in new.run("schema", "status"), "it says what it would like to do, and does nothing"
    new.loads(LATER, "later.csv")
    assert old.readings() == [*before, *new.readings()[3:]]
    old.run("aggregate", "--catchup")
    assert old.tried("doctor").returncode in (0, 1)


def test_after_an_upgrade_the_way_back_is_the_rollback_and_then_the_old_program(
    programs: tuple[Program, Program],
) -> None:
    old, new = programs
    before = old.readings()
    new.run("upgrade")
    assert new.readings() == before
    new.loads(LATER, "later.csv")
    while "there is nothing" not in (done := new.tried("upgrade", "--rollback")).stdout:
        if done.returncode:
            break
    after = old.readings()
    assert after[:3] == before
    assert len(after) == 4, "what was polled after the upgrade comes along"

"""A database of an older program, served by this one and given back: nothing is lost in either direction.

The older program is this repository's own, of a day before accounts and sources were kept in the database. It
runs with the libraries of today.
"""

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.cli.house import ACCOUNT
from tests.ports import free_port
from tests.sample import AT_LENGTH

from liveone.simulate.run import PortalOptions, make_portal

pytestmark = [pytest.mark.apart, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
OLD = "5ebe6f36c2968d24697b54157436bed1a9a68301"
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
    port: int = field(default_factory=free_port)

    def tried(self, *words: str) -> "subprocess.CompletedProcess[str]":
        path = f"{self.sources}/src:{self.sources}/packages/changeover/src"
        start = "from liveone.cli.root import main; main()"
        return subprocess.run(
            [sys.executable, "-c", start, *words],
            env={**os.environ, "PYTHONPATH": path, "LIVEONE_PORT": str(self.port)},
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
def programs(old_sources: Path, tmp_path: Path) -> Iterator[tuple[Program, Program]]:
    """The older program's installation, three readings, a portal behind it; this one in its place."""
    old, new = Program(old_sources, tmp_path), Program(ROOT, tmp_path)
    options = PortalOptions(hiccup=False)
    with make_portal(options) as portal:
        old.run("init", ".")
        settings, secrets = tmp_path / "liveone.toml", tmp_path / "secrets.toml"
        settings.write_text(
            settings.read_text().replace("port = 8080", "port = 0")
            + ACCOUNT.format(url=portal.url, email=options.email)
        )
        secrets.write_text(secrets.read_text() + f'[vendor.home]\npassword = "{options.password}"\n')
        old.run("systems", "add", "select.live", "1586", "--timezone", "+10:00")
        old.loads(READINGS, "first.csv")
        assert len(old.readings()) == 3
        yield old, new


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


@pytest.mark.sampled
@pytest.mark.skipif(not AT_LENGTH, reason="takes a minute and a half: make length")
def test_after_an_upgrade_the_way_back_is_the_rollback_and_then_the_old_program(
    programs: tuple[Program, Program],
) -> None:
    old, new = programs
    before = old.readings()
    new.run("upgrade")
    assert new.readings()[:3] == before
    new.loads(LATER, "later.csv")
    kept = new.readings()
    new.run("upgrade", "--rollback")
    assert set(kept) <= set(old.readings()), "what came after the upgrade comes along"
    old.run("aggregate", "--catchup")

"""Other people's databases, migrated there and back beside writers, and opened by their applications again."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.changeover.database.killer import boundaries_of, kill_at
from tests.world.applications import MIGRATIONS, Migration
from tests.world.environments import ask, database_of

from changeover import api
from changeover.check.load import load_plan
from changeover.database.rehearse.compare import compare
from changeover.engine.entries import Ending
from changeover.plan.params import bind
from changeover.run import commands
from changeover.run.runner import Desk
from changeover.run.state_dir import state_of

WORLD = os.environ.get("LIVEONE_WORLD", "")
"""`make world` sets ``length``: every application, large databases. ``all``: every application, small ones."""
AT_LENGTH = WORLD == "length"
CHOSEN = [one for one in MIGRATIONS if WORLD or one.application.in_short]
KILLS = 40 if AT_LENGTH else 3
BESIDE = Path(__file__).parent / "beside.py"
FIGURES = os.environ.get("LIVEONE_WORLD_FIGURES")


@dataclass(frozen=True)
class Place:
    """A folder with a plan and a copy of the application's database."""

    migration: Migration
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "app.db"

    @property
    def plan(self) -> Path:
        return self.folder / "PLAN.md"


@pytest.fixture(params=CHOSEN, ids=str)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place_of(request.param, tmp_path)


def place_of(migration: Migration, folder: Path) -> Place:
    rows = migration.application.rows_at_length if AT_LENGTH else migration.application.rows
    here = Place(migration, folder)
    folder.mkdir(exist_ok=True)
    shutil.copyfile(database_of(migration.application, rows), here.database)
    here.plan.write_text(migration.plan())
    for name, text in migration.files.items():
        (folder / name).write_text(text)
    with closing(sqlite3.connect(here.database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return here


@dataclass
class Beside:
    """Writers at work: what they were told was committed, how long they waited, what was refused."""

    place: Place
    files: list[Path]

    def stem(self, number: int) -> str:
        return self.files[number].stem

    def marks(self, number: int) -> set[str]:
        lines = self.files[number].read_text().splitlines()
        return {line.split(" ")[0] for line in lines if not line.startswith("refused")}

    def waits_s(self) -> list[float]:
        lines = [line for file in self.files for line in file.read_text().splitlines()]
        return sorted(float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("refused"))

    def refused(self) -> list[str]:
        return [
            line
            for file in self.files
            for line in file.read_text().splitlines()
            if line.startswith("refused")
        ]

    def require_there(self) -> None:
        """Every row that was acknowledged is in the database."""
        with closing(sqlite3.connect(self.place.database)) as connection:
            connection.create_collation("unicase", lambda a, b: (a > b) - (a < b))
            for number, writer in enumerate(self.place.migration.writers):
                rows = connection.execute(
                    f'SELECT "{writer.column}" FROM "{writer.table}" WHERE "{writer.column}" LIKE ?',
                    (f"beside-{self.stem(number)}-%",),
                )
                lost = self.marks(number) - {mark for (mark,) in rows}
                assert not lost, f"{len(lost)} acknowledged rows of {writer.table} are gone"


@contextmanager
def writing(place: Place, when: str) -> Iterator[Beside]:
    """A process for every writer of the migration; they end when the test is done with them."""
    stop = place.folder / f"stop-{when}"
    files = [
        place.folder / f"{when}{number}.acknowledged" for number, _ in enumerate(place.migration.writers)
    ]
    processes = [
        subprocess.Popen([sys.executable, BESIDE, place.database, file, stop, writer.sql])
        for file, writer in zip(files, place.migration.writers, strict=True)
    ]
    try:
        deadline_s = time.monotonic() + 60
        while not all(file.is_file() and file.stat().st_size for file in files):
            assert time.monotonic() < deadline_s, "a writer does not write"
            time.sleep(0.02)
        yield Beside(place, files)
    finally:
        stop.touch()
        for process in processes:
            process.wait(timeout=60)


def test_there_and_back_beside_writers_and_the_application_opens_it_both_times(place: Place) -> None:
    application = place.migration.application
    assert api.check(place.plan, str(place.database)).is_sound
    with writing(place, "forward") as before:
        record = api.rehearse(place.plan, str(place.database))
        assert record.passed, "\n".join(record.faults)
        began_s = time.monotonic()
        outcome = api.run(place.plan, str(place.database))
        took_s = time.monotonic() - began_s
        assert outcome.ending is Ending.DONE, outcome
        time.sleep(0.3)
    before.require_there()
    if "version" not in place.migration.name:  # An application refuses a version that it does not know.
        ask(application, "check", place.database)
    with writing(place, "back") as after:
        assert api.rollback(place.plan, str(place.database)).ending is Ending.ROLLED_BACK
        time.sleep(0.3)
    before.require_there()
    after.require_there()
    assert before.refused() == after.refused() == []
    note_figures(place, before, record.frozen_s, took_s)
    ask(application, "check", place.database)
    with closing(sqlite3.connect(place.database)) as connection:
        connection.create_collation("unicase", lambda a, b: (a > b) - (a < b))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("migration", [MIGRATIONS[-1], *MIGRATIONS[1:2]][: 2 if WORLD else 1], ids=str)
def test_whatever_is_killed_one_command_ends_it_and_nothing_is_lost(
    migration: Migration, tmp_path: Path
) -> None:
    template = place_of(migration, tmp_path / "template")
    assert api.rehearse(template.plan, str(template.database)).passed
    count = len(boundaries_of(lambda hook: started(copied(template, tmp_path / "first"), hook)))
    for number in sorted({round(step * (count - 1) / KILLS) for step in range(KILLS + 1)}):
        here = copied(template, tmp_path / "killed")
        kill_at(lambda hook, here=here: started(here, hook), number)
        if state_of(here.database).newest() is None:
            assert started(here, lambda moment: None) is Ending.DONE
        elif api.standing(here.plan, str(here.database)).ended is None:
            assert api.resume(here.plan, str(here.database)).ending in (Ending.DONE, Ending.ROLLED_BACK)
        difference = compare(tmp_path / "first" / "app.db", here.database)
        original = compare(template.database, here.database)
        assert difference.equal or original.equal, f"killed at {number}: {difference}"


@pytest.mark.skipif(not AT_LENGTH, reason="a figure of `make world`")
def test_djangos_own_way_beside_the_same_writers(tmp_path: Path) -> None:
    """Nothing is asserted of Django but that it works: what its writers felt stands in the table beside ours."""
    place = place_of(MIGRATIONS[1], tmp_path / "own")
    with writing(place, "own") as beside:
        began_s = time.monotonic()
        ask(place.migration.application, "own", place.database)
        took_s = time.monotonic() - began_s
    note_figures(place, beside, 0.0, took_s, by="Django itself")
    ask(place.migration.application, "check", place.database)


def started(place: Place, hook: object) -> Ending:
    """A run that tells ``hook`` of its boundaries."""
    plan = load_plan(place.plan)
    values = bind(plan, [], {})
    settings = commands.Settings(who="tests", desk=Desk(), hook=hook)  # type: ignore[arg-type]
    return commands.run(plan, values, place.database, settings).ending


def copied(template: Place, folder: Path) -> Place:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template.folder, folder)
    return Place(template.migration, folder)


def note_figures(
    place: Place, beside: Beside, frozen_s: float, took_s: float, *, by: str = "changeover"
) -> None:
    """A line of the table that `make world` prints."""
    if FIGURES:
        waits = beside.waits_s()
        line = {
            "migration": str(place.migration),
            "by": by,
            "mb": round(place.database.stat().st_size / 1e6, 1),
            "writes": len(waits),
            "p99_ms": round(waits[int(len(waits) * 0.99)] * 1000),
            "longest_ms": round(waits[-1] * 1000),
            "refused": len(beside.refused()),
            "frozen_rehearsed_ms": round(frozen_s * 1000),
            "run_s": round(took_s, 2),
        }
        with open(FIGURES, "a") as file:
            file.write(json.dumps(line) + "\n")

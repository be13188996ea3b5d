"""A folder with a plan and a copy of an application's database, and the processes that write into it."""

import runpy
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.world.environments import database_of
from tests.world.kinds import FUNCTIONS, Migration

BESIDE = Path(__file__).parent / "beside.py"


@dataclass(frozen=True)
class Place:
    """Where one migration of one application is tried."""

    migration: Migration
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "app.db"

    @property
    def plan(self) -> Path:
        return self.folder / "PLAN.md"

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """A connection as the application's, with its functions."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            if self.migration.application.functions:
                runpy.run_path(str(self.folder / FUNCTIONS))["register"](connection)
            yield connection

    def write(self, mark: str) -> None:
        """One row by every writer of the migration."""
        with self.connected() as connection:
            for writer in self.migration.writers:
                connection.execute(writer.sql, {"mark": mark})

    def lacks(self, number: int, marks: set[str]) -> set[str]:
        """Which rows of a writer are not there."""
        writer = self.migration.writers[number]
        with self.connected() as connection:
            rows = connection.execute(f'SELECT "{writer.column}" FROM "{writer.table}"')
            return marks - {mark for (mark,) in rows}

    def require_whole(self) -> None:
        with self.connected() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def place_of(migration: Migration, folder: Path, rows: int) -> Place:
    """A fresh copy of the application's database with so many rows, and what people added to it."""
    here = Place(migration, folder)
    folder.mkdir(exist_ok=True)
    application = migration.application
    shutil.copyfile(database_of(application, rows), here.database)
    if application.functions:
        (folder / FUNCTIONS).write_text(application.functions)
    with here.connected() as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(application.beside)
    here.plan.write_text(migration.plan(here.database))
    return here


def copied(template: Place, folder: Path) -> Place:
    """The same place, its files copied."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template.folder, folder)
    return Place(template.migration, folder)


@dataclass
class Beside:
    """Writers at work: what they were told was committed, how long they waited, what was refused."""

    place: Place
    files: list[Path]

    def _lines(self, *, refused: bool) -> list[str]:
        lines = [line for file in self.files for line in file.read_text().splitlines()]
        return [line for line in lines if line.startswith("refused") is refused]

    def waits_s(self) -> list[float]:
        return sorted(float(line.rsplit(" ", 1)[1]) for line in self._lines(refused=False))

    def refused(self) -> list[str]:
        return self._lines(refused=True)

    def require_there(self) -> None:
        """Every row that was acknowledged is in the database."""
        for number, file in enumerate(self.files):
            lines = file.read_text().splitlines()
            lost = self.place.lacks(number, {line.split(" ")[0] for line in lines if line[:7] != "refused"})
            assert not lost, (
                f"{len(lost)} acknowledged rows of {self.place.migration.writers[number].table} are gone"
            )


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

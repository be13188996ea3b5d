"""The way back after very many writes, and of values that the old definition may not hold."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.online import entries
from tests.changeover.database.online.entries import Entry
from tests.changeover.database.online.shapes import VALUES, parsed
from tests.sample import AT_LENGTH

from changeover.database.connect import connect
from changeover.database.online.prepare import prepare
from changeover.database.online.rebuild import OnlineRebuild
from changeover.database.online.worker import OnlinePace, Worker
from changeover.errors import StepFailed
from changeover.sql import rebuild

WRITES = 1_000_000 if AT_LENGTH else 20_000
ENTRY = Entry(
    made="INSERT INTO t SELECT value, value FROM json_each('[1, 2, 3, 4, 5, 6]');",
    old="(id INTEGER PRIMARY KEY, v INTEGER) STRICT",
    new="(v, id INTEGER PRIMARY KEY)",
    columns="id, v",
    meanwhile=(),
)


def run_of(connection: sqlite3.Connection) -> OnlineRebuild:
    return OnlineRebuild(Worker(connection=connection, pace=OnlinePace(pause_s=0.0)), "t", "entry")


def back(path: Path) -> Worker:
    with closing(connect(path)) as connection:
        run = run_of(connection)
        run.back(rebuild.read(parsed(ENTRY.backward)), lambda: None, rebuild.read(parsed(ENTRY.forward)))
    return run.worker


@pytest.fixture
def swapped(work: Path) -> tuple[Path, Path]:
    """A database whose table was swapped, and one that has it as it was."""
    path, oracle = work / "t.db", work / "oracle.db"
    entries.make(ENTRY, path)
    shutil.copy(path, oracle)
    with closing(connect(path)) as connection:
        run_of(connection).forward(prepare(connection, parsed(ENTRY.forward)), lambda: None)
    return path, oracle


def written(path: Path, sql: str) -> bool:
    """Whether the database takes it."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            connection.executescript(sql)
        except sqlite3.IntegrityError:
            return False
    return True


def test_after_very_many_writes(swapped: tuple[Path, Path]) -> None:
    """Each key is several times in the log: they are brought back in many small steps, and none is lost."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {WRITES // 4})"
    for path in swapped:
        assert written(
            path,
            f"{numbers} INSERT INTO t (id, v) SELECT 10 + i, i FROM n; UPDATE t SET v = v + 1;"
            " UPDATE t SET v = -v WHERE id % 3; UPDATE t SET id = -id WHERE id % 5 = 0;"
            " DELETE FROM t WHERE id % 7 = 0;",
        )
    path, oracle = swapped
    assert back(path).measures.keys_followed > WRITES * 0.7
    assert entries.contents(path)["t"] == entries.contents(oracle)["t"]


@pytest.mark.parametrize("value", [*VALUES, "'abc'", "1.5", "9e999"])
def test_of_a_value_that_the_old_definition_may_not_hold(swapped: tuple[Path, Path], value: str) -> None:
    """It comes back as the old table takes it; or it is named, and nothing is swapped until it is mended."""
    path, oracle = swapped
    sql, mended = f"UPDATE t SET v = {value} WHERE id = 4;", "UPDATE t SET v = 8 WHERE id = 4;"
    assert written(path, sql)
    if not written(oracle, sql):
        with pytest.raises(StepFailed, match="the row with id = 4 cannot be held"):
            back(path)
        assert written(
            path, f"INSERT INTO t (v, id) VALUES ('still new', 9); DELETE FROM t WHERE id = 9; {mended}"
        )
        assert written(oracle, mended)
    back(path)
    assert entries.contents(path)["t"] == entries.contents(oracle)["t"]

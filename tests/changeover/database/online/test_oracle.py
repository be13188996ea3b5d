"""Rebuilt while an application writes, and killed wherever it can be: row by row what a rebuild at rest
would give.
"""

import os
import random
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.online import shapes
from tests.changeover.database.online.shapes import SHAPES, Shape
from tests.sample import drawn

ROWS, WRITES = 60, 2


@pytest.fixture(params=SHAPES, ids=[shape.name for shape in SHAPES])
def shape(request: pytest.FixtureRequest) -> Shape:
    found: Shape = request.param
    return found


class Application:
    """Writes to the database and to the oracle at the moments when nobody holds the lock: the same, with
    one outcome.
    """

    def __init__(self, shape: Shape, path: Path, oracle: Path, seed: int) -> None:
        self.shape, self.draw = shape, random.Random(seed)
        self.connections = [sqlite3.connect(one, isolation_level=None) for one in (path, oracle)]
        for one in self.connections:
            one.execute("PRAGMA busy_timeout = 0")
            one.execute("PRAGMA foreign_keys = ON")
        self.idle = True

    def hear(self, moment: str) -> None:
        """A boundary of the rebuild: between its transactions the application writes."""
        if moment == "begun":
            self.idle = False
        elif moment == "committed":
            self.idle = True
            self.write(WRITES)

    def write(self, count: int) -> None:
        """Write so many times."""
        for sql in shapes.writes(self.shape, self.draw, count):
            here, there = (shapes.do(one, sql) for one in self.connections)
            assert bool(here) == bool(there), f"{sql}: {here} | {there}"

    def close(self) -> None:
        for one in self.connections:
            one.close()


@pytest.fixture
def stand(shape: Shape, work: Path) -> tuple[Path, Path]:
    path, oracle = work / "t.db", work / "oracle.db"
    shapes.make(shape, path, ROWS, 1)
    shutil.copy(path, oracle)
    return path, oracle


@pytest.mark.parametrize("seed", range(8))
def test_as_at_rest(shape: Shape, stand: tuple[Path, Path], seed: int) -> None:
    path, oracle = stand
    application = Application(shape, path, oracle, seed)
    before = shapes.definitions(path)
    shapes.forward(shapes.online(path, shape, application.hear), shape)
    application.write(10)
    copy = oracle.with_name("copy.db")
    with closing(sqlite3.connect(oracle)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    shapes.rebuild_offline(shape, copy)
    assert shapes.contents(path) == shapes.contents(copy)
    assert [one for one in shapes.definitions(path) if "changeover_" not in str(one)] == shapes.definitions(
        copy
    )

    shapes.back(shapes.online(path, shape, application.hear), shape)
    application.write(5)
    application.close()
    columns = ", ".join((*shape.keys, "u", "v", "w"))
    assert shapes.contents(path, columns=columns) == shapes.contents(oracle, columns=columns)
    assert shapes.definitions(path) == before
    _is_whole(path)


def test_there_and_back_and_there_again(shape: Shape, stand: tuple[Path, Path]) -> None:
    """Each way carries on what was written before it and beside it; a way back is taken back, too."""
    path, oracle = stand
    application = Application(shape, path, oracle, 11)
    for way in (shapes.forward, shapes.back, shapes.forward, shapes.back, shapes.forward):
        way(shapes.online(path, shape, application.hear), shape)
        application.write(10)
    application.close()
    shapes.rebuild_offline(shape, oracle)
    columns = ", ".join((*shape.keys, "u", "v", "w"))
    assert shapes.contents(path, columns=columns) == shapes.contents(oracle, columns=columns)
    _is_whole(path)


def _is_whole(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _moments(shape: Shape, path: Path, folder: Path, way: str) -> int:
    """How many boundaries a way has when nobody writes."""
    copy, heard = folder / "count.db", []
    shutil.copy(path, copy)
    getattr(shapes, way)(shapes.online(copy, shape, heard.append), shape)
    return len(heard)


def _killed_at(moment: int, shape: Shape, path: Path, way: str) -> None:
    """A process that goes this way, killed by SIGKILL at its n-th boundary."""
    child = os.fork()
    if child == 0:
        left = moment

        def hear(_: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            getattr(shapes, way)(shapes.online(path, shape, hear), shape)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it ended before it was killed"


@pytest.mark.sampled
@pytest.mark.parametrize("way", ["forward", "back"])
def test_killed_everywhere(shape: Shape, stand: tuple[Path, Path], way: str) -> None:
    path, oracle = stand
    if way == "back":
        shapes.forward(shapes.online(path, shape), shape)
        application = Application(shape, path, oracle, 5)
        application.write(30)
        application.close()
    columns = ", ".join((*shape.keys, "u", "v", "w"))
    for moment in drawn(range(_moments(shape, path, path.parent, way)), 6):
        here, there = path.with_name("here.db"), path.with_name("there.db")
        for source, target in ((path, here), (oracle, there)):
            with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as two:
                one.backup(two)
                two.execute("PRAGMA journal_mode = WAL")
        _killed_at(moment, shape, here, way)
        application = Application(shape, here, there, moment)
        application.write(10)
        # Once it was swapped a second call would be another change; what the ledger of the run is for.
        if way == "back" or not _was_swapped(here):
            getattr(shapes, way)(shapes.online(here, shape, application.hear), shape)
        application.close()
        if way == "forward":
            shapes.rebuild_offline(shape, there)
        assert shapes.contents(here, columns=columns) == shapes.contents(there, columns=columns), moment
        _is_whole(here)
        for one in (here, there):
            for file in one.parent.glob(f"{one.name}*"):
                file.unlink()


def _was_swapped(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'changeover_online'").fetchone():
            return False
        return connection.execute("SELECT phase FROM changeover_online").fetchall() == [("soak",)]

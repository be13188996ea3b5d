"""Killing a runner at a chosen boundary: a forked child ends itself with SIGKILL inside the hook."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.changeover.run import club
from tests.changeover.run.club import Club

from changeover.database.compare import compare
from changeover.entries import Ending
from changeover.run import Outcome

Act = Callable[[Club, Callable[[str], None]], Outcome]


def run(one: Club, hook: Callable[[str], None]) -> Outcome:
    """Begin a run."""
    return club.start(one, hook=hook)


def resume(one: Club, hook: Callable[[str], None]) -> Outcome:
    """Go on with the newest run."""
    return club.again(one, "resume", hook=hook)


def rollback(one: Club, hook: Callable[[str], None]) -> Outcome:
    """Take the newest run back."""
    return club.again(one, "rollback", hook=hook)


def finish(one: Club, hook: Callable[[str], None]) -> Outcome:
    """Finish the newest run."""
    return club.again(one, "finish", hook=hook)


def count(database: Path, sql: str) -> int:
    """The one number that a query gives."""
    with closing(sqlite3.connect(database)) as connection:
        found: int = connection.execute(sql).fetchone()[0]
        return found


def fresh(template: Path, place: Path) -> Club:
    """The template again, in the same place as always."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(template, place)
    return Club(place)


def boundaries(one: Club, act: Act) -> list[str]:
    """The name of every boundary that ``act`` passes, in order."""
    found: list[str] = []
    act(one, found.append)
    return found


def kill_at(one: Club, act: Act, number: int) -> None:
    """Let a child do ``act`` and kill it with SIGKILL at boundary ``number``, counted from 0."""
    passed = 0

    def hook(moment: str) -> None:
        nonlocal passed
        if passed == number:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    child = os.fork()
    if child == 0:
        try:
            act(one, hook)
        finally:
            os._exit(99)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the child was to die at boundary {number} and ended by itself: {status}"


def migrated_offline(original: Path, target: Path) -> Path:
    """The oracle: the same scripts, run by hand on a copy that nobody uses."""
    shutil.copyfile(original, target)
    with closing(sqlite3.connect(target)) as connection:
        connection.executescript(
            "ALTER TABLE visits ADD COLUMN minutes INTEGER;"
            "CREATE TABLE badges (id INTEGER PRIMARY KEY, member_id INTEGER NOT NULL, label TEXT NOT NULL);"
            + club.MIGRATE
        )
    return target


def require_whole_and_free(database: Path) -> None:
    """Right after a kill: no damage, no lock left behind, no key broken."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=0)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT count(*) FROM visits").fetchone() == (20,)
        connection.execute("ROLLBACK")


def require_equal(expected: Path, database: Path) -> None:
    """Schema and every row."""
    difference = compare(expected, database)
    assert difference.equal, str(difference)


def require_done(one: Club, outcome: Outcome, oracle: Path) -> None:
    """The run came to its end, and the database is what the oracle is."""
    assert outcome.ending is Ending.DONE, outcome.reason
    require_equal(oracle, one.database)


def require_undone(one: Club, outcome: Outcome) -> None:
    """The run was taken back, and the database is what it was."""
    assert outcome.ending is Ending.ROLLED_BACK, outcome.reason
    require_equal(one.original, one.database)

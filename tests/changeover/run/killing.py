"""What to kill of a club's runs, and what must be true of the database afterwards."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.changeover.run import club
from tests.changeover.run.club import Club

from changeover.database.rehearse.compare import compare
from changeover.engine.entries import Ending
from changeover.run.commands import Outcome

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

"""`kill -9` at every statement boundary and every journal write, enumerated and not sampled.

Each boundary is counted by a first run, then a child is killed at each of them, and `resume` or `rollback`
must bring the database to exactly the new or exactly the old state, row by row.
"""

from pathlib import Path

import pytest
from tests.changeover.run import killing
from tests.changeover.run.club import Club

from changeover.entries import Ending
from changeover.folders import state_of


def quiet(moment: str) -> None:
    """A hook that lets a runner live."""


@pytest.fixture
def oracle(rehearsed: Club, work: Path) -> Path:
    """What the database must be after the change."""
    return killing.migrated_offline(rehearsed.original, work / "oracle.db")


@pytest.fixture
def done(rehearsed: Club, work: Path) -> Path:
    """A club after a run that went well, to be taken back."""
    killing.run(rehearsed, quiet)
    return rehearsed.folder.rename(work / "done")


def test_a_run_killed_anywhere_is_finished_by_resume_and_undone_by_rollback(
    rehearsed: Club, work: Path, oracle: Path
) -> None:
    template, place = rehearsed.folder.rename(work / "template"), rehearsed.folder
    moments = killing.boundaries(killing.fresh(template, place), killing.run)
    assert len(moments) > 50
    for number, moment in enumerate(moments):
        one = killing.fresh(template, place)
        killing.kill_at(one, killing.run, number)
        killing.require_whole_and_free(one.database)
        if state_of(one.database).newest() is None:
            killing.require_equal(one.original, one.database)
            continue
        killed = killing.fresh(place, work / "killed").folder
        killing.require_undone(one, killing.rollback(one, quiet))
        if moment != "after journal ended":
            again = killing.fresh(killed, place)
            killing.require_done(again, killing.resume(again, quiet), oracle)


@pytest.mark.parametrize("act", [killing.rollback, killing.resume])
def test_a_rollback_killed_anywhere_comes_to_its_end(done: Path, rehearsed: Club, act: killing.Act) -> None:
    moments = killing.boundaries(killing.fresh(done, rehearsed.folder), killing.rollback)
    for number, moment in enumerate(moments[:-1]):
        one = killing.fresh(done, rehearsed.folder)
        killing.kill_at(one, killing.rollback, number)
        killing.require_whole_and_free(one.database)
        again = killing.rollback if moment == "before journal opened" else act
        killing.require_undone(one, again(one, quiet))


def test_a_finish_killed_anywhere_is_finished_by_the_next(done: Path, rehearsed: Club) -> None:
    moments = killing.boundaries(killing.fresh(done, rehearsed.folder), killing.finish)
    for number in range(len(moments) - 1):
        one = killing.fresh(done, rehearsed.folder)
        killing.kill_at(one, killing.finish, number)
        killing.require_whole_and_free(one.database)
        outcome = killing.finish(one, quiet)
        assert outcome.ending is Ending.FINISHED, outcome.reason
        assert killing.count(one.database, "SELECT count(*) FROM prices") == 1


def test_a_resume_killed_anywhere_after_a_kill_is_finished_by_the_next(
    rehearsed: Club, work: Path, oracle: Path
) -> None:
    template, place = rehearsed.folder.rename(work / "template"), rehearsed.folder
    moments = killing.boundaries(killing.fresh(template, place), killing.run)
    for first in ("before statement 3", "before journal done members"):
        one = killing.fresh(template, place)
        killing.kill_at(one, killing.run, moments.index(first))
        killed = one.folder.rename(work / f"killed {first}")
        later = killing.boundaries(killing.fresh(killed, place), killing.resume)
        for number in range(len(later) - 1):
            one = killing.fresh(killed, place)
            killing.kill_at(one, killing.resume, number)
            killing.require_done(one, killing.resume(one, quiet), oracle)

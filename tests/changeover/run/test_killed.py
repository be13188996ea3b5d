"""`kill -9` at every statement boundary and every journal write.

Each boundary is counted by a first run, then a child is killed at each of them (in `make test` at some that a
seed draws; `make length` has all), and `resume` or `rollback` must bring the database to exactly the new or
exactly the old state, row by row.
"""

from functools import partial
from pathlib import Path

import pytest
from tests.changeover.database.killer import boundaries_of, kill_at
from tests.changeover.run import killing
from tests.changeover.run.club import Club
from tests.sample import drawn

from changeover.engine.entries import Ending
from changeover.run.state_dir import state_of

pytestmark = pytest.mark.sampled


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
    moments = boundaries_of(partial(killing.run, killing.fresh(template, place)))
    assert len(moments) > 50
    for number, moment in drawn(enumerate(moments), 8):
        one = killing.fresh(template, place)
        kill_at(partial(killing.run, one), number)
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
    moments = boundaries_of(partial(killing.rollback, killing.fresh(done, rehearsed.folder)))
    for number, moment in drawn(enumerate(moments[:-1]), 5):
        one = killing.fresh(done, rehearsed.folder)
        kill_at(partial(killing.rollback, one), number)
        killing.require_whole_and_free(one.database)
        again = killing.rollback if moment == "before journal opened" else act
        killing.require_undone(one, again(one, quiet))


def test_a_finish_killed_anywhere_is_finished_by_the_next(done: Path, rehearsed: Club) -> None:
    moments = boundaries_of(partial(killing.finish, killing.fresh(done, rehearsed.folder)))
    for number in drawn(range(len(moments) - 1), 4):
        one = killing.fresh(done, rehearsed.folder)
        kill_at(partial(killing.finish, one), number)
        killing.require_whole_and_free(one.database)
        outcome = killing.finish(one, quiet)
        assert outcome.ending is Ending.FINISHED, outcome.reason
        assert killing.count(one.database, "SELECT count(*) FROM prices") == 1


def test_a_resume_killed_anywhere_after_a_kill_is_finished_by_the_next(
    rehearsed: Club, work: Path, oracle: Path
) -> None:
    template, place = rehearsed.folder.rename(work / "template"), rehearsed.folder
    moments = boundaries_of(partial(killing.run, killing.fresh(template, place)))
    for first in ("before statement 3", "before journal done members"):
        one = killing.fresh(template, place)
        kill_at(partial(killing.run, one), moments.index(first))
        killed = one.folder.rename(work / f"killed {first}")
        later = boundaries_of(partial(killing.resume, killing.fresh(killed, place)))
        for number in drawn(range(len(later) - 1), 3):
            one = killing.fresh(killed, place)
            kill_at(partial(killing.resume, one), number)
            killing.require_done(one, killing.resume(one, quiet), oracle)

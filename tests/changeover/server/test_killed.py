"""A runner on a server is killed with SIGKILL at every journal write, statement boundary and request.

A first run counts the boundaries, then a child dies at each of them (in `make test` at some that a seed
draws; `make length` has all), and `resume` or `rollback` must bring the database to exactly the new or the
old state. What lasts - journal and database - changes only with a journal entry and a request, so right
after each of these is everywhere. The runner that goes on is killed in turn.
Shared out over a few tests, so that they run side by side.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.changeover.database.killer import boundaries_of, kill_at
from tests.changeover.server import club
from tests.changeover.server.club import TEMPLATE, ServerClub
from tests.sample import drawn
from tests.store.sqld import Sqld

from changeover.database import ledger
from changeover.database.connect import opened
from changeover.engine.entries import Ending

pytestmark = pytest.mark.sampled
SHARES = 4
CHANGES = 2
"""Of the plan, in Execute: done once each."""
DONE, KILLED = "done", "killed"


@pytest.fixture
def rehearsed(work: Path, sqld: Sqld) -> Iterator[ServerClub]:
    """A club on the server whose plan is rehearsed."""
    with club.made(work / "club", sqld) as one:
        assert one.rehearse().passed
        yield one


def after_everything(moments: list[str]) -> list[tuple[int, str]]:
    """The places where something has just been written, here or on the server."""
    return [(place, moment) for place, moment in enumerate(moments) if moment.startswith("after")]


@pytest.mark.parametrize("number", range(SHARES))
def test_a_run_killed_anywhere_is_finished_by_resume_and_undone_by_rollback(
    rehearsed: ServerClub, work: Path, number: int
) -> None:
    one, run = rehearsed, club.acting("run")
    expected = club.oracle(one, work / "oracle.db")
    kept = club.keep(one, work / "kept", TEMPLATE)
    moments = boundaries_of(partial(run, one))
    assert len(after_everything(moments)) > 50
    ended = moments.index("after journal ended")
    for place, _ in drawn(after_everything(moments)[number::SHARES], 2):
        kill_at(partial(run, club.fresh(one, kept, TEMPLATE)), place)
        club.require_whole_and_free(one)
        if one.state.newest() is None:
            club.require_equal(one.original, one)
            continue
        killed = club.keep(one, work / "killed", KILLED)
        club.require_undone(one, one.again("rollback"))
        if place < ended:
            club.fresh(one, killed, KILLED)
            club.require_done(one, one.again("resume"), expected)


@pytest.mark.parametrize("act", ["rollback", "resume"])
def test_a_rollback_killed_anywhere_comes_to_its_end(rehearsed: ServerClub, work: Path, act: str) -> None:
    one, rollback = rehearsed, club.acting("rollback")
    assert one.start().ending is Ending.DONE
    kept = club.keep(one, work / "kept", DONE)
    moments = boundaries_of(partial(rollback, one))
    opened = moments.index("after journal opened")
    ended = moments.index("after journal ended")
    for place, _ in drawn(after_everything(moments[:ended]), 4):
        kill_at(partial(rollback, club.fresh(one, kept, DONE)), place)
        club.require_whole_and_free(one)
        club.require_undone(one, one.again("rollback" if place < opened else act))


def test_a_finish_killed_anywhere_is_finished_by_the_next(rehearsed: ServerClub, work: Path) -> None:
    one, finish = rehearsed, club.acting("finish")
    assert one.start().ending is Ending.DONE
    kept = club.keep(one, work / "kept", DONE)
    moments = boundaries_of(partial(finish, one))
    tidied = [moment for moment in moments if moment == "committed"]
    assert len(tidied) == 1
    for place, _ in drawn(after_everything(moments[: moments.index("after journal ended")]), 3):
        kill_at(partial(finish, club.fresh(one, kept, DONE)), place)
        club.require_whole_and_free(one)
        outcome = one.again("finish")
        assert outcome.ending is Ending.FINISHED, outcome.reason
        with opened(one.database) as connection:
            assert connection.execute("SELECT count(*) FROM prices").fetchone() == (1,)
            tidies = [entry for entry in ledger.entries(connection) if entry.action == "tidy"]
        assert len(tidies) == 1, "it is done once, whoever did it"


@pytest.mark.parametrize("first", ["begun", "committed"])
def test_a_resume_killed_anywhere_after_a_kill_is_finished_by_the_next(
    rehearsed: ServerClub, work: Path, first: str
) -> None:
    """The first kill is right before the last change is sent, or right after its answer came."""
    one, run, resume = rehearsed, club.acting("run"), club.acting("resume")
    expected = club.oracle(one, work / "oracle.db")
    kept = club.keep(one, work / "kept", TEMPLATE)
    moments = boundaries_of(partial(run, one))
    last = len(moments) - 1 - moments[::-1].index(first)
    kill_at(partial(run, club.fresh(one, kept, TEMPLATE)), last)
    killed = club.keep(one, work / "killed", KILLED)
    later = boundaries_of(partial(resume, one))
    places = after_everything(later[: later.index("after journal ended")])
    assert len(places) > 10
    for place, _ in drawn(places, 3):
        kill_at(partial(resume, club.fresh(one, killed, KILLED)), place)
        club.require_whole_and_free(one)
        club.require_done(one, one.again("resume"), expected)
        with opened(one.database) as connection:
            assert len(ledger.entries(connection)) == CHANGES

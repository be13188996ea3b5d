"""A runner on a server is killed with SIGKILL at every journal write, statement boundary and request.

Enumerated, not sampled: a first run counts the boundaries, then a child dies at each of them, and `resume` or
`rollback` must bring the database to exactly the new or exactly the old state. What lasts - journal and
database - changes only with a journal entry and a request, so right after each of these is everywhere.
Shared out over a few tests, so that they run side by side.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.changeover.server import club
from tests.changeover.server.club import TEMPLATE, ServerClub
from tests.store.sqld import Sqld

from changeover.entries import Ending

SHARES = 4
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
    moments = club.boundaries(one, run)
    assert len(after_everything(moments)) > 50
    ended = moments.index("after journal ended")
    for place, _ in after_everything(moments)[number::SHARES]:
        club.kill_at(club.fresh(one, kept, TEMPLATE), run, place)
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
    moments = club.boundaries(one, rollback)
    opened = moments.index("after journal opened")
    ended = moments.index("after journal ended")
    for place, _ in after_everything(moments[:ended]):
        club.kill_at(club.fresh(one, kept, DONE), rollback, place)
        club.require_whole_and_free(one)
        club.require_undone(one, one.again("rollback" if place < opened else act))

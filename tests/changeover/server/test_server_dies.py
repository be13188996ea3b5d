"""The server is killed with SIGKILL in every phase of a run and of a rollback; it stays away, or comes back.

Whatever happens, the database is whole, old or new; and when the server is there again `rollback` leaves
exactly the old state and `resume` never anything but the old or the new one.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.changeover.server import club
from tests.changeover.server.club import ServerClub
from tests.store.sqld import Sqld, scratch

from changeover import engine, runner
from changeover.database.compare import compare
from changeover.entries import Ending
from changeover.errors import ChangeoverError, Refused

DONE = "done"
OVER = (Ending.DONE, Ending.ROLLED_BACK, Ending.REFUSED)


@pytest.fixture
def one(work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerClub]:
    """A rehearsed club on a server of its own; a runner whose step fails tries again at once."""
    for module in (engine, runner):
        monkeypatch.setattr(module, "PAUSES_S", (0.0, 0.0, 0.0))
    own = Sqld(scratch("dies"), "--max-active-namespaces", "50")
    try:
        with club.made(work / "club", own.start()) as made:
            assert made.rehearse().passed
            yield made
    finally:
        own.close()


def begun_tasks(moments: list[str]) -> list[int]:
    """The places right after a task was begun, every phase's."""
    return [place for place, moment in enumerate(moments) if moment.startswith("after journal started")]


def writes_and_answers(moments: list[str]) -> list[int]:
    """The places where the server is about to be asked."""
    return [place for place, moment in enumerate(moments) if moment == "before request"]


def at(place: int, act: Callable[[], None]) -> club.Hook:
    """A hook that acts at one boundary."""
    passed = -1

    def hook(moment: str) -> None:
        nonlocal passed
        passed += 1
        if passed == place:
            act()

    return hook


def tried(one: ServerClub, act: club.Act, hook: club.Hook) -> None:
    """Carry it out as far as it goes; what it says of itself must be one of ours."""
    with suppress(ChangeoverError):
        act(one, hook)


def finished(one: ServerClub, expected: Path) -> None:
    """The server is back: it is old or new, whole, and one command makes it old."""
    club.require_whole_and_free(one)
    if one.state.newest() is None:
        club.require_equal(one.original, one)
        return
    try:
        ending = one.again("resume").ending
        assert ending in OVER, ending
    except Refused:
        pass
    club.require_whole_and_free(one)
    fetched = one.fetched()
    assert compare(one.original, fetched).equal or compare(expected, fetched).equal
    try:
        club.require_undone(one, one.again("rollback"))
    except Refused:
        club.require_equal(one.original, one)


@pytest.mark.parametrize("command", ["run", "rollback"])
def test_it_stays_away_from_the_beginning_of_any_step(one: ServerClub, work: Path, command: str) -> None:
    expected = club.oracle(one, work / "oracle.db")
    act = club.acting(command)
    if command == "rollback":
        assert one.start().ending is Ending.DONE
    kept = club.keep(one, work / "kept", DONE)
    places = begun_tasks(club.boundaries(one, act))
    assert len(places) >= 4
    for place in places:
        club.fresh(one, kept, DONE)
        tried(one, act, at(place, one.sqld.kill))
        one.sqld.kill()
        one.sqld.start()
        finished(one, expected)


@pytest.mark.parametrize("command", ["run", "rollback"])
def test_it_dies_before_any_request_and_is_back_at_once(one: ServerClub, work: Path, command: str) -> None:
    expected = club.oracle(one, work / "oracle.db")
    act = club.acting(command)
    if command == "rollback":
        assert one.start().ending is Ending.DONE
    kept = club.keep(one, work / "kept", DONE)
    places = writes_and_answers(club.boundaries(one, act))
    assert len(places) > 20

    def bounce() -> None:
        one.sqld.kill()
        one.sqld.start()

    for place in places:
        club.fresh(one, kept, DONE)
        tried(one, act, at(place, bounce))
        finished(one, expected)

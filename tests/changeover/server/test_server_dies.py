"""The server is killed with SIGKILL in every phase of a run and of a rollback; it stays away, or comes back.

Whatever happens, the database is whole, old or new; and when the server is there again `rollback` leaves
exactly the old state and `resume` never anything but the old or the new one. `make test` draws some of the
places by a seed; `make length` has all.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.changeover.database.killer import boundaries_of
from tests.changeover.server import club
from tests.changeover.server.club import ServerClub
from tests.changeover.server.test_faults import LEEWAY_S
from tests.sample import drawn
from tests.store.keys import Keys
from tests.store.sqld import Sqld, scratch

from changeover.database.rehearse.compare import compare
from changeover.engine import decide
from changeover.engine.entries import Ending
from changeover.errors import ChangeoverError, Refused
from changeover.run import runner

pytestmark = pytest.mark.sampled
DONE = "done"
OVER = (Ending.DONE, Ending.ROLLED_BACK, Ending.REFUSED)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A runner whose step fails tries again at once."""
    for module in (decide, runner):
        monkeypatch.setattr(module, "PAUSES_S", (0.0, 0.0, 0.0))


@pytest.fixture
def one(work: Path, no_pauses: None) -> Iterator[ServerClub]:
    """A rehearsed club on a server of its own."""
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
    """The server is back: it is old or new, whole, after `resume` too, and one command makes it old."""
    club.require_whole_and_free(one)
    if one.state.newest() is None:
        club.require_equal(one.original, one)
        return
    resumed(one, expected)
    taken_back(one)


def resumed(one: ServerClub, expected: Path) -> None:
    try:
        ending = one.again("resume").ending
        assert ending in OVER, ending
    except Refused:
        pass
    club.require_whole_and_free(one)
    fetched = one.fetched()
    assert compare(one.original, fetched).equal or compare(expected, fetched).equal


def taken_back(one: ServerClub) -> None:
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
    places = begun_tasks(boundaries_of(partial(act, one)))
    assert len(places) >= 4
    for place in drawn(places, 2):
        club.fresh(one, kept, DONE)
        tried(one, act, at(place, one.sqld.kill))
        one.sqld.kill()
        one.sqld.start()
        finished(one, expected)


@pytest.mark.parametrize("command", ["run", "rollback"])
def test_it_dies_before_any_request_and_is_back_at_once(one: ServerClub, work: Path, command: str) -> None:
    act = club.acting(command)
    if command == "rollback":
        assert one.start().ending is Ending.DONE
    kept = club.keep(one, work / "kept", DONE)
    places = writes_and_answers(boundaries_of(partial(act, one)))
    assert len(places) > 20

    def bounce() -> None:
        one.sqld.kill()
        one.sqld.start()

    for place in drawn(places, 3):
        club.fresh(one, kept, DONE)
        tried(one, act, at(place, bounce))
        club.require_whole_and_free(one)
        if one.state.newest() is None:
            club.require_equal(one.original, one)
        else:
            taken_back(one)


def test_a_token_that_expires_in_the_middle_stops_the_run_and_a_new_one_ends_it(
    work: Path, tmp_path: Path, no_pauses: None
) -> None:
    keys = Keys(tmp_path)
    guarded = Sqld(scratch("token"), "--auth-jwt-key-file", str(keys.public))
    lasting = keys.token()
    try:
        with club.made(work / "club", guarded.start(), token=lasting) as one:
            assert one.rehearse().passed
            ends_at = int(time.time()) + 4
            brief = replace(one, token=keys.token(exp=ends_at - LEEWAY_S))

            def wait(moment: str) -> None:
                if moment == "after journal started members":
                    time.sleep(max(ends_at + 1.1 - time.time(), 0))

            outcome = brief.start(hook=wait)
            assert outcome.ending is Ending.OPERATOR_NEEDED
            assert any("refuses our token" in each.text("message") for each in outcome.failures)
            club.require_whole_and_free(one)
            club.require_undone(one, one.again("rollback"))
            kept = [path for path in one.state.path.rglob("*") if path.is_file()]
            assert not any(brief.token in path.read_text() for path in kept)
    finally:
        guarded.close()

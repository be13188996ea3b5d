"""Writers step aside for as long as a change on a server goes on, however long that is, and never longer."""

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.changeover.database.killer import killed_at
from tests.changeover.server import club
from tests.changeover.server.club import ServerClub
from tests.store.sqld import Sqld

from changeover.database.connect import opened
from changeover.database.server import hold
from changeover.database.server.batch import Batch, BatchResult
from changeover.database.server.remote import Remote
from changeover.database.where import Server
from changeover.engine.entries import Ending
from hrana.errors import HranaError, Locked, TooMany


@pytest.fixture
def one(work: Path, sqld: Sqld) -> Iterator[ServerClub]:
    with club.made(work / "club", sqld) as made:
        yield made


def is_held(server: Server) -> bool:
    """Whether a writer that asks is told to step aside."""
    with opened(server) as connection:
        try:
            connection.execute(hold.QUESTION)
        except HranaError as error:
            return hold.WORDS in str(error)
    return False


def test_writers_are_held_around_a_change_and_free_afterwards(one: ServerClub) -> None:
    assert one.rehearse().passed
    held: dict[str, bool] = {}
    assert one.start(hook=lambda moment: held.update({moment: is_held(one.database)})).ending is Ending.DONE
    moments = [moment for moment, yes in held.items() if yes]
    assert "begun" in moments
    assert not any(moment.startswith(("before journal", "after journal")) for moment in moments)
    assert not is_held(one.database)


def test_it_is_prolonged_for_as_long_as_the_change_waits(
    one: ServerClub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's refusals are pretended: nothing of ours keeps a real one busy for longer than a hold."""
    monkeypatch.setattr(hold, "LASTS_S", 2)
    assert one.rehearse().passed
    send, refusals = Batch.send, itertools.cycle((Locked, TooMany))
    asked_s: list[float] = []
    heard: list[bool] = []

    def refused(batch: Batch, remote: Remote, *, within_s: float) -> BatchResult:
        asked_s.append(time.monotonic())
        if asked_s[-1] - asked_s[0] < 4.0:
            raise next(refusals)("not just now")
        return send(batch, remote, within_s=within_s)

    def hook(moment: str) -> None:
        if moment == "waiting":
            heard.append(is_held(one.database))

    monkeypatch.setattr(Batch, "send", refused)
    assert one.start(hook=hook).ending is Ending.DONE
    assert len(heard) >= 2
    assert all(heard)


def test_while_it_is_prolonged_nobody_gets_through(server_url: str) -> None:
    server, over, passed = Server(server_url), threading.Event(), []

    def ask() -> None:
        while not over.is_set():
            passed.append(not is_held(server))

    with opened(server) as connection:
        hold.take(connection)
        asking = threading.Thread(target=ask)
        asking.start()
        for _ in range(100):
            hold.take(connection)
        over.set()
        asking.join()
    assert len(passed) > 10
    assert not any(passed)


def test_it_outlives_its_runner_by_seconds_only(one: ServerClub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "LASTS_S", 2)
    assert one.rehearse().passed
    assert killed_at(lambda hook: one.start(hook=hook), "begun")
    assert is_held(one.database)
    ends_s = time.monotonic() + 10
    while is_held(one.database) and time.monotonic() < ends_s:
        time.sleep(0.1)
    assert not is_held(one.database)
    club.require_undone(one, one.again("rollback"))

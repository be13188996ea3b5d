"""A table that is made anew online, steered from another terminal while it is copied."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.changeover.run import club, killing
from tests.changeover.run.club import Club
from tests.changeover.run.test_online import made, rows

from changeover.cli.root import main
from changeover.database.online.control import OnlineControl, OnlineOrders
from changeover.database.online.growth import GrowthWatch
from changeover.database.online.worker import OnlinePace, Worker
from changeover.engine.entries import Ending
from changeover.errors import BadParameter
from changeover.run import status, steer
from changeover.run.commands import Outcome
from changeover.run.state_dir import state_of

PATIENCE_S = 60.0


@pytest.fixture
def ready(work: Path) -> Club:
    one = made(work / "club")
    club.prove(one)
    return one


def say(one: Club, *words: str) -> str:
    """A command from another terminal; what it prints."""
    place = [str(one.folder / "PLAN.md"), "--set", f"database={one.database}"]
    done = CliRunner().invoke(main, ["online", *words, *place, "--who", "ada"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def run_while(one: Club, first: tuple[str, ...], awaited: str, then: Callable[[], Any]) -> Outcome:
    """Run the plan; ask ``first`` while it copies; once `status` says ``awaited``, do ``then``."""
    asked, seen = threading.Event(), threading.Event()

    def hear(moment: str) -> None:
        if moment == "online: before commit" and not asked.is_set():
            asked.set()
            say(one, *first)

    def other() -> None:
        ends_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_s:
            if asked.is_set() and awaited in status.look(state_of(one.database), one.database, None).how:
                seen.set()
                break
            time.sleep(0.02)
        then()

    terminal = threading.Thread(target=other)
    terminal.start()
    outcome = club.start(one, hook=hear)
    terminal.join()
    assert seen.is_set(), f"status never said {awaited}"
    return outcome


def write(one: Club, name: str) -> None:
    with closing(sqlite3.connect(one.database, isolation_level=None, timeout=60)) as connection:
        connection.execute("INSERT INTO members (name, phone, house) VALUES (?, '1', 'north')", (name,))


def noted(outcome: Outcome) -> list[str]:
    return [entry.text("what") for entry in outcome.entries if entry.kind == "noted"]


def test_paused_and_resumed(ready: Club) -> None:
    def then() -> None:
        write(ready, "while it was paused")
        say(ready, "resume")

    outcome = run_while(ready, ("pause",), "Paused by ada", then)
    assert outcome.ending is Ending.DONE, outcome.reason
    assert rows(ready, "SELECT count(*) FROM members WHERE full_name = 'while it was paused'") == [(1,)]
    assert [what for what in noted(outcome) if what.startswith("ada asked: ")] == [
        "ada asked: paused, pace 100%, swaps when it is ready",
        "ada asked: at work, pace 100%, swaps when it is ready",
    ]


def test_the_swap_waits_for_a_word(ready: Club) -> None:
    def then() -> None:
        write(ready, "before the swap")
        say(ready, "swap", "--now")

    outcome = run_while(ready, ("swap", "--hold"), "is copied and checked; the swap waits for a word", then)
    assert outcome.ending is Ending.DONE, outcome.reason
    assert rows(ready, "SELECT count(*) FROM members WHERE full_name = 'before the swap'") == [(1,)]


def test_what_was_asked_holds_for_the_next_runner_and_not_for_a_way_back(ready: Club) -> None:
    settings = club.settings()

    def stop(moment: str) -> None:
        if moment == "online: before commit" and not settings.signals.stop:
            say(ready, "swap", "--at", "03:00")
            say(ready, "pause")
            settings.signals.stop = "ada"

    assert club.start(ready, hook=stop, signals=settings.signals).ending is Ending.STOPPED
    how = status.look(state_of(ready.database), ready.database, None).how
    assert "Asked by ada: paused, pace 100%, the swap waits for " in how
    assert club.again(ready, "rollback").ending is Ending.ROLLED_BACK
    killing.require_equal(ready.original, ready.database)


def test_a_run_that_has_ended_takes_no_orders(ready: Club) -> None:
    assert club.start(ready).ending is Ending.DONE
    place = [str(ready.folder / "PLAN.md"), "--set", f"database={ready.database}"]
    done = CliRunner().invoke(main, ["online", "pause", *place])
    assert done.exit_code != 0
    assert "has ended: done" in done.output


def test_json_and_words(ready: Club) -> None:
    settings = club.settings()

    def stop(moment: str) -> None:
        if moment == "online: before commit":
            settings.signals.stop = "ada"

    club.start(ready, hook=stop, signals=settings.signals)
    assert "pace 25%" in say(ready, "pace", "--to", "25")
    found = json.loads(say(ready, "swap", "--hold", "--json"))
    assert (found["pace"], found["swap_held"], found["outcome"]) == (0.25, True, "asked")
    assert club.again(ready, "abandon").ending is Ending.ABANDONED


NOON_AT = datetime(2026, 3, 3, 12, 0).astimezone().timestamp()


def test_the_hour_is_the_next_one_by_the_clock_on_the_wall() -> None:
    assert steer.moment("12:30", NOON_AT) == NOON_AT + 1800
    assert steer.moment("03:00", NOON_AT) == datetime(2026, 3, 4, 3, 0).astimezone().timestamp()
    assert steer.moment("2026-03-03T12:00:01", NOON_AT) == NOON_AT + 1
    for wrong in ("3 o'clock", "25:00", "2026-13-01T03:00"):
        with pytest.raises(BadParameter, match="is no time"):
            steer.moment(wrong, NOON_AT)
    with pytest.raises(BadParameter, match="has gone by"):
        steer.moment("2026-03-03T11:59", NOON_AT)


def test_a_slower_pace_lets_go_of_the_lock_for_longer() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        worker = Worker(connection=connection, orders=lambda: OnlineOrders(pace=0.25))
        worker._held_s = 0.1
        assert worker._pause_s() == pytest.approx(0.3)
        worker.orders = OnlineOrders
        assert worker._pause_s() == worker.pace.pause_s


def test_orders_that_cannot_be_read_are_none(work: Path) -> None:
    control = OnlineControl(work)
    assert control.orders() == OnlineOrders()
    control.ask(OnlineOrders(paused=True, who="ada"))
    assert control.orders() == OnlineOrders(paused=True, who="ada")
    (work / "online-orders.json").write_text("{")
    assert control.orders() == OnlineOrders()


def test_growth_is_seen_only_where_the_end_comes_no_nearer() -> None:
    watch = GrowthWatch(OnlinePace(growth_s=0.0))
    assert not watch.is_due(10, 100)
    assert watch.is_due(10, 100), "nothing was copied since the last look"
    assert watch.is_due(110, 100), "more than there was"
    assert watch.see("t", 500) == ""
    assert watch.see("t", 400) == ""
    assert "t grows faster than it is copied: 400 rows were left" in watch.see("t", 600)

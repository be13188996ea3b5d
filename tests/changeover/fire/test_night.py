"""The night itself: what happens around a run while it is at work."""

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.database.household import boundaries
from tests.changeover.run import club, killing
from tests.changeover.run.club import Club

from changeover.engine.entries import Ending
from changeover.report import model, write
from changeover.run.rehearsal import rehearse
from changeover.run.state_dir import state_of


def quiet(moment: str) -> None:
    """A hook that lets a runner live."""


def killed_at(one: Club, act: killing.Act, moment: str) -> None:
    """Let a child do ``act`` and die by SIGKILL at the first boundary of that name."""

    def hook(now: str) -> None:
        if now == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            act(one, hook)
        finally:
            os._exit(99)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the child was to die at {moment!r}"


@pytest.mark.parametrize("second", ["before journal opened", "before journal settled members", "committed"])
def test_killed_twice_during_resume_and_finished_by_the_third(one: Club, place: Path, second: str) -> None:
    oracle = killing.migrated_offline(one.original, place / "oracle.db")
    killed_at(one, killing.run, "before statement 4")
    for moment in ("after journal opened", second):
        killed_at(one, killing.resume, moment)
        killing.require_whole_and_free(one.database)
    killing.require_done(one, killing.resume(one, quiet), oracle)


def test_killed_twice_during_resume_and_then_taken_back(one: Club) -> None:
    killed_at(one, killing.run, "before journal done members")
    killed_at(one, killing.resume, "after journal opened")
    killed_at(one, killing.resume, "before journal started names")
    killing.require_undone(one, killing.rollback(one, quiet))


def test_killed_between_the_last_commit_and_the_report_nothing_is_untold(one: Club) -> None:
    """The report is made from the journal, so it can be made whenever somebody asks for it."""
    killed_at(one, killing.run, "before journal ended")
    state = state_of(one.database)
    found = model.gather(state, one.database, one.plan(), None)
    assert "cut off" in found.sentence
    assert killing.resume(one, quiet).ending is Ending.DONE
    paths = write.write(model.gather(state, one.database, one.plan(), None))
    for path in paths:
        assert "Members have roles" in path.read_text()


def test_a_reader_that_pins_the_wal_from_beginning_to_end_sees_its_own_moment(one: Club, place: Path) -> None:
    oracle = killing.migrated_offline(one.original, place / "oracle.db")
    with closing(sqlite3.connect(one.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT id, name FROM members").fetchall()
        killing.require_done(one, killing.run(one, quiet), oracle)
        assert reader.execute("SELECT id, name FROM members").fetchall() == before
        killing.require_undone(one, killing.rollback(one, quiet))
        assert reader.execute("SELECT id, name FROM members").fetchall() == before


def test_a_writer_that_holds_the_lock_is_waited_for_and_then_the_run_goes_back(
    one: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(one.database, isolation_level=None)) as writer:

        def hook(moment: str) -> None:
            if moment == "after journal started members":
                writer.execute("BEGIN IMMEDIATE")
            if moment == "before journal failed members":
                writer.execute("COMMIT")

        text = (one.folder / "PLAN.md").read_text()
        (one.folder / "PLAN.md").write_text(text.replace("{#members ", "{#members timeout=300ms "))
        club.prove(one)
        outcome = club.start(one, hook=hook)
    assert "Another writer held the lock for all of the 0.3 s" in outcome.failures[0].text("message")
    assert "Find the long transaction" in outcome.failures[0].text("hint")
    killing.require_undone(one, outcome)


def test_a_script_does_not_go_on_after_an_error(one: Club) -> None:
    """By hand the shell told of the error and went on to the DROP; here nothing of the script remains."""
    with closing(sqlite3.connect(one.database, isolation_level=None)) as connection:

        def hook(moment: str) -> None:
            if moment == "before journal started members":
                connection.execute("INSERT INTO members (name, phone, house) VALUES ('Zoe', '9', 'east')")

        migrate = club.MIGRATE.replace("'guest');", "'guest', CHECK (full_name <> 'Zoe'));")
        (one.folder / "migrate.sql").write_text(migrate)
        club.prove(one)
        outcome = club.start(one, hook=hook)
        assert outcome.ending is Ending.ROLLED_BACK
        assert outcome.failures[0].text("position") == "migrate.sql:5"
        assert "CHECK constraint failed" in outcome.failures[0].text("message")
        names = connection.execute("SELECT name FROM members ORDER BY id").fetchall()
    assert names == [("Member 1",), ("Member 2",), ("Member 3",), ("Member 4",), ("Member 5",), ("Zoe",)]


@pytest.mark.parametrize("jump_s", [-7_200.0, 7_200.0])
def test_a_wall_clock_that_jumps_in_mid_run_breaks_no_budget_and_loses_no_lease(
    one: Club, place: Path, jump_s: float
) -> None:
    oracle = killing.migrated_offline(one.original, place / "oracle.db")
    clock = {"at": 1_790_000_000.0}

    def hook(moment: str) -> None:
        if moment in ("before statement 2", "before journal started members"):
            clock["at"] += jump_s

    outcome = club.start(one, hook=hook, now_at=lambda: clock["at"], max_age_s=1e12)
    killing.require_done(one, outcome, oracle)


NULLABLE = club.MIGRATE.replace("phone TEXT NOT NULL, house", "phone TEXT, house")
MEANT = "accept: {members.not_null.phone: a guest needs no phone}\n"


def test_a_null_that_the_old_schema_cannot_hold_is_found_by_the_rehearsal(one: Club) -> None:
    club.write_plan(one, header=MEANT)
    (one.folder / "migrate.sql").write_text(NULLABLE)
    record = rehearse(one.plan(), one.values(), one.database, who="tests")
    assert "NOT NULL constraint failed: members_old.phone" in record.faults[0]


def test_and_a_way_back_that_has_a_place_for_it_is_not(one: Club) -> None:
    club.write_plan(one, header=MEANT)
    (one.folder / "migrate.sql").write_text(NULLABLE)
    undo = club.UNDO.replace("full_name, phone,", "full_name, coalesce(phone, '(none)'),")
    (one.folder / "undo.sql").write_text(undo)
    record = rehearse(one.plan(), one.values(), one.database, who="tests")
    assert record.passed, record.faults


def test_the_boundaries_at_which_runners_are_killed_are_those_that_the_transaction_names(one: Club) -> None:
    """A boundary that nobody names is one at which nobody was killed."""
    heard: list[str] = []
    act: Callable[[str], None] = heard.append
    killing.run(one, act)
    for statements in (2, 5):
        names = boundaries(statements)
        place = heard.index(names[0])
        assert tuple(heard[place : place + len(names)]) == names
        del heard[: place + len(names)]

"""How long writers are held: forecast by `check`, measured by the rehearsal, kept to by the run."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.changeover.run import club, killing

from changeover import api
from changeover.database.change import forecast
from changeover.engine.entries import Ending

HELD = "writers-held: {}\n"


def test_check_forecasts_it_from_the_rows_that_are_there(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = club.make(work / "club", members=50, header=HELD.format("2s"))
    monkeypatch.setattr(forecast, "ROWS_COPIED_PER_S", 10)
    found = api.check(one.folder / "PLAN.md", one.database)
    assert found.is_sound
    (warning,) = [problem for problem in found.problems if problem.rule == "writers-held"]
    assert "writers-held is 2s" in warning.message
    club.write_plan(one)
    (warning,) = [
        problem
        for problem in api.check(one.folder / "PLAN.md", one.database).problems
        if problem.rule == "writers-held"
    ]
    assert "many other drivers give up after 5s" in warning.message


def test_the_rehearsal_measures_it(work: Path) -> None:
    one = club.make(work / "club", header=HELD.format("1ms"), members=3000)
    record = api.rehearse(one.folder / "PLAN.md", one.database)
    assert "Writers would be held for longer than the budget of 0.001 s" in record.faults[0]


def test_the_run_is_interrupted_and_taken_back(work: Path) -> None:
    one = club.make(work / "club", header=HELD.format("2s"))
    club.prove(one)

    def hook(moment: str) -> None:
        if moment == "before statement 3":
            time.sleep(2.1)

    outcome = club.start(one, hook=hook)
    assert outcome.ending is Ending.ROLLED_BACK
    assert outcome.failures[0].text("error") == "BudgetExceeded"
    killing.require_undone(one, outcome)
    with closing(sqlite3.connect(one.database, timeout=0)) as writer, writer:
        writer.execute("INSERT INTO visits (member_id, at) VALUES (1, 1)")

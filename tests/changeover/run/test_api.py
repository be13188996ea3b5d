"""changeover from Python: typed results, errors with exit codes, a fixture for an application's tests."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.changeover.run import club, killing

from changeover import api
from changeover.engine.entries import Ending
from changeover.errors import BadParameter, NothingToDo, NotRehearsed
from changeover.exits import Exit

TEST = """
def test_it_goes_there_and_back(changeover_rehearsal):
    record = changeover_rehearsal({plan!r}, {database!r})
    assert record.rows_compared > 0
"""


def test_a_plan_goes_there_and_back_and_is_never_done_twice(work: Path) -> None:
    one = club.make(work / "club")
    plan, database = one.folder / "PLAN.md", one.database
    assert api.check(plan, database).is_sound
    with pytest.raises(NotRehearsed) as refused:
        api.run(plan, database)
    assert refused.value.exit_code is Exit.NOT_REHEARSED
    record = api.prove(plan, database, who="ada")
    assert (record.passed, record.who) == (True, "ada")
    assert api.prove(plan, database).id == record.id
    outcome = api.run(plan, str(database), who="ada")
    assert (outcome.ending, outcome.exit_code) == (Ending.DONE, Exit.DONE)
    assert (outcome.folder / "report.html").is_file()
    with pytest.raises(NothingToDo) as nothing:
        api.run(plan, database)
    assert nothing.value.exit_code is Exit.DONE
    assert api.standing(plan, database).outcome == "done"
    assert api.rollback(plan, database).exit_code is Exit.DONE
    killing.require_equal(one.original, database)


def test_what_is_wrong_is_data(work: Path) -> None:
    one = club.make(work / "club", execute="\n```sql {#bad scope=nowhere}\nUPDATE nowhere SET x = 1;\n```\n")
    found = api.check(one.folder / "PLAN.md", one.database)
    assert not found.is_sound
    assert {problem.position.file for problem in found.errors} == {"PLAN.md"}
    with pytest.raises(BadParameter, match="no box"):
        api.run(one.folder / "PLAN.md", one.database, confirm=["nothing"])


@pytest.mark.parametrize("goes_back", [True, False])
def test_the_fixture_fails_a_test_when_a_plan_does_not_go_there_and_back(work: Path, goes_back: bool) -> None:
    one = club.make(work / "club")
    if not goes_back:
        (one.folder / "undo.sql").write_text(club.UNDO.replace("phone, house FROM", "'lost', house FROM"))
    test = work / "test_plan.py"
    test.write_text(TEST.format(plan=str(one.folder / "PLAN.md"), database=str(one.database)))
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(work),
        "-p",
        "changeover.contrib.pytest_plugin",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(test)], capture_output=True, text=True, cwd=work
    )
    assert done.returncode == (0 if goes_back else 1), done.stdout + done.stderr
    if not goes_back:
        assert "does not go there and back" in done.stdout
    assert not (work / "club" / "club.db.changeover").exists()

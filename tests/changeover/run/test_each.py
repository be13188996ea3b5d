"""One plan on many databases: a sample is rehearsed, waves run side by side, each file has its own state."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.changeover.run import club, killing
from tests.changeover.run.club import Club
from tests.changeover.run.test_json import VALIDATOR

from changeover.cli.root import main
from changeover.database.rehearse.compare import compare
from changeover.engine import decide
from changeover.run.state_dir import state_of


@pytest.fixture
def tenants(work: Path) -> Club:
    """Seven databases of one schema and different rows beside a plan."""
    one = club.make(work / "club")
    (one.folder / "tenants").mkdir()
    for number in range(7):
        made = club.make(work / "other", members=3 + number)
        with closing(sqlite3.connect(made.database)) as source:
            target = one.folder / "tenants" / f"t{number}.db"
            with closing(sqlite3.connect(target)) as connection:
                source.backup(connection)
        shutil.rmtree(made.folder)
    return one


def each(one: Club, *more: object, command: str = "run") -> Result:
    words = [command, one.folder / "PLAN.md", "--each", one.folder / "tenants" / "*.db", *more]
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


def outcomes(result: Result) -> list[str]:
    """The outcome of each database, in their order."""
    return [found["outcome"] for found in json.loads(result.stdout)["databases"]]


def members(one: Club, number: int) -> int:
    return killing.count(one.folder / "tenants" / f"t{number}.db", "SELECT count(full_name) FROM members")


def test_all_are_done_side_by_side_and_a_second_time_nothing_is_to_do(tenants: Club) -> None:
    originals = {path.stem: path.read_bytes() for path in tenants.folder.glob("tenants/*.db")}
    result = each(tenants, "--json", "--wave", 3)
    document = json.loads(result.stdout)
    assert (result.exit_code, document["outcome"]) == (0, "done")
    assert outcomes(result) == ["done"] * 7
    assert [members(tenants, number) for number in range(7)] == [3, 4, 5, 6, 7, 8, 9]
    for found in document["databases"]:
        place = Path(found["database"])
        (tenants.folder / "then.db").write_bytes(originals[place.stem])
        assert compare(tenants.folder / "then.db", Path(found["backup"])).equal
        assert found["run_id"] in found["backup"]
        assert Path(found["report"]).is_file()
        assert len(state_of(place).run_ids()) == 1
    assert "7 done" in Path(document["reports"][0]).read_text()
    again = each(tenants, "--json")
    assert (again.exit_code, outcomes(again)) == (0, ["nothing to do"] * 7)


def _drift(one: Club, number: int, sql: str) -> None:
    with closing(
        sqlite3.connect(one.folder / "tenants" / f"t{number}.db", isolation_level=None)
    ) as connection:
        connection.execute(sql)


def test_after_a_wave_with_too_many_failures_no_other_begins(tenants: Club) -> None:
    for number in (1, 2):
        _drift(tenants, number, "ALTER TABLE members RENAME COLUMN phone TO telephone")
    result = each(tenants, "--json", "--wave", 3)
    assert outcomes(result)[0] == "done"
    assert outcomes(result)[3:] == ["not begun"] * 4
    assert "2 failed, and 0 may" in json.loads(result.stdout)["stopped"]
    assert result.exit_code == json.loads(result.stdout)["exit_code"] != 0
    on = each(tenants, "--json", "--wave", 3, "--max-failures", 2)
    assert outcomes(on)[0] == "nothing to do"
    assert outcomes(on)[3:] == ["done"] * 4


def test_a_database_of_another_schema_is_rehearsed_by_itself(tenants: Club) -> None:
    _drift(tenants, 4, "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
    result = each(tenants, "--json")
    assert outcomes(result) == ["done"] * 7
    assert len(json.loads(result.stdout)["rehearsals"]) == 2


def test_a_sample_that_does_not_pass_begins_nothing(tenants: Club) -> None:
    (tenants.folder / "undo.sql").write_text(club.UNDO.replace("phone, house FROM", "'lost', house FROM"))
    result = each(tenants, "--sample", 2)
    assert (result.exit_code, "Nothing was begun" in result.output) == (8, True)
    assert not list(tenants.folder.glob("tenants/*.changeover/runs/*"))


def test_one_that_was_killed_is_gone_on_with(tenants: Club) -> None:
    def hook(moment: str) -> None:
        if moment == "before statement 3":
            raise KeyboardInterrupt

    killed = Club(tenants.folder)
    file = tenants.folder / "tenants" / "t3.db"
    values = club.params.bind(killed.plan(), [f"database={file}"], {})
    assert club.rehearse(killed.plan(), values, file, who="tests").passed
    with pytest.raises(KeyboardInterrupt):
        club.commands.run(killed.plan(), values, file, club.settings(hook=hook))
    result = each(tenants, "--json")
    assert outcomes(result) == ["done"] * 7
    assert len(state_of(file).run_ids()) == 1


def test_a_pattern_that_names_nothing_is_said(tenants: Club) -> None:
    words = ["run", str(tenants.folder / "PLAN.md"), "--each", str(tenants.folder / "none" / "*.db")]
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, "no such file" in result.output) == (2, True)
    assert each(tenants, "--state", tenants.folder / "elsewhere").exit_code == 2


def told(one: Club, command: str, *more: object) -> tuple[int, list[str]]:
    """Exit code and outcomes of a command about all of them; its answer is what the schema says."""
    result = each(one, "--json", *more, command=command)
    VALIDATOR.validate(json.loads(result.stdout))
    assert json.loads(result.stdout)["exit_code"] == result.exit_code
    return result.exit_code, outcomes(result)


def test_one_file_under_two_names_is_refused_before_anything_is_begun(tenants: Club) -> None:
    folder = tenants.folder / "tenants"
    (folder / "twin.db").hardlink_to(folder / "t3.db")
    (folder / "symbolic.db").symlink_to(folder / "t2.db")
    result = each(tenants)
    assert result.exit_code == 2
    assert "tenants/t3.db and " in result.stderr
    assert "tenants/twin.db are one file under two names" in result.stderr
    assert not list(folder.glob("*.changeover"))


def test_all_are_taken_back_run_again_and_finished(tenants: Club) -> None:
    assert each(tenants).exit_code == 0
    shutil.copyfile(tenants.original, tenants.folder / "tenants" / "t7.db")
    assert told(tenants, "status") == (0, ["done"] * 7 + ["never run"])
    assert told(tenants, "rollback", "--wave", 3) == (0, ["rolled back"] * 7 + ["nothing to do"])
    assert killing.count(tenants.folder / "tenants" / "t6.db", "SELECT count(name) FROM members") == 9
    assert told(tenants, "rollback") == (0, ["nothing to do"] * 8)
    assert told(tenants, "finish", "--max-failures", 9)[1] == ["Refused"] * 7 + ["nothing to do"]
    assert each(tenants).exit_code == 0
    result = each(tenants, command="finish")
    assert (result.exit_code, "8 finished" in result.output) == (0, True)
    assert told(tenants, "finish") == (0, ["nothing to do"] * 8)
    code, found = told(tenants, "rollback", "--wave", 2)
    assert (code, found) == (3, ["Refused"] * 2 + ["not begun"] * 6)


def test_one_whose_way_back_fails_stops_the_waves_and_is_shown(
    tenants: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide, "PAUSES_S", (0.0,) * decide.TRIES)
    (tenants.folder / "undo.sql").write_text(
        "CREATE TABLE bug (n CHECK (n = 0));\nINSERT INTO bug SELECT 1 FROM members WHERE phone = 'bug';\n"
        f"DROP TABLE bug;\n{club.UNDO}"
    )
    assert each(tenants).exit_code == 0
    _drift(tenants, 1, "INSERT INTO members (full_name, phone, house) VALUES ('x', 'bug', 'north')")
    code, found = told(tenants, "rollback", "--wave", 2)
    assert (code, found) == (5, ["rolled back", "operator needed", *["not begun"] * 5])
    shown = each(tenants, command="status").output
    assert "CHECK constraint failed" in shown
    assert shown.splitlines()[-1] == "5 done, 1 rolled back, 1 operator needed."
    assert told(tenants, "rollback", "--max-failures", 1)[1].count("rolled back") == 5


def test_a_database_that_cannot_be_read_is_said_beside_the_others(tenants: Club) -> None:
    (tenants.folder / "tenants" / "t3.db").write_text("no database, only words" * 99)
    code, found = told(tenants, "status")
    assert (code, found) == (1, ["never run"] * 3 + ["error"] + ["never run"] * 3)


def test_what_cannot_be_run_keeps_no_other_now_or_later(tenants: Club) -> None:
    (tenants.folder / "tenants" / "t3.db").write_text("no database, only words" * 99)
    _drift(tenants, 5, "ALTER TABLE members RENAME COLUMN phone TO telephone")
    code, found = told(tenants, "run", "--max-failures", 2)
    assert (code, found) == (1, ["done"] * 3 + ["Damaged", "done", "PlanErrors", "done"])
    (tenants.folder / "tenants" / "t3.db").unlink()
    done = ["nothing to do"]
    assert told(tenants, "run", "--max-failures", 2) == (2, done * 4 + ["PlanErrors"] + done)


def test_what_is_about_one_database_is_refused_with_many(tenants: Club) -> None:
    for words in (("--run", "0001-x"), ("--with", "mended.sql"), ("--undoes", "members")):
        assert each(tenants, *words, command="rollback").exit_code == 2
    words = ["rollback", "--each", str(tenants.folder / "tenants" / "*.db")]
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, "name the plan" in result.output) == (2, True)
    assert CliRunner().invoke(main, ["status", "--each", f"@{tenants.folder}/none.txt"]).exit_code == 2

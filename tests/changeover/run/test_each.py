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

from changeover.cli.root import main
from changeover.database.rehearse.compare import compare
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


def each(one: Club, *more: object) -> Result:
    words = ["run", one.folder / "PLAN.md", "--each", one.folder / "tenants" / "*.db", *more]
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
    with closing(sqlite3.connect(one.folder / "tenants" / f"t{number}.db")) as connection:
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

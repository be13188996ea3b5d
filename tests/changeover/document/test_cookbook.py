"""docs/cookbook.md is true: each recipe is checked, rehearsed, run, taken back, and run again."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from changeover.cli.root import main

COOKBOOK = (Path(__file__).parent.parent.parent.parent / "docs/cookbook.md").read_text()


def recipes(text: str) -> dict[str, tuple[str, str]]:
    """By title: the SQL of the database before, and the plan."""
    found: dict[str, tuple[str, str]] = {}
    pieces = re.split(r"````(?:markdown)?\n", text)
    for around, plan in zip(pieces[0::2], pieces[1::2], strict=False):
        title = re.findall(r"^## (.+)$", around, re.MULTILINE)[-1]
        before = re.findall(r"```sql\n(.*?)```", around, re.DOTALL)[-1]
        found[title] = (before, plan)
    return found


RECIPES = recipes(COOKBOOK)


def contents(connection: sqlite3.Connection) -> list[str]:
    """Everything of the application: definitions and rows."""
    return sorted(
        one for one in connection.iterdump() if "changeover" not in one and "sqlite_sequence" not in one
    )


def say(folder: Path, command: str) -> Result:
    place = (
        [] if command == "check" else ["--state", str(folder / "state"), "--database", str(folder / "app.db")]
    )
    return CliRunner().invoke(main, [command, str(folder / "PLAN.md"), *place], catch_exceptions=False)


def test_the_cookbook_has_the_changes_that_people_make() -> None:
    assert len(RECIPES) == COOKBOOK.count("````markdown") == 9


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_goes_there_and_back_and_there_again(tmp_path: Path, title: str) -> None:
    before, plan = RECIPES[title]
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection:
        connection.executescript(before)
        original = contents(connection)
    (tmp_path / "PLAN.md").write_text(plan)
    for command in ("check", "rehearse", "run", "rollback"):
        said = say(tmp_path, command)
        assert said.exit_code == 0, said.output
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection:
        assert contents(connection) == original
    for command in ("run", "finish"):
        said = say(tmp_path, command)
        assert said.exit_code == 0, said.output

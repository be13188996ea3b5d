"""A newcomer with a fresh folder, `docs/plan-format.md` and its worked example: what is written there works.

The commands are those of the example's README, run as written, by the real command in processes of its own
(`tests.programs`).
"""

import json
import os
import re
import shlex
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import programs
from tests.programs import Done

ROOT = Path(__file__).parent.parent.parent.parent
LIBRARY = ROOT / "docs/examples/library-loans"
README = (LIBRARY / "README.md").read_text()
COMMANDS = re.findall(r"^(changeover .*|sqlite3 .*)$", README, re.MULTILINE)
LOANS = "SELECT id, member_id, book, branch, lent_on, returned_on FROM loans ORDER BY id"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("LIBRARY", "branch"))},
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


@dataclass(frozen=True)
class Newcomer:
    """Somebody with a shell in a folder."""

    folder: Path

    def types(self, line: str) -> Done:
        """Run one line as the shell would."""
        if found := re.fullmatch(r"sqlite3 (\S+) < (\S+)", line):
            self.tells(found[1], (self.folder / found[2]).read_text())
            return Done(0, "", "")
        return programs.ended(shlex.split(line), cwd=self.folder, env=ENVIRONMENT, timeout=60)

    def succeeds(self, line: str) -> str:
        """Run a line that must end well; what it said."""
        done = self.types(line)
        assert done.code == 0, f"{line}\n{done.out}{done.err}"
        return done.out

    def tells(self, database: str, sql: str) -> None:
        """What an application, or a shell, does to the database."""
        with closing(sqlite3.connect(self.folder / database, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.executescript(sql)

    def asks(self, database: str, sql: str) -> list[tuple[object, ...]]:
        """Rows of a query."""
        with closing(sqlite3.connect(self.folder / database)) as connection:
            return connection.execute(sql).fetchall()


def line(word: str) -> str:
    """The command of the README with that word."""
    found: list[str] = [one for one in COMMANDS if one.startswith(f"changeover {word} ")]
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    """A newcomer who copied the example and made its database."""
    shutil.copytree(LIBRARY, tmp_path / "library")
    one = Newcomer(tmp_path / "library")
    for command in COMMANDS:
        if command.startswith("sqlite3 "):
            one.succeeds(command)
    return one


def test_the_worked_example_there_and_back_and_there_for_good(newcomer: Newcomer) -> None:
    before = newcomer.asks("library.db", LOANS)
    assert newcomer.succeeds(line("check")) == "0 errors, 0 warnings.\n"
    assert "Passed: " in newcomer.succeeds(line("rehearse"))
    newcomer.succeeds(line("run"))
    assert newcomer.asks("library.db", "SELECT branch_code, due_on FROM loans WHERE id = 2") == [
        ("N", "2025-08-30")
    ]

    status = newcomer.succeeds("changeover status PLAN.md")
    assert "It is done" in status
    assert "changeover rollback PLAN.md" in status
    pages = [Path(path) for path in newcomer.succeeds("changeover report PLAN.md").split()]
    assert {path.suffix for path in pages} == {".md", ".html"}
    for path in pages:
        assert "Branches become a table" in (newcomer.folder / path).read_text()

    newcomer.tells(
        "library.db",
        "INSERT INTO loans (member_id, book, branch_code, lent_on, due_on)"
        " VALUES (3, 'Emma', 'S', '2025-09-01', '2025-09-29')",
    )
    newcomer.succeeds(line("rollback"))
    assert newcomer.asks("library.db", LOANS) == [*before, (5, 3, "Emma", "south", "2025-09-01", None)]
    assert newcomer.asks("library.db", "SELECT count(*) FROM reminders") == [(2,)]
    assert "It was taken back" in newcomer.succeeds("changeover status PLAN.md")

    newcomer.succeeds(line("run"))
    newcomer.succeeds("changeover finish PLAN.md")
    assert "It is finished" in newcomer.succeeds("changeover status PLAN.md")
    assert newcomer.asks("library.db", "SELECT book, branch_code FROM loans WHERE id = 5") == [("Emma", "S")]
    refused = newcomer.types("changeover rollback PLAN.md")
    assert refused.code == 3
    assert "backup" in refused.err


def test_who_forgets_something_is_told_what(newcomer: Newcomer) -> None:
    unrehearsed = newcomer.types(line("run"))
    assert unrehearsed.code == 8
    assert "never rehearsed" in unrehearsed.err
    assert "changeover rehearse PLAN.md" in unrehearsed.err

    nameless = newcomer.types("changeover rehearse PLAN.md")
    assert nameless.code == 2
    assert "--set branch.north=N" in nameless.err

    newcomer.succeeds(line("rehearse"))
    unjudged = newcomer.types(line("run").replace("--confirm staff", ""))
    assert unjudged.code == 6
    assert "--confirm staff" in unjudged.err
    assert newcomer.asks(
        "library.db", "SELECT count(*) FROM pragma_table_info('loans') WHERE name = 'branch'"
    ) == [(1,)]

    newcomer.tells(
        "library.db",
        "INSERT INTO loans (member_id, book, branch, lent_on) VALUES (1, 'Ulysses', 'east', '2025-09-02')",
    )
    unknown = newcomer.types(line("run"))
    assert unknown.code == 3
    assert "every branch has a code" in unknown.err
    assert "'east'" in unknown.err


def test_everything_can_be_had_as_json(newcomer: Newcomer) -> None:
    for word in ("check", "rehearse", "run"):
        said = newcomer.succeeds(f"{line(word)} --json").splitlines()
        documents = [json.loads(one) for one in said]
        assert documents
    assert json.loads(newcomer.succeeds("changeover status PLAN.md --json"))["how"].startswith("It is done")


def test_the_shortest_plan_of_the_document_runs_with_the_commands_below_it(tmp_path: Path) -> None:
    text = (ROOT / "docs/plan-format.md").read_text().partition("## The shortest useful plan")[2]
    plan = re.search(r"````markdown\n(.*?)````", text, re.DOTALL)
    commands = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert plan is not None
    assert commands is not None
    one = Newcomer(tmp_path)
    (tmp_path / "PLAN.md").write_text(plan[1])
    one.tells("shop.db", "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER)")
    one.tells("shop.db", "INSERT INTO orders VALUES (1, 7)")
    rows: list[tuple[object, ...]] = [(1, 7)]
    expected: dict[str, list[tuple[object, ...]]] = {"run": [(1, 7, "EUR")], "rollback": [(1, 7)]}
    for command in commands[1].splitlines():
        words = command.partition("#")[0].strip()
        one.succeeds(words)
        rows = expected.get(words.split()[1], rows)
        assert one.asks("shop.db", "SELECT * FROM orders") == rows

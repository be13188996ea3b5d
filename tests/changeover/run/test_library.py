"""The example of the documents, for another application's file: as its README says, command by command."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.changeover.run import killing

from changeover.cli.root import main

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "library-loans"


@pytest.fixture
def library(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example with its database, as the first two commands make it; the current folder."""
    folder = Path(shutil.copytree(EXAMPLE, work / "library"))
    for name in ("library.db", "original.db"):
        with closing(sqlite3.connect(folder / name)) as connection:
            for script in ("schema.sql", "sample.sql"):
                connection.executescript((folder / script).read_text())
    monkeypatch.chdir(folder)
    return folder


def test_every_command_of_its_readme_works_in_that_order(library: Path) -> None:
    readme = (library / "README.md").read_text()
    commands = re.findall(r"^changeover (.+)$", readme, re.MULTILINE)
    assert [words.split()[0] for words in commands] == ["check", "rehearse", "run", "rollback"]
    for words in commands:
        result = CliRunner().invoke(main, words.split(), catch_exceptions=False)
        assert result.exit_code == 0, f"changeover {words}\n{result.output}"
        if words.startswith("run"):
            due = killing.count(library / "library.db", "SELECT count(due_on) FROM loans")
            assert due == killing.count(library / "original.db", "SELECT count(*) FROM loans")
    killing.require_equal(library / "original.db", library / "library.db")

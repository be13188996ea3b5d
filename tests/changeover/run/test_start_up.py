"""What the command imports before it knows what is wanted: little, so that it answers at once."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from changeover.cli.root import COMMANDS, main

HEAVY = ("sqlglot", "httpx2", "rich", "markdown_it", "sqlite3")
SAYS = "import sys; from changeover.cli.root import main; main(standalone_mode=False); print(*sys.modules)"


@pytest.mark.parametrize("words", [["--version"], ["--help"]])
def test_the_version_and_the_help_import_nothing_heavy(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", SAYS, *words], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "click" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_list_says(name: str) -> None:
    said = CliRunner().invoke(main, [name, "--help"])
    assert said.exit_code == 0, said.output
    assert said.output.startswith(f"Usage: main {name}")

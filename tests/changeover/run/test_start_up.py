"""What the command imports before it knows what is wanted: little, so that it answers at once."""

import os
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


WITHOUT_RICH = """
import importlib.util, sys
sys.stdout.isatty = lambda: True
seen = importlib.util.find_spec
found = sys.argv[1] == "with"
importlib.util.find_spec = lambda name, *more: seen(name, *more) if name != "rich" or found else None
from changeover.display import terminal
from changeover.run import session
print(terminal.can_draw(), "rich" in sys.modules)
"""


@pytest.mark.parametrize(("rich", "says"), [("with", "True False"), ("without", "False False")])
def test_a_terminal_without_rich_is_written_to_in_plain_lines(rich: str, says: str) -> None:
    words = [sys.executable, "-c", WITHOUT_RICH, rich]
    environment = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == says

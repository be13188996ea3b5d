"""The page to have open on the night names commands, options, messages and exit codes that exist."""

import re
from pathlib import Path

import click

from changeover.cli.root import COMMANDS, main
from changeover.exits import Exit

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "operations" / "migrations.md").read_text()
FOLDERS = [ROOT / "packages" / "changeover" / "src"]
SOURCES = "\n".join(path.read_text() for folder in FOLDERS for path in folder.rglob("*.py"))


def _options(name: str) -> set[str]:
    command = main.get_command(click.Context(main), name)
    assert command is not None, f"there is no changeover {name}"
    return {option for param in command.params for option in param.opts}


def test_every_command_and_option_of_the_page_exists() -> None:
    for name, rest in re.findall(r"`changeover ([a-z]+)([^`]*)`", PAGE):
        assert set(re.findall(r"--[a-z-]+", rest)) <= _options(name), f"changeover {name}{rest}"
    known = {option for name in COMMANDS for option in _options(name)}
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) <= known


def test_every_message_that_the_page_explains_is_one_that_changeover_says() -> None:
    words = " ".join(re.sub(r'"\s*\n\s*f?"', "", SOURCES).split())
    table = PAGE.split("## What you may read")[1].split("### Operator")[0]
    for message in re.findall(r'"([^"]+)"', table):
        assert message in words, message


def test_every_exit_code_is_told() -> None:
    told = re.findall(r"^\| (\d) \| (.*) \|$", PAGE.split("## Exit codes")[1], re.MULTILINE)
    assert told == [(str(code.value), code.meaning) for code in Exit]

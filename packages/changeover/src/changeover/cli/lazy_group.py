"""A command group that imports the module of a command only when that command is asked for."""

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """``commands``: the name of each -> (module, attribute of its `click.Command`, one line of help).

    Importing everything costs some 0.3 s, which `--version` and `--help` and every other command would pay.
    """

    def __init__(self, *args: Any, commands: Mapping[str, tuple[str, str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self._places = dict(commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were given, which is the order of their use."""
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself; None for a name that is none of ours."""
        if cmd_name not in self._places:
            return None
        module, attribute, _ = self._places[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of `--help`, from the lines given here: no module is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in self._places.items()])

"""What every command shares: the settings, the store, how results and errors are printed.

Exit codes: 0 done; 1 failed, or done in part; 2 wrong usage, settings or input; 3 the database;
4 a vendor; 130 interrupted.
"""

import sys
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from shlex import quote
from typing import Any, NoReturn

import click
import orjson

from liveone.errors import LiveOneError, on_one_line
from liveone.settings import config as settings
from liveone.settings.config import Config
from liveone.store.database import StoreError
from liveone.vendors.base import VendorError


@dataclass(slots=True)
class CommandContext:
    """The settings of one invocation, read when a command first asks for them."""

    config_path: Path | None
    _config: Config | None = None

    @property
    def config(self) -> Config:
        if self._config is None:
            self._config = settings.load(self.config_path)
        return self._config


pass_shell = click.make_pass_decorator(CommandContext)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def print_json(value: Any) -> None:
    """One JSON document on standard output; dataclasses become objects."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    click.echo(orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str))


def shown(text: str) -> str:
    """Text from elsewhere as a terminal may have it: control characters are written out, not obeyed."""
    return on_one_line(text)


def pasted(*words: str) -> str:
    """A command that may be pasted into a shell, whatever the words hold."""
    return shown(" ".join(quote(word if word.isprintable() else shown(word)) for word in words))


def exit_code_of(error: LiveOneError) -> int:
    """The documented exit code of an error."""
    if isinstance(error, StoreError):
        return 3
    return 4 if isinstance(error, VendorError) else error.exit_code


def fail(error: LiveOneError) -> NoReturn:
    """Say what happened and what to do on standard error, and leave with the error's code."""
    lines = [shown(line) for line in f"liveone: {error}".split("\n")]
    click.secho("\n".join(lines), err=True, fg="red" if sys.stderr.isatty() else None)
    sys.exit(exit_code_of(error))

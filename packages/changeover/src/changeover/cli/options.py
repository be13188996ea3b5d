"""What the commands share: their options, and how an error ends one of them."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from changeover.cli.json_document import error_answer, write_json
from changeover.database.where import Database, database_of
from changeover.errors import ChangeoverError
from changeover.words import parse_duration

Command = TypeVar("Command", bound=Callable[..., Any])


class _Database(click.ParamType[Database]):
    """A path, or a server's URL; its token comes from the environment."""

    name = "PATH_OR_URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Database:
        try:
            return database_of(value, os.environ)
        except ChangeoverError as error:
            self.fail(f"{error.message} {error.hint}", param, ctx)


DATABASE = _Database()
WHO = click.option("--who", help="Who is at work; recorded. Default: user@host.")


def as_json(command: Command) -> Command:
    """``--json``: one JSON document, or events, on stdout."""
    return click.option("--json", "json_", is_flag=True, help="Write JSON to stdout.")(command)


def placed(command: Command) -> Command:
    """``--state`` and ``--database``: where things are, when not where they usually are."""
    for option in (
        click.option("--state", type=click.Path(path_type=Path), help="Folder of runs and rehearsals."),
        click.option(
            "--database", type=DATABASE, help="The database, instead of the plan's: a path or a URL."
        ),
        click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A parameter of the plan."),
    ):
        command = option(command)
    return command


def judged(command: Command) -> Command:
    """``--confirm`` and ``--who``: what a person says, and which person."""
    for option in (
        click.option("--confirm", multiple=True, metavar="ID", help="You have judged this box: yes."),
        WHO,
    ):
        command = option(command)
    return command


def with_exit_codes(command: Command) -> Command:
    """Errors of ours end the command in words, with their exit code."""

    @wraps(command)
    def wrapped(*args: Any, **options: Any) -> Any:
        with exit_on_error(bool(options.get("json_"))):
            return command(*args, **options)

    return wrapped  # type: ignore[return-value]


PLAN = click.argument("plan", type=click.Path(path_type=Path))
A_PLAN = click.argument("plan", type=click.Path(path_type=Path), required=False)
RUN_ID = click.option("--run", "run_id", help="Which run. Default: the newest.")


@contextmanager
def exit_on_error(json_: bool) -> Iterator[None]:
    """What goes wrong inside is told in words (or as JSON) and ends the command with its exit code."""
    try:
        yield
    except ChangeoverError as error:
        if json_:
            write_json(error_answer(click.get_current_context().command.name or "", error))
        else:
            click.echo(str(error), err=True)
        sys.exit(error.exit_code)


def place_of(options: dict[str, Any]) -> dict[str, Any]:
    """What says where things are."""
    return {name: options[name] for name in ("state", "database", "sets")}


def split(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What says where things are, and what a person says."""
    return place_of(options), {name: options[name] for name in ("confirm", "who")}


def duration(text: str) -> float:
    try:
        if text.endswith("d") and text[:-1].isdigit():
            return float(text[:-1]) * 86_400
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error

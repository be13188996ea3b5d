"""`liveone accounts`: whether account ids are real, as a migration asks it before it writes them anywhere."""

import os
import sys

import click
import orjson

from liveone.accounts.choice import open_directory
from liveone.accounts.directory import AccountVerdict, judge
from liveone.cli.account_book import open_book
from liveone.cli.context import CommandContext, json_option, pass_shell, print_json
from liveone.errors import BadInput


@click.group("accounts")
def accounts_command() -> None:
    """Ask the account directory: Clerk where CLERK_SECRET_KEY is set, else our own accounts."""


@accounts_command.command("check")
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--map", "mapping", metavar="JSON", help='Account ids by old user id: {"simon": "user_2abc"}.')
@json_option
@pass_shell
def check(shell: CommandContext, ids: tuple[str, ...], mapping: str | None, as_json: bool) -> None:
    """Is every ID the id of a real account? Exit code 0 when all are, 1 when one is not.

    2 or 4 when the directory could not be asked: then nothing is known.
    """
    asked = [*((account_id, account_id) for account_id in ids), *_entries(mapping)]
    if not asked:
        raise BadInput("no account id was given", hint='Name some, or give --map \'{"simon": "user_2abc"}\'.')
    with open_book(shell.config) as book:
        directory = open_directory(book.asked(), os.environ)
    verdicts = judge(directory, asked)
    wrong = [verdict for verdict in verdicts if not verdict.is_real]
    if as_json:
        print_json({"ok": not wrong, "directory": directory.label, "accounts": verdicts})
    else:
        show(verdicts)
        if wrong:
            click.echo(
                f"{len(wrong)} of {len(verdicts)} are not usable accounts of {directory.label}.", err=True
            )
    if wrong:
        sys.exit(1)


def _entries(mapping: str | None) -> list[tuple[str, str]]:
    if mapping is None:
        return []
    try:
        found = orjson.loads(mapping)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise BadInput("--map is no JSON object of texts", hint='Write {"simon": "user_2abc"}.')
    return [(str(name), value) for name, value in found.items()]


def show(verdicts: list[AccountVerdict]) -> None:
    """One line a verdict: its standing, whom it was given for, and who that is."""
    for verdict in verdicts:
        name = "" if verdict.name == verdict.account_id else f"{verdict.name} -> "
        about = verdict.reason or verdict.email
        click.echo(f"{verdict.standing.value:<11} {name}{verdict.account_id or '(empty)'}  {about}".rstrip())

"""`liveone schema`: what this release needs of the database, and what is there.

Rule: a plan asks for the contract again and again, so this module loads nothing of the server.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from click import IntRange

from liveone.cli.context import CommandContext, json_option, pass_shell, print_json
from liveone.migrations import shipped
from liveone.store.database import Database
from liveone.store.generations import GENERATIONS, NEWEST

generation_option = click.option(
    "--generation",
    type=IntRange(GENERATIONS[0], NEWEST),
    default=NEWEST,
    show_default=True,
    help="The generation to compare with, or to print.",
)


@click.group("schema")
def schema_command() -> None:
    """What this release needs of the database, and what is there. Nothing here writes."""


@schema_command.command("status")
@json_option
@pass_shell
def show_status(shell: CommandContext, as_json: bool) -> None:
    """The database's generation and what is to be done. Exit code 3: this release cannot serve it."""
    from liveone.release import release

    with opened(shell) as database:
        found = shipped.status(database)
    if as_json:
        print_json({"release": release(), **{name: getattr(found, name) for name in found.__slots__}})
    else:
        _say(found)
    if found.generation not in found.served:
        sys.exit(3)


@schema_command.command("diff")
@generation_option
@json_option
@pass_shell
def show_difference(shell: CommandContext, generation: int, as_json: bool) -> None:
    """What differs from a generation, line by line. Exit code 1 when anything does."""
    with opened(shell) as database:
        found = shipped.compare(database, generation)
    if as_json:
        print_json({"database": database.label, "generation": generation, "differences": found})
    else:
        for sentence in found:
            click.echo(sentence)
        if not found:
            click.echo(f"{database.label} is of generation {generation}.")
    if found:
        sys.exit(1)


@schema_command.command("contract")
@generation_option
@json_option
def show_contract(generation: int, as_json: bool) -> None:
    """Every table and column that this release needs; as JSON what a plan's `contract:` command prints.

    Needs no settings and no database.
    """
    needed = shipped.contract(generation)
    if as_json:
        print_json(needed)
        return
    for table, columns in needed.items():
        click.echo(f"{table}: {' '.join(columns)}")


@contextmanager
def opened(shell: CommandContext) -> Iterator[Database]:
    """The configured database as it is, closed afterwards."""
    from liveone.database.open import open_database

    database = open_database(shell.config)
    try:
        yield database
    finally:
        database.close()


def _say(found: shipped.SchemaStatus) -> None:
    served = f"{found.served[0]} to {found.served[-1]}"
    if found.generation is None:
        click.echo(f"{found.database} is of no generation that this release serves ({served}).")
        for sentence in found.differences:
            click.echo(f"  - {sentence}")
        click.echo("Nothing was written. Check the path in the settings.")
    elif found.in_sync and not found.pending:
        click.echo(f"{found.database} is of generation {found.generation}, the newest of this release.")
    else:
        click.echo(
            f"{found.database} is of generation {found.generation}; "
            f"this release serves {served}, its newest is {found.newest}."
        )
        click.echo(f"To do: liveone upgrade ({', '.join(found.pending)})")

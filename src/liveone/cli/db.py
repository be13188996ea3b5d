"""`liveone db`: the database by itself - SQL, its tables, its move to another engine, restoring it."""

import shlex
import sys
from contextlib import closing
from pathlib import Path

import click

from hrana.address import is_server
from liveone.cli.context import CommandContext, json_option, pass_shell, print_json
from liveone.cli.db_server import reopen_command, restore_command, retire_command, token_command
from liveone.cli.move_progress import move_progress
from liveone.cli.sql import MODES, SqlShell, converse
from liveone.database.open import create_database, open_database
from liveone.errors import BadInput
from liveone.settings.config import Config
from liveone.store.database import Database
from liveone.store.store import open_database as open_at
from liveone.store.store import path_of
from liveone.transfer import move


@click.group("db")
def db_command() -> None:
    """SQL against the database, its creation, its move to another engine, restoring it; keys of a server."""


for _command in (restore_command, retire_command, reopen_command, token_command):
    db_command.add_command(_command)


@db_command.command("create")
@pass_shell
def create_command(shell: CommandContext) -> None:
    """Make LiveOne's tables in the configured database, which must be empty (or a file not there yet)."""
    click.echo(f"{create_database(shell.config)}: the tables are made; next: liveone systems add")


@db_command.command("shell")
@click.argument("sql", required=False)
@click.option(
    "-f", "--file", "script", type=click.Path(path_type=Path), help="Run a script: one transaction."
)
@click.option("--mode", type=click.Choice(MODES), default="list", show_default=True, help="How rows look.")
@json_option
@pass_shell
def shell_command(
    shell: CommandContext, sql: str | None, script: Path | None, mode: str, as_json: bool
) -> None:
    """Run SQL, a script (-f FILE or standard input), or an interactive session.

    A script is one transaction: it stops at the first error, leaves nothing behind and exits with 3. In a
    session, or as SQL: .tables .schema .dump .mode .read (.help says more).
    """
    with closing(open_database(shell.config)) as database:
        session = SqlShell(database, mode="json" if as_json else mode)
        if sql is None and script is None and sys.stdin.isatty():
            converse(session)
            return
        text = sql if sql is not None else _read(script)
        if text.lstrip().startswith("."):
            for line in text.strip().splitlines():
                session.command(line)
            return
        session.answer(text)


@db_command.command("move")
@click.argument("source")
@click.argument("target")
@click.option("--finish", is_flag=True, help="Free the target although the source is still being written to.")
@json_option
@pass_shell
def move_command(shell: CommandContext, source: str, target: str, finish: bool, as_json: bool) -> None:
    """Copy everything in SOURCE to TARGET: a file, or a libSQL server's URL (token: LIVEONE_DATABASE_TOKEN).

    The source may be in use and is only read; the target must be empty. May be broken off and run again. Rows
    are compared one by one. While the source is still being written to, the target stays locked (exit code
    1): stop LiveOne and run the same command once more, which takes only as long as comparing.
    """
    if not is_server(target):
        move.make_file(path_of(target))
    with (
        closing(_opened(shell.config, source)) as old,
        closing(_opened(shell.config, target)) as new,
        move_progress(quiet=as_json) as progress,
    ):
        done = move.move(old, new, progress=progress, finish=finish)
    if as_json:
        print_json(done)
    else:
        _report(source, target, done)
    if not done.is_done:
        sys.exit(1)


def _opened(config: Config, url: str) -> Database:
    if is_server(url):
        return open_at(url, token=config.secrets.database_token)
    return open_at(path_of(url).resolve())


def _report(source: str, target: str, done: move.Moved) -> None:
    click.echo(f"{'table':<20}{'source':>14}{'target':>14}")
    for name, count in done.source_rows.items():
        click.echo(f"{name:<20}{count:>14,}{done.target_rows[name]:>14,}")
    click.echo(f"{done.written:,} rows written, all compared one by one, {done.mended:,} mended.")
    if done.is_done:
        url = target if is_server(target) else str(path_of(target).resolve())
        click.echo(f"{target} is complete. Use it: LIVEONE_DATABASE_URL={shlex.quote(url)}")
    else:
        click.echo(
            f"{source} was written to meanwhile, so {target} stays locked.\n"
            "Stop LiveOne and run the same command again; --finish frees the target as it is.",
            err=True,
        )


def _read(script: Path | None) -> str:
    try:
        return script.read_text(encoding="utf-8") if script else sys.stdin.read()
    except OSError as error:
        raise BadInput(f"{script} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{script or 'standard input'} is not UTF-8 text") from error

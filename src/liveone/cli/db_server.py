"""`liveone db restore`, `retire`, `reopen` and `token`: a database on a server, put back and guarded."""

import os
import time
from contextlib import closing
from pathlib import Path

import click

from hrana.address import is_server
from liveone.cli.context import CommandContext, json_option, pass_shell, print_json
from liveone.cli.move_progress import move_progress
from liveone.errors import BadInput
from liveone.settings import server_keys
from liveone.settings.config import Config
from liveone.store import backup
from liveone.store.libsql import holds
from liveone.store.store import open_database, path_of
from liveone.transfer import restore

TARGET_TOKEN = "LIVEONE_TARGET_TOKEN"
DAY_S = 86_400


@click.command("restore")
@click.argument("source", metavar="BACKUP", type=click.Path(path_type=Path))
@click.argument("target")
@click.option("--no-switch", is_flag=True, help="Only fill TARGET: settings and old database stay.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_shell
def restore_command(
    shell: CommandContext, source: Path, target: str, *, no_switch: bool, yes: bool, as_json: bool
) -> None:
    """Make TARGET what BACKUP is, and have LiveOne work on it: a file, or a new database of a server.

    The backup is proven; the database is made (CHANGEOVER_ADMIN_URL), filled and compared row by row; the
    old one is retired, so that nobody writes to it any more; the settings name the new one. Killed at any
    point, the same command goes on. LiveOne may run: what it polls waits in its spool until it is restarted.
    """
    config = shell.config
    with move_progress(quiet=as_json) as progress:
        order = restore.RestoreOrder(
            source=source,
            target=target,
            config=config,
            target_token=os.environ.get(TARGET_TOKEN) or config.secrets.database_token,
            environment=os.environ,
            now_at=time.time(),
            switch=not no_switch,
            progress=progress,
        )
        if not yes:
            _ask(order)
        done = restore.restore(order)
    if as_json:
        print_json(done)
    else:
        _report(config, source, done)


def _ask(order: restore.RestoreOrder) -> None:
    generation, rows = backup.contents(order.source)
    what = f"Restore {order.source} (generation {generation}, {rows.get('readings', 0):,} readings)"
    if not is_server(order.target) and path_of(order.target).exists():
        what += f", replace {order.target}"
    else:
        what += f" into {order.target}"
    if order.switch and not restore.is_configured(order):
        what += f", and leave {order.config.database.url} for it"
    click.confirm(f"{what}?", abort=True, err=True)


def _report(config: Config, source: Path, done: restore.RestoreOutcome) -> None:
    rows = ", ".join(f"{count:,} {table}" for table, count in done.rows.items())
    if done.was_done:
        click.echo(f"{done.target} had been filled from {source} before, and was left as it is.")
    else:
        click.echo(f"{done.target} holds what {source} holds: {rows}.")
    if done.replaced:
        click.echo(f"  what was there is kept as {done.replaced}")
    if done.still_open:
        click.echo(f"{done.retired} could not be retired: {done.still_open}.")
        click.echo(
            f"  When it is back: liveone db retire {done.retired} --successor {done.target}"
            if is_server(done.retired or "")
            else "  Restart it with the new database."
        )
    elif done.retired and is_server(done.retired):
        click.echo(f"{done.retired} takes no more writes of LiveOne: readings wait in the spools.")
        click.echo(f"  Back to it: liveone db reopen {done.retired}, and name it in the settings again.")
    if done.switched:
        click.echo(f"{config.path} names it." if config.path else "It is the configured database.")
    else:
        click.echo(f"Use it: LIVEONE_DATABASE_URL={done.target}, wherever LiveOne gets its environment.")
    click.echo("Restart LiveOne, on every machine: it goes on there, and what waits in its spool follows.")


@click.command("retire")
@click.argument("url")
@click.option("--successor", required=True, help="The database that takes its place.")
@pass_shell
def retire_command(shell: CommandContext, url: str, successor: str) -> None:
    """Let no LiveOne write to the database of a server any more; their readings wait in their spools."""
    _require_server(url)
    with closing(open_database(url, token=shell.config.secrets.database_token)) as database:
        holds.retire(database, successor)
        click.echo(f"{database.label} takes no more writes of LiveOne: {holds.successor_of(database)} does.")


@click.command("reopen")
@click.argument("url")
@pass_shell
def reopen_command(shell: CommandContext, url: str) -> None:
    """Take a database that was retired into use again."""
    _require_server(url)
    holds.reopen(url, shell.config.secrets.database_token)
    click.echo(f"{url} takes writes again. Name it in the settings, and restart LiveOne.")


def _require_server(url: str) -> None:
    if not is_server(url):
        raise BadInput(f"{url} is a file", hint="Only a server's database is retired: name its URL.")


@click.command("token")
@click.argument("key", type=click.Path(path_type=Path))
@click.option("--new-key", is_flag=True, help="Make KEY first, and its public half beside it for the server.")
@click.option("--namespace", default="", help="Only this database of the server [all].")
@click.option("--read-only", is_flag=True, help="Reading only.")
@click.option("--days", type=click.IntRange(1, 3650), help="It ends after so many days [it does not end].")
def token_command(key: Path, new_key: bool, namespace: str, read_only: bool, days: int | None) -> None:
    """An access token for a libSQL server of your own, signed by KEY and printed once.

    Only the token goes to standard output: LIVEONE_DATABASE_TOKEN=$(liveone db token KEY). KEY is for whoever
    makes tokens; the server needs only its public half: sqld --auth-jwt-key-file KEY.pub.pem.
    """
    if new_key:
        public = server_keys.make_key(key)
        click.echo(f"Made: {key} (keep it from everybody) and {public} for the server:", err=True)
        click.echo(f"  sqld --auth-jwt-key-file {public}", err=True)
    expires_at = None if days is None else int(time.time()) + days * DAY_S
    click.echo(server_keys.token(key, namespace=namespace, read_only=read_only, expires_at=expires_at))

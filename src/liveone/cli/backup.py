"""`liveone backup` and `liveone restore`: verified copies of the database, and the way back."""

from contextlib import closing
from pathlib import Path

import click

from liveone.cli.context import CommandContext, json_option, pass_shell, print_json
from liveone.cli.noting import note_in_database
from liveone.clock import SystemClock
from liveone.database.open import open_database
from liveone.errors import BadInput
from liveone.store import backup
from liveone.transfer.server_backup import backup_server


@click.command("backup")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), help="Where to [`backups` beside the settings]."
)
@json_option
@pass_shell
def backup_command(shell: CommandContext, folder: Path | None, as_json: bool) -> None:
    """Make a verified copy of the database while it is in use; of a server's too, as a local file."""
    target, now_at = folder or shell.config.backups_path, SystemClock().now_at()
    if shell.config.is_server:
        with closing(open_database(shell.config)) as database:
            done = backup_server(database, target, now_at)
    else:
        done = backup.backup(shell.config.database_path, target, now_at)
    if as_json:
        print_json(done)
        return
    click.echo(f"{done.path}  {done.size_bytes / 1e6:.1f} MB, generation {done.generation}")
    click.echo(
        f"  checked, hashed, opened and counted: {', '.join(f'{n:,} {t}' for t, n in done.rows.items())}"
    )
    click.echo(f"  sha256 {done.sha256}")
    into_server = f"liveone db restore {done.path} URL (of a new database)"
    click.echo(f"  put it back: {into_server if shell.config.is_server else f'liveone restore {done.path}'}")


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_shell
def restore_command(shell: CommandContext, source: Path, yes: bool, as_json: bool) -> None:
    """Put the backup SOURCE in the database's place; the replaced database is kept beside it.

    LiveOne may go on running: it is one transaction. Readings polled since the backup are in what is kept.
    """
    if shell.config.is_server:
        raise BadInput(
            "a server's database is not replaced in its place",
            hint=f"Make a new one of it, and leave the old: liveone db restore {source} URL",
        )
    target = shell.config.database_path
    generation, rows = backup.contents(source)
    if not yes and target.exists():
        holds = f"generation {generation}, {rows.get('readings', 0):,} readings"
        click.confirm(f"Replace {target} by {source} ({holds})?", abort=True, err=True)
    done = backup.restore(source, target, SystemClock().now_at())
    note_in_database(shell.config, "put a backup back", source.name)
    if as_json:
        print_json(done)
        return
    click.echo(f"{done.path} restored: {', '.join(f'{n:,} {t}' for t, n in done.rows.items())}")
    if done.replaced:
        click.echo(f"  what was there is kept as {done.replaced}")

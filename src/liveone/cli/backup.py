"""`liveone backup` and `liveone restore`: verified copies of the database, and the way back."""

from pathlib import Path

import click

from liveone.cli.context import Shell, json_option, pass_shell, print_json
from liveone.clock import SystemClock
from liveone.store import backup


@click.command("backup")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), help="Where to [`backups` beside the settings]."
)
@json_option
@pass_shell
def backup_command(shell: Shell, folder: Path | None, as_json: bool) -> None:
    """Make a verified copy of the database while it is in use."""
    target = folder or shell.config.folder / "backups"
    done = backup.backup(shell.config.database_path, target, SystemClock().now_at())
    if as_json:
        print_json(done)
        return
    click.echo(f"{done.path}  {done.size_bytes / 1e6:.1f} MB, generation {done.generation}")
    click.echo(
        f"  checked, hashed, opened and counted: {', '.join(f'{n:,} {t}' for t, n in done.rows.items())}"
    )
    click.echo(f"  sha256 {done.sha256}")
    click.echo(f"  put it back: liveone restore {done.path}")


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_shell
def restore_command(shell: Shell, source: Path, yes: bool, as_json: bool) -> None:
    """Put the backup SOURCE in the database's place; the replaced database is kept beside it.

    Stop `liveone serve` first: a database that is in use is not replaced.
    """
    target = shell.config.database_path
    if not yes and target.exists():
        click.confirm(f"Replace {target} by {source}?", abort=True, err=True)
    done = backup.restore(source, target, SystemClock().now_at())
    if as_json:
        print_json(done)
        return
    click.echo(f"{done.path} restored: {', '.join(f'{n:,} {t}' for t, n in done.rows.items())}")
    if done.replaced:
        click.echo(f"  what was there is kept as {done.replaced}")

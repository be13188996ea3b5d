"""`liveone adopt`: take over the database of an older LiveOne, which itself stays as it is."""

from pathlib import Path

import click

from liveone.cli import upgrade_words
from liveone.cli.context import CommandContext, json_option, pass_shell, print_json
from liveone.clock import SystemClock
from liveone.database.take_over import Adopted, adopt
from liveone.store.generations import GENERATIONS


@click.command("adopt")
@click.argument("old", metavar="OLD.db", type=click.Path(path_type=Path))
@json_option
@pass_shell
def adopt_command(shell: CommandContext, old: Path, as_json: bool) -> None:
    """Take over OLD.db, a database of generation 0, 1 or 2: a verified copy becomes the configured database.

    OLD.db is only read, and may be in use meanwhile; what is written to it after the copy does not come
    along. However old tools spelled its tables, and whatever they left beside them, it is taken as it is; a
    database of another shape is refused with the exact difference.
    """
    done = adopt(old, shell.config.database_path, SystemClock().now_at())
    if as_json:
        print_json(done)
        return
    _say(done)


def _say(done: Adopted) -> None:
    newest = f", the newest of {done.newest_day}" if done.newest_day else ""
    click.echo(f"{done.path}: generation {done.generation}, {done.size_bytes / 1e6:,.1f} MB")
    click.echo(
        f"  {done.systems:,} systems, {done.readings:,} readings{newest}; copied, checked, opened, counted"
    )
    if done.replaced:
        click.echo(f"  the empty database that was there is kept as {done.replaced}")
    for _, says, advice in upgrade_words.leftovers(done.leftovers):
        click.echo(f"  {says}; {advice}")
    click.echo(f"  {done.source} was only read; stop what writes to it, or its new readings stay behind")
    if done.generation not in GENERATIONS:
        click.echo(f"Next: {done.next_step} brings it up; it is served from generation 1 on.")
    elif done.pending:
        click.echo(f"Next: liveone serve works with it as it is; {done.next_step} brings it to this release.")
    else:
        click.echo("Next: liveone serve")

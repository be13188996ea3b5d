"""`liveone audit`: who did what, and when."""

from contextlib import closing
from datetime import UTC, datetime

import click

from liveone.accounts import audit
from liveone.cli.account_book import people_of
from liveone.cli.context import CommandContext, json_option, pass_shell, print_json, shown
from liveone.database.open import open_store


@click.command("audit")
@click.option("--who", help="Only what this account id did; `command line` for commands.")
@click.option("-n", "most", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@pass_shell
def audit_command(shell: CommandContext, *, who: str | None, most: int, as_json: bool) -> None:
    """Who signed in, was given what, changed, restored or migrated; newest first."""
    with closing(open_store(shell.config)) as store:
        found = audit.listed(people_of(shell.config, store), most=most, who=who)
    if as_json:
        print_json(found)
        return
    for one in found:
        at = datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        words = (one.who, one.what, one.about, one.address and f"from {one.address}")
        click.echo(shown("  ".join((at, *filter(None, words)))))
    if not found:
        click.echo("Nothing was noted yet.")

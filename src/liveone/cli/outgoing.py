"""`liveone outgoing`: the receivers that readings and days are sent on to - list, test."""

import click

from liveone.cli.context import CommandContext, json_option, pass_shell, print_json, shown
from liveone.cli.systems import opened
from liveone.clock import SystemClock
from liveone.wiring.outgoing import send_newest, states


@click.group("outgoing")
def outgoing_command() -> None:
    """The receivers that readings and days are sent on to: InfluxDB ([[influx]]) and webhooks ([[webhook]]).

    `liveone serve` sends; a receiver that is away gets everything later, from the database.
    """


@outgoing_command.command("list")
@json_option
@pass_shell
def list_receivers(shell: CommandContext, as_json: bool) -> None:
    """Every receiver, how much it was sent, and why it waits where it does."""
    found = states(shell.config)
    if as_json:
        print_json(found)
        return
    for name, state in found.items():
        waits = f"waits: {state.error}" if state.error else "ok"
        left_out = f", {state.left_out:,} left out" if state.left_out else ""
        click.echo(shown(f"{name}  {state.sent:,} sent{left_out}  {waits}"))
    if not found:
        click.echo("No receivers. See docs/how-to/outgoing.md.")


@outgoing_command.command("test")
@click.argument("name")
@pass_shell
def test(shell: CommandContext, name: str) -> None:
    """Send the newest reading, or the newest closed day, to a receiver once."""
    with opened(shell) as (store, _):
        sent = send_newest(shell.config, store, SystemClock(), name)
    click.echo(shown(f"{name} took {sent.key}."))

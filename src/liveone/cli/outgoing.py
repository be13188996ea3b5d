"""`liveone outgoing`: the receivers that readings and days are sent on to; Home Assistant's statistics."""

import click

from liveone.cli.context import CommandContext, json_option, pass_shell, print_json, shown
from liveone.cli.systems import found_system, opened
from liveone.clock import SystemClock
from liveone.domain.zones import zone_of
from liveone.errors import BadInput
from liveone.outgoing.home_assistant import NAMES
from liveone.transfer.spans import read_span
from liveone.wiring.outgoing import fill_statistics, send_newest, states


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


@outgoing_command.command("statistics")
@click.argument("system_id", type=int, metavar="SYSTEM")
@click.option("--url", required=True, help="Home Assistant's address: http://192.168.1.10:8123.")
@click.option(
    "--token",
    prompt="Token",
    hide_input=True,
    envvar="LIVEONE_HOME_ASSISTANT_TOKEN",
    help="A long-lived access token of an administrator [LIVEONE_HOME_ASSISTANT_TOKEN].",
)
@click.option("--verify-tls", type=click.BOOL, default=True, help="Check its certificate [on].")
@click.option("--from", "first", help="The first local day [the first there is].")
@click.option(
    "--entity",
    "entities",
    multiple=True,
    metavar="ENERGY=ENTITY",
    help=f"Join an energy to an entity's own statistic: {', '.join(NAMES)}. May be given again.",
)
@pass_shell
def statistics(
    shell: CommandContext,
    /,
    *,
    system_id: int,
    url: str,
    token: str,
    verify_tls: bool,
    first: str | None,
    entities: tuple[str, ...],
) -> None:
    """Write a system's energies by the hour into Home Assistant's long-term statistics.

    Without --entity they become statistics of LiveOne's own, which the Energy dashboard takes as sources. The
    same again changes nothing.
    """
    with opened(shell) as (store, _):
        system = found_system(store, system_id)
        from_at = read_span(first, first, zone_of(system))[0] if first else 0
        written = fill_statistics(
            store,
            system,
            SystemClock(),
            url=url,
            token=token,
            verify_tls=verify_tls,
            from_at=from_at,
            entities=dict(_entity(each) for each in entities),
        )
    for each in written:
        until = zone_of(system).iso(each.end_at)
        click.echo(shown(f"{each.statistic_id}  {each.hours:,} hours of {NAMES[each.counter]} until {until}"))
    if not written:
        click.echo("Nothing was written: no energy of a whole hour is known.")


def _entity(text: str) -> tuple[str, str]:
    name, _, entity = text.partition("=")
    if name not in NAMES or "." not in entity:
        raise BadInput(
            f"--entity {text!r} cannot be used",
            hint=f"Write grid_in=sensor.bought; there are {', '.join(NAMES)}.",
        )
    return name, entity

"""`liveone discover`: the devices on the local network, each with the command that adds it."""

import shlex

import click

from liveone.cli.context import json_option, print_json, shown
from liveone.vendors.discovery.look import hosts_of, look, own_subnet
from liveone.vendors.discovery.probes import PORTS, FoundDevice
from liveone.wiring.adding_sources import kind_of


@click.command("discover")
@click.argument("targets", nargs=-1, metavar="[HOST|NETWORK]...")
@click.option("--port", "ports", type=click.IntRange(1, 65_535), multiple=True, help=f"Instead of {PORTS}.")
@json_option
def discover_command(targets: tuple[str, ...], ports: tuple[int, ...], as_json: bool) -> None:
    """Look for inverters, meters and batteries on the local network; without arguments on your own subnet.

    It asks by mDNS and tries a few known ports, only reads, and ends by itself within a minute and a half.
    """
    asked = targets or (own_subnet(),)
    hosts = hosts_of(asked)
    if not as_json:
        click.echo(f"Looking at {len(hosts):,} addresses: {', '.join(map(shown, asked))} ...", err=True)
    found = look(hosts, ports or PORTS)
    if as_json:
        print_json([{**_facts(each), "command": command_of(each)} for each in found])
        return
    for each in found:
        click.echo(shown(f"{each.host}  {kind_of(each.vendor_type).title}  ({each.seen})"))
        click.echo(f"    {command_of(each)}")
    if not found:
        click.echo("Nothing was found. `liveone vendor list` shows what can be added by hand.")


def command_of(device: FoundDevice) -> str:
    """The whole command that adds a device to system 1; what only its owner knows stands in capitals."""
    kind = kind_of(device.vendor_type)
    given = {name.replace("_", "-"): str(value) for name, value in device.settings.items()}
    missing = {
        each.name.replace("_", "-"): each.name.upper()
        for each in kind.parameters
        if each.required and not each.secret and each.name not in device.settings
    }
    words = [f"--{name} {shlex.quote(value)}" for name, value in {**given, **missing}.items()]
    return " ".join(["liveone sources add", device.vendor_type, "1 --name", device.vendor_type, *words])


def _facts(device: FoundDevice) -> dict[str, object]:
    return {
        "host": device.host,
        "vendor_type": device.vendor_type,
        "settings": dict(device.settings),
        "seen": device.seen,
    }

"""`liveone sources`: the devices that a system is made of - add, list, test, remove."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from liveone.cli.context import CommandContext, json_option, pass_shell, print_json, shown
from liveone.cli.noting import note
from liveone.cli.systems import found_system, opened
from liveone.cli.transfer import close_days
from liveone.clock import SystemClock
from liveone.domain.sources import PUSH, ROLES, HouseSource
from liveone.domain.zones import zone_of
from liveone.errors import BadInput, LiveOneError
from liveone.store import sources as stored
from liveone.transfer.spans import read_span
from liveone.vendors.base import CheckStep
from liveone.vendors.parameters import VendorParameter
from liveone.vendors.registry import vendor_types
from liveone.wiring.adding_sources import (
    POINTS_ONLY,
    NewSource,
    add_source,
    check_source,
    kind_of,
    source_facts,
    ways_to_read,
)
from liveone.wiring.backfill import backfill_source

ENVIRONMENT = "LIVEONE_SOURCE_"
CLICK_TYPES = {"integer": click.INT, "number": click.FLOAT, "switch": click.BOOL}


@click.group("sources")
def sources_command() -> None:
    """The devices that a system is made of: add, list, test, remove.

    A system takes its reading from one or several; powers of one role add up, and the load follows from the
    balance where no device measures it.
    """


class SourceTypes(click.Group):
    """A command for each type of source, its options made of what the adapter declares."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [PUSH, *vendor_types()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _adding(cmd_name) if cmd_name in self.list_commands(ctx) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A make is named by who looks for his: then it is told what reads it."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            ways = [
                " ".join(("liveone sources add", kind, "SYSTEM", option)).strip()
                for kind, _, option in (way.partition(" ") for way in ways_to_read(args[0]))
            ]
            raise BadInput(
                f"there is no type of source {shown(args[0])!r}",
                hint=f"It is read by: {'; '.join(ways)}."
                if ways
                else "`liveone vendor list` shows those there are.",
            )
        return super().resolve_command(ctx, args)


@sources_command.group("add", cls=SourceTypes)
def add_group() -> None:
    """Add a device to a system: `liveone sources add VENDOR_TYPE SYSTEM --name NAME`.

    `liveone sources add VENDOR_TYPE --help` says what it must be told. Secrets are asked for, or come from
    LIVEONE_SOURCE_<NAME>; they are kept sealed.
    """


@sources_command.command("list")
@click.argument("system_id", type=int, required=False)
@json_option
@pass_shell
def list_sources(shell: CommandContext, system_id: int | None, as_json: bool) -> None:
    """The sources of a system, or of all."""
    with opened(shell) as (store, _):
        found = stored.list_sources(store, system_id)
    if as_json:
        print_json([source_facts(source) for source in found])
        return
    for source in found:
        told = ", ".join(f"{name} {value}" for name, value in source.settings.items())
        site = f" {source.site}" if source.site else ""
        device = f"{source.name}  {source.vendor_type}{site}  {_gives(source)}"
        click.echo(shown(f"system {source.system_id}  {device}  {told}".rstrip()))
    if not found:
        click.echo("No sources. See `liveone sources add --help`.")


@sources_command.command("test")
@click.argument("system_id", type=int)
@click.argument("name")
@json_option
@pass_shell
def test(shell: CommandContext, system_id: int, name: str, as_json: bool) -> None:
    """Test the connection to a source step by step."""
    with opened(shell) as (store, vendors):
        found_system(store, system_id)
        source = stored.find_source(store, system_id, name)
        if source.is_pushed:
            click.echo(f"{shown(source.name)} is not asked: it sends by itself.")
            return
        assert vendors.sources is not None
        vendor = vendors.sources.vendor(source)
        steps = list(vendor.check(source.site or "house", now_at=SystemClock().now_at()))
    if as_json:
        print_json(steps)
    _show(steps, silent=as_json)


@sources_command.command("backfill")
@click.argument("system_id", type=int)
@click.argument("name")
@click.option("--from", "first", required=True, help="A local day, 2025-08-17, or an instant.")
@click.option("--to", "last", help="As --from; both are included [now].")
@pass_shell
def backfill(shell: CommandContext, system_id: int, name: str, first: str, last: str | None) -> None:
    """Bring in what a source remembers of the past, where LiveOne has nothing of it.

    Home Assistant has long-term statistics. What was polled stays as it is, and the same again changes
    nothing; `liveone readings undo` takes it back.
    """
    with opened(shell) as (store, vendors):
        system = found_system(store, system_id)
        source = stored.find_source(store, system_id, name)
        assert vendors.sources is not None
        zone, now_at = zone_of(system), int(SystemClock().now_at())
        from_at, to_at = read_span(first, last or zone.iso(now_at), zone)
        done = backfill_source(
            store, vendors.sources, source, from_at, min(to_at, now_at), made_by="the command line"
        )
        days = close_days(store, system) if done.new or done.replaced else 0
    came = f"{done.new + done.replaced:,} readings came in, {days:,} days computed anew"
    undo = f" To take it back: liveone readings undo {done.change_id}" if done.change_id else ""
    click.echo(f"{came}.{undo}" if done.change_id else "Nothing came in: what it remembers is there already.")


@sources_command.command("remove")
@click.argument("system_id", type=int)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_shell
def remove(shell: CommandContext, system_id: int, name: str, yes: bool) -> None:
    """Take a source away. The readings that it was part of stay."""
    with opened(shell) as (store, _):
        found_system(store, system_id)
        source = stored.find_source(store, system_id, name)
        if not yes:
            click.confirm(f"Remove the source {shown(source.name)}?", abort=True)
        stored.remove_source(store, source)
        note(shell.config, store, "removed a source", f"system {system_id}, {source.name}")
    click.echo(f"{shown(source.name)} is removed. A running server notices within a minute.")


def _adding(vendor_type: str) -> click.Command:
    kind = kind_of(vendor_type)

    @pass_shell
    def add(
        shell: CommandContext,
        /,
        system_id: int,
        name: str,
        roles: tuple[str, ...],
        no_check: bool = False,
        **given: Any,
    ) -> None:
        site = given.pop("vendor_site", None) or ""
        settings = {key: value for key, value in given.items() if value is not None}
        new = NewSource(system_id, vendor_type, name, site, roles, settings)
        with opened(shell) as (store, vendors):
            found_system(store, system_id)
            if not no_check and vendor_type != PUSH:
                steps = list(check_source(new, now_at=SystemClock().now_at()))
                _show(steps)
                new = replace(new, roles=roles or steps[-1].roles)
            assert vendors.sources is not None
            added = add_source(store, vendors.sources, new)
            note(shell.config, store, "added a source", f"system {system_id}, {name}")
        source = added.source
        click.echo(f"{shown(source.name)} gives {_gives(source)} to system {system_id}.")
        if added.token:
            click.echo(_how_to_send(added.token))

    known = ", ".join(kind.roles)
    chosen = f"What it gives: {known} [all], or points: no part of the balance. May be given again."
    roles = click.Choice([*ROLES, POINTS_ONLY])
    params: list[click.Parameter] = [
        click.Argument(["system_id"], type=int, metavar="SYSTEM"),
        click.Option(["--name"], required=True, help="What to call it, such as roof."),
        click.Option(["--role", "roles"], type=roles, multiple=True, help=chosen),
    ]
    if kind.needs_site:
        params.append(
            click.Option(["--site", "vendor_site"], required=True, help="The vendor's name for it.")
        )
    if vendor_type != PUSH:
        params.append(click.Option(["--no-check"], is_flag=True, help="Do not test the connection first."))
    params += [option_of(each) for each in kind.parameters]
    return click.Command(vendor_type, params=params, callback=add, help=f"{kind.title}.")


def option_of(each: VendorParameter) -> click.Option:
    """An option of a command, made of a parameter."""
    told = " ".join(filter(None, (f"{each.label}.", each.help)))
    default = "" if each.default is None else f" [{_word(each.default)}]"
    return click.Option(
        [f"--{each.name.replace('_', '-')}", each.name],
        type=click.Choice(each.choices) if each.choices else CLICK_TYPES.get(each.kind, click.STRING),
        help=told + default,
        prompt=each.label if each.secret and each.required else False,
        hide_input=each.secret,
        required=each.required and not each.secret,
        envvar=f"{ENVIRONMENT}{each.name.upper()}",
    )


def _word(value: object) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def _show(steps: Sequence[CheckStep], *, silent: bool = False) -> None:
    for step in () if silent else steps:
        first_line = step.detail.partition("\n")[0]
        click.echo(shown(f"{'ok    ' if step.ok else 'FAILED'}  {step.name}: {first_line}"))
    if not all(step.ok for step in steps):
        raise LiveOneError(f"the connection failed the test at: {steps[-1].name}", hint=steps[-1].detail)


def _gives(source: HouseSource) -> str:
    return ", ".join(source.roles) or POINTS_ONLY


def _how_to_send(token: str) -> str:
    return f"""\
Its token, shown this once: {token}
Send with it, for example:
  curl -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\
    -d '{{"solar_w": 3120, "grid_w": -2379}}' http://127.0.0.1:8080/api/readings"""

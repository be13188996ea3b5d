"""`liveone systems`: add, list, edit, test, discover and remove systems."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import click

from liveone.cli.context import CommandContext, json_option, pass_shell, pasted, print_json, shown
from liveone.cli.host_zone import host_zone
from liveone.clock import SystemClock
from liveone.database.open import open_store
from liveone.domain import freshness
from liveone.domain.daylight import shines_at_night
from liveone.domain.system import FROM_SOURCES, IMPORT_ONLY, System, SystemInfo, checked_name
from liveone.domain.zone_names import read_zone
from liveone.domain.zones import Zone, zone_of
from liveone.errors import BadInput, LiveOneError
from liveone.store import leases, readings
from liveone.store import systems as stored
from liveone.store.store import Store
from liveone.vendors.base import CheckStep, site_name
from liveone.vendors.registry import vendor_types
from liveone.web.services import DailyJob
from liveone.wiring.configured_vendors import ConfiguredVendors, configured_vendors
from liveone.wiring.outcomes import run_daily

ADD_HINT = "liveone systems add select.live 1586 --name Home; or, for imported data: add none --name Home"
UTC_NAMES = frozenset(("UTC", "Etc/UTC", "Etc/UCT", "Universal", "Zulu", "GMT", "Etc/GMT"))
ZONE_HELP = "Australia/Melbourne, or a fixed offset: +10:00."


@contextmanager
def opened(shell: CommandContext) -> Iterator[tuple[Store, ConfiguredVendors]]:
    """The store and the vendors, closed afterwards."""
    store = open_store(shell.config)
    vendors = configured_vendors(shell.config, store, SystemClock())
    try:
        yield store, vendors
    finally:
        vendors.close()
        store.close()


@click.group("systems")
def systems_command() -> None:
    """Add, list, edit, test, discover and remove systems."""


@systems_command.command("list")
@json_option
@pass_shell
def list_systems(shell: CommandContext, as_json: bool) -> None:
    """Every system with the age of its newest reading."""
    now_at = SystemClock().now_at()
    with opened(shell) as (store, _):
        found, newest = stored.list_systems(store), readings.newest_at(store, now_at)
        holders = leases.holders(store, {system.id for system in found if system.is_active}, now_at)
    if as_json:
        print_json(
            [
                asdict(system) | {"newest_at": newest.get(system.id), "polled_by": holders.get(system.id)}
                for system in found
            ]
        )
        return
    for system in found:
        at = newest.get(system.id)
        state = (
            freshness.of(at, now_at, shell.config.collect.cadence_s) if system.is_active else _resting(system)
        )
        age = f", {now_at - at:.0f} s old" if at else ""
        site = f"{system.vendor_type}/{system.vendor_site_id}"
        zone = zone_of(system)
        click.echo(
            f"{system.id:>4}  {site}  {shown(system.display_name)}  {zone}  {state}{age}"
            f"{_polled(holders, system)}"
        )
    if not found:
        click.echo("No systems yet. See `liveone systems discover` and `liveone systems add --help`.")


def _resting(system: System) -> str:
    return "data by import only" if system.is_import_only else "paused"


def _polled(holders: Mapping[int, leases.LeaseHolder], system: System) -> str:
    holder = holders.get(system.id)
    return f", polled by {holder.name} for {holder.since_s:,.0f} s" if holder else ""


@systems_command.command("discover")
@json_option
@pass_shell
def discover(shell: CommandContext, as_json: bool) -> None:
    """The sites that the configured accounts see."""
    vendors = ConfiguredVendors(shell.config.vendors)
    try:
        if not vendors.names():
            raise BadInput("no [[vendor]] is configured", hint="Add your account to the settings first.")
        sites = [(name, site) for name in vendors.names() for site in vendors.named(name).discover()]
    finally:
        vendors.close()
    if as_json:
        print_json([{"account": name, **asdict(site)} for name, site in sites])
        return
    for name, site in sites:
        click.echo(shown(f"{name}: {site.vendor_type} {site.vendor_site_id}  {site.name}"))
        command = ("systems", "add", site.vendor_type, site.vendor_site_id, "--name", site.name)
        zone = ("--timezone", host_zone() or "+10:00")
        click.echo(f"  {pasted('liveone', *command, *zone)}")
    if not sites:
        click.echo("The accounts see no site.")


@systems_command.command("add")
@click.argument(
    "vendor_type", type=click.Choice([*vendor_types(), FROM_SOURCES, IMPORT_ONLY]), metavar="VENDOR_TYPE"
)
@click.argument("site", required=False, default="")
@click.option("--name", help="What to call it [as the vendor calls it].")
@click.option("--timezone", "zone_text", help=f"{ZONE_HELP} [this machine's]")
@click.option("--owner", help="The account id that owns it.")
@click.option("--no-check", is_flag=True, help="Do not ask the vendor for the hardware first.")
@pass_shell
def add(
    shell: CommandContext,
    vendor_type: str,
    site: str,
    *,
    name: str | None,
    zone_text: str | None,
    owner: str | None,
    no_check: bool,
) -> None:
    """Poll SITE of VENDOR_TYPE (`liveone vendor list`) from now on.

    With VENDOR_TYPE none it has no account at a vendor: nothing is polled, its readings are imported. With
    sources it takes its reading from one or several devices: see `liveone sources add`.
    """
    is_polled = vendor_type not in (IMPORT_ONLY, FROM_SOURCES)
    if not site and (is_polled or not name):
        raise BadInput("which site?" if is_polled else "what to call it?", hint=ADD_HINT)
    zone = read_zone(zone_text or asked_zone(), SystemClock().now_at())
    with opened(shell) as (store, vendors):
        if zone_text is None and not store.keeps_zones:
            zone = Zone(zone.offset_min)
        info = SystemInfo()
        if is_polled:
            account = vendors.account_for(vendor_type, site)
            vendor = vendors.named(account.name)
            info = info if no_check else vendor.describe(site)
            name = name or ("" if no_check else site_name(vendor, site))
        system = stored.add_system(
            store,
            owner=owner,
            vendor_type=vendor_type,
            vendor_site_id=site,
            display_name=name or "",
            timezone_offset_min=zone.offset_min,
            time_zone=zone.name,
            info=info,
        )
    click.echo(f"System {system.id}: {shown(system.display_name)} ({info.model or 'model unknown'}), {zone}.")
    if zone_text is None:
        click.echo(
            f"Its days are counted in {zone}. Elsewhere? liveone systems edit {system.id} --timezone NAME"
        )
    click.echo(f"{_next(system)}")


def _next(system: System) -> str:
    """What to do with a system that was just added."""
    if system.vendor_type == FROM_SOURCES:
        adding = f"liveone sources add VENDOR_TYPE {system.id} --name NAME"
        return f"Now its devices (`liveone vendor list` shows the types): {adding}"
    trial = "import FILE --system {} --dry-run" if system.is_import_only else "systems test {}"
    return f"Try it: liveone {trial.format(system.id)}"


def asked_zone() -> str:
    """This machine's time zone. Where it has none, or only UTC, in which no house is, a person is asked."""
    found = host_zone()
    if (found is None or found in UTC_NAMES) and sys.stdin.isatty():
        return str(
            click.prompt("Which time zone is the house in (such as Australia/Melbourne)?", default=found)
        )
    if found is None:
        raise BadInput(
            "this machine does not say in which time zone it is", hint=f"Give --timezone: {ZONE_HELP}"
        )
    return found


@systems_command.command("edit")
@click.argument("system_id", type=int)
@click.option("--name", help="What to call it.")
@click.option("--timezone", "zone_text", help=ZONE_HELP)
@pass_shell
def edit(shell: CommandContext, system_id: int, *, name: str | None, zone_text: str | None) -> None:
    """Call a system otherwise, or count its days in another time zone: they are computed anew at once."""
    if name is None and zone_text is None:
        raise BadInput("nothing to change was given", hint="Give --name or --timezone, or both.")
    name = checked_name(name) if name is not None else None
    now_at = SystemClock().now_at()
    with opened(shell) as (store, _):
        system = found_system(store, system_id)
        zone = read_zone(zone_text, now_at) if zone_text is not None else zone_of(system)
        time_zone = system.time_zone if zone_text is None else zone.name
        stored.edit_system(
            store,
            system_id,
            display_name=name or system.display_name,
            timezone_offset_min=zone.offset_min,
            time_zone=time_zone,
        )
        closed = run_daily(store, DailyJob("catchup", system_id), now_at)
    days = sum(len(outcome.days) for outcome in closed)
    click.echo(
        f"System {system_id}: {shown(name or system.display_name)}, {zone}; {days} days computed anew."
    )
    for error in filter(None, (outcome.error for outcome in closed)):
        raise LiveOneError(
            f"not all days could be computed anew: {error}", hint="`liveone serve` goes on with it."
        )


@systems_command.command("test")
@click.argument("system_id", type=int)
@json_option
@pass_shell
def test(shell: CommandContext, system_id: int, as_json: bool) -> None:
    """Test the connection step by step: reached, logged in, site found, reading sane, signs plausible."""
    with opened(shell) as (store, vendors):
        system = found_system(store, system_id)
        if system.is_import_only:
            raise BadInput(f"{shown(system.display_name)} has no vendor to ask: its data is imported")
        steps = list(vendors.of(system).check(system.vendor_site_id, now_at=SystemClock().now_at()))
        steps += sunshine(system, steps)
    if as_json:
        print_json([asdict(step) for step in steps])
    else:
        for step in steps:
            click.echo(f"{'ok    ' if step.ok else 'FAILED'}  {step.name}: {step.detail}")
    if not all(step.ok for step in steps):
        raise LiveOneError(f"{shown(system.display_name)} failed the test at: {steps[-1].name}")


def sunshine(system: System, steps: Sequence[CheckStep]) -> list[CheckStep]:
    """Whether the sun shines by day in the zone in which the system's days are counted."""
    reading, zone = steps[-1].reading if steps else None, zone_of(system)
    if reading is None or not steps[-1].ok or not shines_at_night(reading, zone):
        return []
    says = f"the sun gives {reading.solar_w} W at {zone.iso(reading.inverter_time)[11:16]} in {zone}"
    detail = f"{says}: the time zone is wrong, or the device's clock. {zone_advice(system.id)}"
    return [CheckStep("sun by day", ok=False, detail=detail, reading=reading)]


def zone_advice(system_id: int) -> str:
    """What to do about a wrong time zone."""
    return f"liveone systems edit {system_id} --timezone NAME"


@systems_command.command("remove")
@click.argument("system_id", type=int)
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_shell
def remove(shell: CommandContext, system_id: int, yes: bool) -> None:
    """Remove a system WITH ALL ITS READINGS. Make a backup first."""
    with opened(shell) as (store, _):
        system = found_system(store, system_id)
        count = readings.count(store, system_id)
        if not yes:
            click.confirm(
                f"Remove {shown(system.display_name)} and its {count:,} readings for ever?", abort=True
            )
        stored.remove_system(store, system_id)
    click.echo(f"{shown(system.display_name)} and {count:,} readings removed.")


def found_system(store: Store, system_id: int) -> System:
    """The system of that id; BadInput lists the known ones."""
    system = stored.get_system(store, system_id)
    if system is None:
        known = ", ".join(f"{each.id} ({shown(each.display_name)})" for each in stored.list_systems(store))
        raise BadInput(f"there is no system {system_id}", hint=f"Known: {known or 'none yet'}.")
    return system

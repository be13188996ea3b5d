"""`liveone readings`: what was imported when, and undo; readings forgotten or excluded."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from typing import Any, TypeVar

import click
from rich.console import Console

from liveone.cli.context import CommandContext, json_option, pass_shell, print_json, shown
from liveone.cli.noting import note
from liveone.cli.systems import found_system
from liveone.cli.transfer import close_days
from liveone.database.open import open_store
from liveone.domain.zones import Zone, zone_of
from liveone.store import changes, repair
from liveone.store.changes import Change, ChangeEntry, Kind
from liveone.store.systems import get_system, list_systems
from liveone.transfer.spans import read_span

F = TypeVar("F", bound=Callable[..., Any])

MADE_BY = "the command line"
SPAN = (
    click.option("--system", "system_id", type=int, required=True, help="Whose readings."),
    click.option("--from", "first", required=True, help="A local day, or an instant (ISO 8601)."),
    click.option("--to", "last", required=True, help="The last day or instant, included."),
    click.option("--reason", default="", help="Why; it stands in the log."),
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option("--dry-run", is_flag=True, help="Count and show; change nothing."),
)


def with_span(command: F) -> F:
    """Adds the options that say which readings are meant."""
    for option in reversed(SPAN):
        command = option(command)
    return command


@click.group("readings")
def readings_command() -> None:
    """What was imported when, and undo; forget or exclude readings.

    Every change is in the log, and what it took away is kept until it is undone.
    """


@readings_command.command("changes")
@click.option("--system", "system_id", type=int, help="Of one system [of all].")
@json_option
@pass_shell
def list_changes(shell: CommandContext, *, system_id: int | None, as_json: bool) -> None:
    """Every import and repair, newest first."""
    with closing(open_store(shell.config)) as store:
        found = changes.listed(store, system_id)
        zones = {system.id: zone_of(system) for system in list_systems(store)}
    if as_json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        click.echo(shown(_line(each, zones.get(each.system_id, Zone(0)))))
    if not found:
        click.echo("Nothing was imported or repaired yet.")


@readings_command.command("undo")
@click.argument("change_id", type=int)
@pass_shell
def undo(shell: CommandContext, change_id: int) -> None:
    """Take a change back: what it added goes, what it took away or replaced is as it was."""
    with closing(open_store(shell.config)) as store:
        with Console(stderr=True).status("Undoing ..."):
            change = repair.undo(store, change_id, MADE_BY)
        system = get_system(store, change.system_id)
        days = close_days(store, system) if system else 0
        note(shell.config, store, "took a change of readings back", f"change {change.id}")
    said = f"{change.added:,} readings taken out, {change.set_aside:,} put back"
    click.echo(f"Change {change.id} is undone: {said}; {days:,} days computed anew.")


@readings_command.command("forget")
@with_span
@pass_shell
def forget(shell: CommandContext, /, **asked: Any) -> None:
    """Take the readings of a span out. They may be imported again; undo brings them back."""
    _take_out(shell, "forget", (), **asked)


@readings_command.command("exclude")
@with_span
@click.option("--column", "columns", multiple=True, help="Only these values, such as load_kwh_total.")
@pass_shell
def exclude(shell: CommandContext, /, columns: tuple[str, ...], **asked: Any) -> None:
    """Take the readings of a span out for as long as it is not undone: no import brings them in again."""
    _take_out(shell, "exclude", columns, **asked)


def _take_out(
    shell: CommandContext,
    kind: Kind,
    columns: tuple[str, ...],
    *,
    system_id: int,
    first: str,
    last: str,
    reason: str,
    yes: bool,
    dry_run: bool,
) -> None:
    with closing(open_store(shell.config)) as store:
        system = found_system(store, system_id)
        from_at, to_at = read_span(first, last, zone_of(system))
        there = repair.standing(store, system_id, from_at, to_at)
        what = f"{', '.join(columns)} of " if columns else ""
        span = _between(there.first_at, there.last_at, zone_of(system))
        click.echo(f"{shown(system.display_name)}: {what}{there.readings:,} readings{span}.")
        if dry_run or (not there.readings and kind == "forget"):
            return
        if not yes:
            click.confirm(f"{kind.capitalize()} them?", abort=True)
        with Console(stderr=True).status("Working ..."):
            entry = ChangeEntry(kind, reason, MADE_BY, from_at, to_at, columns)
            change = repair.take_out(store, system_id, entry)
        days = close_days(store, system)
        note(shell.config, store, "took readings out", f"system {system_id}, change {change.id}: {kind}")
    click.echo(f"Done; {days:,} days computed anew. To take it back: liveone readings undo {change.id}")


def _line(change: Change, zone: Zone) -> str:
    counts = [f"{change.added:,} added"] if change.added else []
    counts += [f"{change.set_aside:,} set aside"] if change.set_aside else []
    fields = f" {', '.join(change.fields)}" if change.fields else ""
    state = "undone" if change.is_undone else "unfinished" if change.ended_at is None else ""
    return (
        f"{change.id:>4}  {zone.iso(change.began_at)}  system {change.system_id}  {change.kind}{fields}"
        f"  {change.source or '-'}  {', '.join(counts) or 'nothing'}"
        f"{_between(change.first_at, change.last_at, zone)}  by {change.made_by}  {state}"
    ).rstrip()


def _between(first_at: int | None, last_at: int | None, zone: Zone) -> str:
    return "" if first_at is None or last_at is None else f" from {zone.iso(first_at)} to {zone.iso(last_at)}"

"""`liveone points`: what a system measures beyond its balance, listed, named, hidden, removed, as CSV."""

import csv
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import click

from liveone.cli.context import CommandContext, json_option, pass_shell, print_json, shown
from liveone.cli.systems import found_system
from liveone.clock import SystemClock
from liveone.database.open import open_store
from liveone.domain.bounds import YEAR_2000_AT, soon_at
from liveone.domain.points import POINT_ROLES, WIDEST, KnownPoint, Point, address_of, kept_points, unit_of
from liveone.domain.zones import zone_of
from liveone.errors import BadInput
from liveone.store import points
from liveone.store.database import CannotHold
from liveone.store.store import Store

PIECE_S = 7 * 86_400
ROWS_AT_ONCE = 5_000
HEADER = ["time", "value"]
ID = click.argument("point_id", type=int, metavar="POINT")
SYSTEM = click.argument("system_id", type=int, metavar="SYSTEM")


@click.group("points")
def points_command() -> None:
    """What a system measures beyond its balance: a car, a heat pump, strings, phases, temperatures.

    Points come by themselves from the devices that tell them; a program that sends names them.
    """


@points_command.command("list")
@SYSTEM
@json_option
@pass_shell
def list_command(shell: CommandContext, *, system_id: int, as_json: bool) -> None:
    """The points of a system with their newest values."""
    with closing(open_store(shell.config)) as store:
        system = found_system(store, system_id)
        found = points.newest_values(store, system.id, soon_at(SystemClock().now_at()))
        zone = zone_of(system)
    if as_json:
        print_json([{**asdict(point), "at": at, "value": value} for point, at, value in found])
        return
    for point, at, value in found:
        newest = "no value" if at is None else f"{value:g} {shown(point.unit)}  {zone.iso(at)}"
        origin = f"{shown(point.source)}: " if point.source else ""
        hidden = "  (hidden)" if point.hidden else ""
        click.echo(f"{point.id}  {origin}{shown(point.key)}  {shown(point.name)}  {newest}{hidden}")
    if not found:
        click.echo("No points: no device of this system has told any.")


@points_command.command("edit")
@SYSTEM
@ID
@click.option("--name", help="What to call it.")
@click.option("--role", type=click.Choice(POINT_ROLES), help="What it is.")
@click.option("--position", type=click.IntRange(0), help="Its place in lists; the lowest is first.")
@click.option("--hide/--show", "hidden", default=None, help="A hidden one is kept like any other.")
@pass_shell
def edit_command(shell: CommandContext, /, *, system_id: int, point_id: int, **changes: object) -> None:
    """Name, order or hide a point."""
    with closing(open_store(shell.config)) as store:
        found_system(store, system_id)
        edited = points.edit_point(store, system_id, point_id, **changes)  # type: ignore[arg-type]
    hidden = "  (hidden)" if edited.hidden else ""
    click.echo(f"{edited.id}  {shown(edited.key)}  {shown(edited.name)}{hidden}")


@points_command.command("remove")
@SYSTEM
@ID
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_shell
def remove_command(shell: CommandContext, *, system_id: int, point_id: int, yes: bool) -> None:
    """Remove a point with all its values. One that is still told comes again: hide it instead."""
    with closing(open_store(shell.config)) as store:
        point = points.find_point(store, system_id, point_id)
        if not yes:
            click.confirm(f"Remove {shown(point.name)} with all its values?", abort=True)
        points.remove_point(store, point)
    click.echo(f"{shown(point.name)} is removed.")


@points_command.command("export")
@SYSTEM
@ID
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
@pass_shell
def export_command(shell: CommandContext, *, system_id: int, point_id: int, file: Path) -> None:
    """Write all raw values of a point as CSV: time, value."""
    written = 0
    with closing(open_store(shell.config)) as store, file.open("w", encoding="utf-8", newline="") as out:
        zone = zone_of(found_system(store, system_id))
        table = csv.writer(out)
        table.writerow(HEADER)
        for at, value in _all_values(store, points.find_point(store, system_id, point_id)):
            table.writerow([zone.iso(at), repr(value).removesuffix(".0")])
            written += 1
    click.echo(f"{written:,} values are in {file}.")


@points_command.command("import")
@SYSTEM
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--key", required=True, help="Such as car_w, flow_c or car_kwh_total; the end says the unit.")
@click.option("--source", default="", help="The device's name, where the system is made of several.")
@click.option("--unit", help="Where the key does not say it.")
@pass_shell
def import_command(
    shell: CommandContext, *, system_id: int, file: Path, key: str, source: str, unit: str | None
) -> None:
    """Read values of a point from CSV: time (ISO 8601 with an offset, or seconds since 1970), value.

    All of the file is taken or nothing. What is there stays.
    """
    now_at = SystemClock().now_at()
    said = unit_of(key) if unit is None else unit
    rows = [(at, Point(key, key, said, value, source)) for at, value in _read(file, now_at)]
    with closing(open_store(shell.config)) as store:
        system = found_system(store, system_id)
        before = points.count_values(store, system.id)
        kept = [(at, point) for at, told in rows for point in kept_points([told])]
        if rows and not kept:
            raise BadInput(f"{key!r} is no key of a point", hint="Write 1 to 80 letters, such as car_w.")
        ids = points.meet(store, [(system.id, point) for _, point in kept])
        if kept and not ids:
            if store.shape.keeps_points:
                raise BadInput(f"system {system.id} has as many points as there may be", hint="Remove one.")
            label = store.database.label
            raise CannotHold(f"database {label} cannot keep points yet", hint=points.UPGRADE_FIRST)
        values = [(ids[system.id, address_of(point)], at, point.value) for at, point in kept]
        for first in range(0, len(values), ROWS_AT_ONCE):
            points.record_values(store, zone_of(system), values[first : first + ROWS_AT_ONCE])
        added = points.count_values(store, system.id) - before
    click.echo(f"{added:,} of {len(rows):,} values are new. Their days are computed within some minutes.")


def _read(file: Path, now_at: float) -> Iterator[tuple[int, float]]:
    with file.open(encoding="utf-8-sig", newline="") as given:
        for number, row in enumerate(csv.reader(given), 1):
            if row and not (number == 1 and [cell.strip().lower() for cell in row[:2]] == HEADER):
                yield _row(row, f"line {number} of {file.name}", now_at)


def _row(row: list[str], where: str, now_at: float) -> tuple[int, float]:
    try:
        at, value = _instant(row[0].strip()), float(row[1])
    except (ValueError, IndexError, OverflowError):
        hint = "Write 2026-06-01T12:00:00+02:00,21.5, or seconds since 1970 in place of the time."
        raise BadInput(f"{where} is no time and number: {','.join(row)[:60]!r}", hint=hint) from None
    if not (isfinite(value) and abs(value) <= WIDEST and YEAR_2000_AT <= at <= soon_at(now_at)):
        hint = "The time must be of the past, and the value a number that a house may have."
        raise BadInput(f"{where} cannot be: {','.join(row)[:60]!r}", hint=hint)
    return at, value


def _instant(text: str) -> int:
    if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
        return int(float(text))
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return int(found.astimezone(UTC).timestamp())


def _all_values(store: Store, point: KnownPoint) -> Iterator[tuple[int, float]]:
    first_at, last_at = points.extent(store, point.id)
    for at in range(first_at - 1, last_at, PIECE_S):
        yield from points.values_between(store, point.id, at, min(at + PIECE_S, last_at))

"""The options that say how a file of readings is to be read."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from liveone.clock import SystemClock
from liveone.domain.bounds import soon_at
from liveone.domain.system import System
from liveone.domain.zone_names import read_zone
from liveone.domain.zones import zone_of
from liveone.transfer.layouts import LAYOUTS
from liveone.transfer.options import ENERGY_UNITS, POWER_UNITS, Options, day_named, read_maps

F = TypeVar("F", bound=Callable[..., Any])

MAP_HELP = 'A column of another name: "PV power=solar_w"; "Grid=-grid_w" turns its sign. May be given again.'
CHOICES = (
    click.option(
        "--format", "layout", type=click.Choice(["auto", *LAYOUTS]), default="auto", show_default=True,
        help="Whose export it is; most are recognised.",
    ),
    click.option("--map", "maps", multiple=True, metavar="NAME=COLUMN", help=MAP_HELP),
    click.option("--timezone", "zone_text", help="Whose local time it is, where times have no offset."),
    click.option("--date-order", type=click.Choice(["dmy", "mdy"]), help="What 03/04/2025 means."),
    click.option("--energy-unit", type=click.Choice(list(ENERGY_UNITS)), help="Of the energies [kWh]."),
    click.option("--power-unit", type=click.Choice(list(POWER_UNITS)), help="Of the powers [W]."),
    click.option("--decimal", type=click.Choice([",", "."]), help="Where fractions begin [found out]."),
    click.option("--encoding", help="How the text was written, such as cp1252 [UTF-8, or as its mark says]."),
)  # fmt: skip


def reading_options(command: F) -> F:
    """Adds the options to a command."""
    for choice in reversed(CHOICES):
        command = choice(command)
    return command


def options_of(
    system: System,
    *,
    layout: str = "auto",
    maps: tuple[str, ...] = (),
    zone_text: str | None = None,
    name: str = "",
    **given: str | None,
) -> Options:
    """What the options of a command mean for a file ``name`` of a system. Raises BadInput."""
    now_at = SystemClock().now_at()
    return Options(
        layout=layout,
        columns=read_maps(maps),
        zone=read_zone(zone_text, now_at) if zone_text else None,
        usual_zone=zone_of(system),
        latest_at=soon_at(now_at),
        day=day_named(name),
        **given,
    )

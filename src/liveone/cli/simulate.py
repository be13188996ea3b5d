"""`liveone simulate`: the portal alone, for trying LiveOne without an account."""

from pathlib import Path

import click

from liveone.errors import BadInput
from liveone.simulate.portal import Portal
from liveone.simulate.presets import PRESETS
from liveone.simulate.run import PortalOptions, run_portal


@click.command("simulate")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8081, show_default=True, help="0 takes a free one.")
@click.option("--sites", default=1, show_default=True, help="How many sites the account sees.")
@click.option("--preset", "presets", multiple=True, type=click.Choice(list(PRESETS)), default=["off-grid"])
@click.option("--place", help="Latitude,longitude of a generated house: -37.8,145.0")
@click.option("--seed", default=1, show_default=True)
@click.option("--csv", type=click.Path(path_type=Path, exists=True), help="Replay a recording instead.")
@click.option("--speed", default=1.0, show_default=True, help="How much faster than life.")
@click.option("--fault", "faults", multiple=True, help="Misbehave, e.g. hang@30% or status500@minute50.")
@click.option("--no-hiccup", is_flag=True, help="Do not fail around minute 50 of each hour.")
@click.option("--log", type=click.Path(path_type=Path), help="Write every reading served, as JSON lines.")
def simulate_command(*, place: str | None, no_hiccup: bool, **options: object) -> None:
    """Run a portal that speaks select.live's protocol: cloud and LAN box, with any misbehaviour."""
    given = PortalOptions(place=place_of(place), hiccup=not no_hiccup, **options)  # type: ignore[arg-type]
    run_portal(given, ready=lambda portal: announce(portal, given))


def place_of(text: str | None) -> tuple[float, float] | None:
    """``-37.8,145.0`` as numbers. Raises BadInput."""
    if text is None:
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        raise BadInput(f"--place {text!r} is not LATITUDE,LONGITUDE", hint="Example: -37.8,145.0") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise BadInput(f"--place {text!r} is not on Earth")
    return latitude, longitude


def announce(portal: Portal, options: PortalOptions) -> None:
    """Say how to reach it."""
    click.echo(f"""\
A simulated portal (not select.live) at {portal.url} - {options.sites} site(s) from 1586 on.
  e-mail {options.email}, password {options.password}
  faults at run time: {portal.url}/control""")

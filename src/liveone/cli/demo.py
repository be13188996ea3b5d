"""`liveone demo`: a simulated house with its history, polled live, the dashboard open - nothing to set up."""

import threading
import webbrowser
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from liveone.cli import demo_devices
from liveone.cli.serve import start_logging
from liveone.clock import SystemClock
from liveone.collect.days import closer
from liveone.database.open import open_store
from liveone.domain.system import System
from liveone.settings.config import CollectConfig, Config, DatabaseConfig, ServerConfig, VendorConfig
from liveone.simulate import presets
from liveone.simulate.house import House
from liveone.simulate.portal import Portal
from liveone.simulate.run import PortalOptions, make_portal
from liveone.simulate.sample import SampleSource
from liveone.store import bulk, readings, systems
from liveone.store.files import create
from liveone.store.store import Store
from liveone.web import server
from liveone.wiring import serve

HISTORY_S = 396 * 86_400
SINCE_FILE = "since"
console = Console(stderr=True, highlight=False)


@click.command("demo")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("demo"), show_default=True)
@click.option("--port", default=8080, show_default=True, help="0 takes a free one.")
@click.option("--cadence", "cadence_s", default=10, show_default=True, help="Seconds between polls.")
@click.option("--preset", "kinds", multiple=True, type=click.Choice(list(presets.PRESETS)))
@click.option("--no-browser", is_flag=True, help="Do not open the dashboard.")
def demo_command(
    *, folder: Path, port: int, cadence_s: int, kinds: tuple[str, ...], no_browser: bool
) -> None:
    """A simulated house with 13 months of history, polled live. Run it again and it goes on."""
    start_logging(verbose=False)
    server.listen("127.0.0.1", port).close()
    folder.mkdir(parents=True, exist_ok=True)
    kinds = kinds or ("off-grid", "grid")
    options = PortalOptions(sites=len(kinds), presets=kinds, since_day=since_day(folder))
    with make_portal(options) as portal:
        config = demo_config(folder.resolve(), portal, options, port=port, cadence_s=cadence_s)
        fill(config, options, portal)
        serve.serve(config, ready=lambda served: _ready(folder, served.url, open_browser=not no_browser))


def since_day(folder: Path) -> str:
    """When the houses' counters began; kept with the demo, so that a later run continues them."""
    path = folder / SINCE_FILE
    if not path.exists():
        began = datetime.fromtimestamp(SystemClock().now_at() - HISTORY_S - 40 * 86_400, UTC)
        path.write_text(began.date().isoformat())
    return path.read_text().strip()


def demo_config(folder: Path, portal: Portal, options: PortalOptions, *, port: int, cadence_s: int) -> Config:
    """The settings of a demo: loopback, no password, one account at the simulated portal."""
    account = VendorConfig(
        name="demo", type="select.live", url=portal.url, email=options.email, password=options.password
    )
    return Config(
        folder=folder,
        path=None,
        database=DatabaseConfig("demo.db"),
        server=ServerConfig(port=port),
        collect=CollectConfig(cadence_s=cadence_s),
        vendors=(account,),
    )


def fill(config: Config, options: PortalOptions, portal: Portal) -> None:
    """Make the database and bring its history up to now."""
    if not config.database_path.exists():
        create(config.database_path)
    store = open_store(config)
    try:
        known = {system.vendor_site_id: system for system in systems.list_systems(store)}
        for index, kind in enumerate(options.presets):
            site = str(1586 + index)
            system = known.get(site) or _add(store, kind, site, index)
            _fill_system(store, system, portal.sites[site].source, portal.url)
        with console.status("Closing days ..."):
            closer.catch_up(store, SystemClock().now_at())
    finally:
        store.close()


def _add(store: Store, kind: str, site: str, index: int) -> System:
    preset = presets.named(kind)
    return systems.add_system(
        store,
        owner=None,
        vendor_type="select.live",
        vendor_site_id=site,
        display_name=preset.display_name,
        timezone_offset_min=preset.offset_min,
        time_zone=preset.time_zone,
        info=presets.system_info(preset.equipment, serial=str(230000 + index)),
    )


def _fill_system(store: Store, system: System, house: SampleSource, portal_url: str) -> None:
    """The portal's own house: it has been integrated up to now, which takes seconds."""
    assert isinstance(house, House)
    now_at = int(SystemClock().now_at())
    newest_at = readings.newest_at(store).get(system.id, now_at - HISTORY_S)
    with console.status(f"{system.display_name}: history up to now ...") as status:
        bulk.import_readings(
            store,
            system.id,
            house.rows(newest_at + 1, now_at, 60),
            progress=lambda done: status.update(
                f"{system.display_name}: {done.new:,} minutes of history ..."
            ),
        )
    demo_devices.connect(store, system, house, portal_url, now_at=now_at)


def _ready(folder: Path, address: str, *, open_browser: bool) -> None:
    click.echo(f"""
LiveOne's demo is at {address}dashboard/1 - a simulated house, not a real one.
Everything is in the folder {folder}; stop with Ctrl-C, run it again and it goes on.""")
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(f"{address}dashboard/1",), daemon=True).start()

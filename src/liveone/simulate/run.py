"""The portal from options, for ``liveone simulate`` and the demo."""

import math
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from liveone.clock import SystemClock
from liveone.errors import BadInput
from liveone.simulate import presets
from liveone.simulate.hiccup import Hiccup
from liveone.simulate.house import SINCE_DAY, House, small_seed
from liveone.simulate.pace import Paced
from liveone.simulate.portal import EMAIL, PASSWORD, Portal, PortalAccount, PortalSite
from liveone.simulate.replay import Replay
from liveone.simulate.sample import SampleSource

SITES_MAX = 10_000
FIRST_SITE = 1586

__all__ = ["PortalOptions", "house_of", "make_portal", "run_portal"]


@dataclass(frozen=True, slots=True)
class PortalOptions:
    """What ``liveone simulate`` can be asked for.

    ``csv`` replays a recording, else houses are generated of the kinds in ``presets`` in turn, at ``place``
    (latitude, longitude) or where such a house usually stands; at most ``houses`` are different, further
    sites repeat them. A house is integrated from ``since_day`` (about 4 ms a day) before the portal listens.
    ``speed`` presses the source's time together (see Paced). ``start_at`` (UTC epoch seconds, default now)
    is when a recording or a hurried house begins: give it again to go on after a restart. ``port`` 0 takes
    a free one. ``offset_min`` is the zone of the recording.
    """

    host: str = "127.0.0.1"
    port: int = 0
    sites: int = 1
    houses: int = 6
    seed: int = 1
    presets: tuple[str, ...] = ("off-grid",)
    place: tuple[float, float] | None = None
    since_day: str = SINCE_DAY
    csv: Path | None = None
    loop: bool = True
    offset_min: int = 600
    speed: float = 1.0
    start_at: float | None = None
    faults: tuple[str, ...] = ()
    hiccup: bool = True
    incoming_sign: int = -1
    log: Path | None = None
    email: str = EMAIL
    password: str = PASSWORD
    certificate: Path | None = None


def house_of(options: PortalOptions, index: int = 0) -> House:
    """The generated house behind site ``index``, for filling its history with ``house.readings``."""
    which = index % options.houses
    return presets.house(
        options.presets[which % len(options.presets)],
        seed=options.seed if which == 0 else small_seed(options.seed, which),
        place=options.place,
        since_day=options.since_day,
    )


def make_portal(options: PortalOptions, *, now: Callable[[], float] | None = None) -> Portal:
    """A portal that does not listen yet. Raises BadInput for options that make no sense."""
    if not 1 <= options.sites <= SITES_MAX or options.houses < 1 or not options.presets:
        raise BadInput(f"{options.sites} sites cannot be simulated", hint=f"Ask for 1 to {SITES_MAX}.")
    if options.incoming_sign not in (-1, 1):
        raise BadInput("the sign of incoming power is -1 or 1", hint="-1 is what was recorded.")
    clock = now or SystemClock().now_at
    start_at = math.floor(clock() if options.start_at is None else options.start_at)
    sites = _replayed(options, start_at) if options.csv else _generated(options, start_at)
    numbers = tuple(site.number for site in sites)
    return Portal(
        sites,
        accounts=(PortalAccount(options.email, options.password, numbers),),
        now=clock,
        host=options.host,
        port=options.port,
        seed=options.seed,
        hiccup=Hiccup(options.seed) if options.hiccup else None,
        faults=options.faults,
        log_path=options.log,
        certificate=options.certificate,
    )


def run_portal(options: PortalOptions, *, ready: Callable[[Portal], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM (or until the process ends, off the main thread).

    ``ready`` is called once with the listening portal.
    """
    ended = threading.Event()
    with make_portal(options) as portal:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: ended.set())
        if ready:
            ready(portal)
        ended.wait()


def _replayed(options: PortalOptions, start_at: int) -> list[PortalSite]:
    assert options.csv is not None
    source = Replay(
        options.csv,
        start_at=start_at,
        speed=options.speed,
        loop=options.loop,
        offset_min=options.offset_min,
    )
    kind = presets.named("off-grid")
    return [
        PortalSite(
            str(FIRST_SITE + index),
            source,
            name="Recorded house" if index == 0 else f"Recorded house {index + 1}",
            info=presets.system_info(kind.equipment, serial=str(230000 + index)),
            incoming_sign=options.incoming_sign,
        )
        for index in range(options.sites)
    ]


def _generated(options: PortalOptions, start_at: int) -> list[PortalSite]:
    houses = [house_of(options, index) for index in range(min(options.sites, options.houses))]
    for house in houses:
        house.sample(max(start_at, house.since_at))
    return [
        _generated_site(options, start_at, index, houses[index % len(houses)])
        for index in range(options.sites)
    ]


def _generated_site(options: PortalOptions, start_at: int, index: int, house: House) -> PortalSite:
    kind = presets.named(options.presets[index % options.houses % len(options.presets)])
    source: SampleSource = house
    if options.speed != 1.0:
        source = Paced(house, start_at=start_at, source_start_at=start_at, speed=options.speed)
    return PortalSite(
        str(FIRST_SITE + index),
        source,
        name=kind.display_name if options.sites == 1 else f"{kind.display_name} {index + 1}",
        info=presets.system_info(house.equipment, serial=str(230000 + index)),
        latitude=house.latitude,
        longitude=house.longitude,
        incoming_sign=options.incoming_sign,
    )

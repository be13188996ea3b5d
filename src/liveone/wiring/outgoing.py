"""What is sent on by a server that polls: a forwarder for each receiver of the settings."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from liveone.clock import Clock
from liveone.database.open import only_reads
from liveone.domain.system import System
from liveone.errors import BadInput
from liveone.outgoing.forwarder import Forwarder, ForwarderState, read_state
from liveone.outgoing.home_assistant import StatisticTarget, WrittenStatistic, own_target, write_statistics
from liveone.outgoing.hourly import hourly_totals
from liveone.outgoing.influx import InfluxOutlet
from liveone.outgoing.outlet import OutgoingItem
from liveone.outgoing.pages import DayPages, ReadingPages
from liveone.outgoing.webhook import WebhookOutlet
from liveone.settings.config import Config
from liveone.store.store import Store
from liveone.vendors.homeassistant.socket import HomeAssistantSocket

FOLDER = "outgoing"


def forwarders(config: Config, store: Store, clock: Clock) -> list[Forwarder]:
    """A forwarder for each receiver. Raises ConfigError."""
    return [*_influx(config, store, clock), *_webhooks(config, store, clock)]


@contextmanager
def sending(config: Config, store: Store, clock: Clock) -> Iterator[None]:
    """What comes in is sent on while inside; by who polls, and not where the token only reads."""
    with ExitStack() as running:
        if config.serve.role != "web" and not only_reads(config):
            for forwarder in forwarders(config, store, clock):
                running.enter_context(forwarder.running())
        yield


def states(config: Config) -> dict[str, ForwarderState]:
    """How each receiver stands, by name."""
    influx = [each.name for each in config.outgoing.influx]
    names = [*influx, *(each.name for each in config.outgoing.webhooks)]
    return {name: read_state(_path(config, name)) for name in names}


def send_newest(config: Config, store: Store, clock: Clock, name: str) -> OutgoingItem:
    """Send the newest reading, or the newest closed day, to a receiver once, and say what was sent.

    Raises BadInput, NotNow, NotLikeThis.
    """
    found = forwarders(config, store, clock)
    forwarder = next((each for each in found if each.outlet.name == name), None)
    try:
        if forwarder is None:
            known = ", ".join(each.outlet.name for each in found) or "none"
            raise BadInput(f"there is no receiver {name!r}", hint=f"The settings name: {known}.")
        newest = forwarder.pages.newest()
        if newest is None:
            raise BadInput("there is nothing to send yet", hint="Poll once: `liveone poll`.")
        forwarder.outlet.send([newest])
        return newest
    finally:
        for each in found:
            each.outlet.close()


def fill_statistics(
    store: Store,
    system: System,
    clock: Clock,
    *,
    url: str,
    token: str,
    verify_tls: bool,
    from_at: int,
    entities: Mapping[str, str],
) -> list[WrittenStatistic]:
    """Write a system's energies into Home Assistant's statistics; see ``write_statistics``.

    ``entities`` by energy, if they are to be joined to those that entities have; without any, LiveOne's own.
    """
    totals = hourly_totals(store, system, int(clock.now_at()))
    if entities:
        targets = {name: StatisticTarget(entity, None) for name, entity in entities.items()}
    else:
        targets = {name: own_target(system.id, system.display_name, name) for name in totals}
    socket = HomeAssistantSocket(url, token, verify_tls=verify_tls)
    try:
        return write_statistics(socket, totals, targets, from_at=from_at) if targets else []
    finally:
        socket.close()


def _influx(config: Config, store: Store, clock: Clock) -> Iterator[Forwarder]:
    for target in config.outgoing.influx:
        pages = ReadingPages(store, _chosen(target.systems))
        path = _path(config, target.name)
        yield Forwarder(InfluxOutlet(target), pages, path, clock, history=target.history)


def _webhooks(config: Config, store: Store, clock: Clock) -> Iterator[Forwarder]:
    for hook in config.outgoing.webhooks:
        chosen = _chosen(hook.systems)
        pages = DayPages(store, clock, chosen) if hook.on == "day" else ReadingPages(store, chosen)
        yield Forwarder(WebhookOutlet(hook, clock), pages, _path(config, hook.name), clock)


def _chosen(systems: tuple[str, ...]) -> frozenset[int]:
    return frozenset(map(int, systems))


def _path(config: Config, name: str) -> Path:
    return config.folder / FOLDER / f"{name}.json"

"""The collector of a process, made from settings."""

from liveone.clock import Clock
from liveone.collect.collector import Collector
from liveone.collect.queue.spool import Spool
from liveone.collect.settings import CollectSettings
from liveone.settings.config import Config
from liveone.store.store import Store
from liveone.wiring.configured_vendors import ConfiguredVendors


def open_collector(config: Config, store: Store, vendors: ConfiguredVendors, clock: Clock) -> Collector:
    """The collector of one process; it owns its place in the spool folder from now on."""
    settings = CollectSettings(
        cadence_s=config.collect.cadence_s, polls=config.collect.scheduler, slots=config.collect.workers
    )
    return Collector(store, vendors.of, clock, Spool(config.spool_path), settings)

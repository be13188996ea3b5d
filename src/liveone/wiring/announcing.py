"""What is told by MQTT: by whom, to which broker, for how long."""

from collections.abc import Iterator
from contextlib import contextmanager

from liveone.announce.announcer import Announcer
from liveone.announce.device import Topics
from liveone.clock import Clock
from liveone.mqtt.broker import Broker
from liveone.release import release
from liveone.settings.config import Config
from liveone.store.store import Store


def announcer_of(config: Config, store: Store, clock: Clock) -> Announcer | None:
    """What this process tells; None where no broker is named, and where another process polls."""
    settings = config.mqtt
    if not settings.host or config.serve.role == "web":
        return None
    broker = Broker(
        host=settings.host, port=settings.port or None, username=settings.username,
        password=settings.password, tls=settings.tls, verify_tls=settings.verify_tls,
        ca_file=str(config.folder / settings.ca_file) if settings.ca_file else "",
    )  # fmt: skip
    return Announcer(
        store, clock, broker, Topics(settings.base, settings.discovery_prefix), folder=config.spool_path,
        cadence_s=config.collect.cadence_s, release=release(),
    )  # fmt: skip


@contextmanager
def announcing(announcer: Announcer | None) -> Iterator[None]:
    """Tell while inside, where there is something that tells."""
    if announcer is None:
        yield
        return
    with announcer.running():
        yield

"""The application for hosts without a disk, where a schedule of theirs calls the cron paths.

Rule: nothing is opened, sent or kept before a request needs it, and nothing is relied on that the next
instance would not have.
"""

import logging
from dataclasses import replace

from fastapi import FastAPI

from liveone.clock import Clock, SystemClock
from liveone.collect.collector import Collector
from liveone.collect.per_request import PerRequestCollector
from liveone.collect.queue.null_queue import NullQueue
from liveone.collect.settings import CollectSettings
from liveone.database.open import only_reads, open_database
from liveone.errors import ConfigError
from liveone.settings.config import Config
from liveone.store.store import Store
from liveone.web.app import create_app
from liveone.web.auth.callers import AuthSettings
from liveone.wiring.configured_vendors import configured_vendors
from liveone.wiring.serve import auth_settings, reader, services_of

STREAM_S = 50
"""An event stream ends by itself before the host ends it (vercel.json: 60 s)."""
DATABASE_S = 10.0
"""What one call to the database gets: a poll and two attempts to keep it fit into the host's 60 s."""
NOTICE = (
    "This instance keeps nothing on disk: a reading that the database refuses is tried twice and then lost. "
    "It polls and closes days only when /api/cron/minutely and /api/cron/daily are called."
)

log = logging.getLogger(__name__)


def stateless(config: Config, clock: Clock | None = None) -> FastAPI:
    """The application for hosts without a disk, where a schedule of theirs calls the cron paths.

    Nothing is opened, sent or kept before a request needs it. Raises ConfigError.
    """
    auth, clock = auth_settings(config, keeps=False), clock or SystemClock()
    _refuse_what_does_not_last(config, auth)
    store = Store(
        open_database(config, timeout_s=DATABASE_S),
        cadence_s=config.collect.cadence_s,
        at_once=False,
    )
    vendors = configured_vendors(config, store, clock)
    settings = CollectSettings(cadence_s=config.collect.cadence_s, polls=False, slots=config.collect.workers)
    collector = (
        reader()
        if only_reads(config)
        else PerRequestCollector(lambda: Collector(store, vendors.of, clock, NullQueue(), settings))
    )
    log.warning(NOTICE)
    services = services_of(config, store, clock, auth, collector, vendors=vendors)
    stream_s = config.server.stream_s or STREAM_S
    return create_app(
        replace(services, stream_s=stream_s, notice=NOTICE),
        public_url=config.server.public_url,
        base_path=config.server.base_path,
        trusted_proxies=config.server.trusted_proxies,
    )


def _refuse_what_does_not_last(config: Config, auth: AuthSettings) -> None:
    """What would be gone, or different, in the next instance."""
    if not config.is_server:
        raise ConfigError(
            f"a host without a disk needs its database on a server, and {config.database.url} is a file",
            hint="Set LIVEONE_DATABASE_URL=libsql://HOST and LIVEONE_DATABASE_TOKEN.",
        )
    if not (config.secrets.session_key or config.secrets.auth_password):
        raise ConfigError(
            "a login would hold on one instance only", hint="Set LIVEONE_SESSION_KEY to a long random text."
        )

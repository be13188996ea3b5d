"""Wiring: settings become database, vendors, collector and application; the only place where objects meet."""

import asyncio
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from liveone.accounts import users
from liveone.clock import Clock, SystemClock
from liveone.collect.collector import Collector
from liveone.collect.null_collector import NullCollector
from liveone.collect.per_request import PerRequestCollector
from liveone.collect.queue import known_systems
from liveone.collect.queue.spool import Spool
from liveone.collect.settings import CollectSettings
from liveone.database.open import only_reads, open_store
from liveone.errors import ConfigError
from liveone.release import release
from liveone.settings.config import Config
from liveone.settings.watched import WatchedFile
from liveone.store.database import StoreError
from liveone.store.outage import is_away
from liveone.store.store import Store
from liveone.web import server
from liveone.web.app import create_app
from liveone.web.auth import ended_sessions
from liveone.web.auth.callers import AuthSettings
from liveone.web.auth.ended_sessions import EndedSessions
from liveone.web.services import DailyJob, DailyOutcome, PollOutcome, Services
from liveone.wiring.admin_service import AdminService
from liveone.wiring.backups import backup_folder, scheduled_backups
from liveone.wiring.configured_vendors import ConfiguredVendors
from liveone.wiring.outcomes import poll_outcome, run_daily
from liveone.wiring.repairs import ReadingRepairs

if TYPE_CHECKING:
    from changeover.database.where import Database as Migrated
    from changeover.run.state_dir import StateDir

LOOPBACK = ("127.0.0.1", "::1", "localhost")
STREAM_S = 3600


def auth_settings(config: Config, *, keeps: bool = True) -> AuthSettings:
    """Who may come in. Without a configured session key a restart ends every session.

    ``keeps`` says that there is a disk to note ended sessions on.
    """
    key = config.secrets.session_key or config.secrets.auth_password
    accounts = WatchedFile(config.users_path, users.load)
    return AuthSettings(
        auth_password=config.secrets.auth_password or None,
        cron_secret=config.secrets.cron_secret or None,
        session_key=key.encode() if key else secrets.token_bytes(32),
        people=accounts.current,
        ended=EndedSessions(config.folder / ended_sessions.NAME if keeps else None),
    )


def host_for(config: Config, auth: AuthSettings) -> str:
    """Where to listen: this machine only while nobody needs a credential."""
    host = config.server.host
    return LOOPBACK[0] if auth.is_open and host not in LOOPBACK else host


def open_collector(config: Config, store: Store, vendors: ConfiguredVendors, clock: Clock) -> Collector:
    """The collector of one process; it owns its place in the spool folder from now on."""
    settings = CollectSettings(
        cadence_s=config.collect.cadence_s, polls=config.collect.scheduler, slots=config.collect.workers
    )
    return Collector(store, vendors.of, clock, Spool(config.spool_path), settings)


def _companion(
    config: Config, store: Store, vendors: ConfiguredVendors, clock: Clock
) -> Collector | NullCollector:
    """What works beside the web server: the collector, or one who only looks on. Raises ConfigError."""
    if only_reads(config):
        if config.serve.role == "poller":
            raise ConfigError(
                "the role is poller, and the database token only reads",
                hint="Give this process a token that may write, or the role web.",
            )
        return reader()
    if config.serve.role == "web":
        return NullCollector("its role is web", "Ask a process of the role poller or all; one has to run.")
    return open_collector(config, store, vendors, clock)


def reader() -> NullCollector:
    """What stands in the collector's place where the database token only reads."""
    return NullCollector(
        "its database token only reads",
        "Ask the instance that polls, or give this one a token that may write.",
    )


def serve(config: Config, *, ready: Callable[[str], None], clock: Clock | None = None) -> None:
    """Poll and serve until SIGTERM; ``ready`` is told the address once requests are answered.

    Raises ConfigError, BadInput or StoreError before anything is polled.
    """
    auth, clock = auth_settings(config), clock or SystemClock()
    vendors, store = ConfiguredVendors(config.vendors), _store_to_serve(config)
    try:
        listening = server.listen(host_for(config, auth), config.server.port)
        collector = _companion(config, store, vendors, clock)
        services = services_of(config, store, clock, auth, collector, vendors=vendors)
        app = create_app(
            services,
            for_operators_only=config.serve.role == "poller",
            base_path=config.server.base_path,
            trusted_proxies=config.server.trusted_proxies,
        )
        host, port = listening.getsockname()[:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}{config.server.base_path}/"
        with scheduled_backups(config, store, clock):
            server.run(
                app,
                listening,
                lambda: collector,
                trusted_proxies=config.server.trusted_proxies,
                ready=lambda: ready(address),
            )
    finally:
        vendors.close()
        store.close()


def _store_to_serve(config: Config) -> Store:
    """The store, asked; a poller that knows its systems from last time starts without an answer too."""
    try:
        return open_store(config)
    except StoreError as error:
        if config.serve.role == "web" or not is_away(error) or not known_systems.is_kept(config.spool_path):
            raise
        return open_store(config, at_once=False)


def services_of(
    config: Config,
    store: Store,
    clock: Clock,
    auth: AuthSettings,
    collector: Collector | NullCollector | PerRequestCollector,
    *,
    vendors: ConfiguredVendors,
) -> Services:
    """What the application works with."""

    async def poll_now() -> list[PollOutcome]:
        return [poll_outcome(result) for result in await collector.poll_once()]

    async def daily(job: DailyJob) -> Sequence[DailyOutcome]:
        now_at = clock.now_at()
        if job.action in ("yesterday", "catchup"):
            return await collector.run_daily_job(
                lambda goes_on: run_daily(store, job, now_at, goes_on=goes_on)
            )
        return await asyncio.to_thread(run_daily, store, job, now_at)

    return Services(
        store=store,
        clock=clock,
        auth=auth,
        poll_now=poll_now,
        daily=daily,
        collector_status=lambda: asdict(collector.status()),
        release=release(),
        cadence_s=config.collect.cadence_s,
        stream_s=config.server.stream_s or STREAM_S,
        role=config.serve.role,
        writes=not only_reads(config),
        reserve_pct=vendors.reserve_pct,
        administration=AdminService(
            store=store,
            clock=clock,
            vendors=vendors,
            account_list=config.vendors,
            migrated=lambda: _migrated(config),
        ),
        repairs=ReadingRepairs(store, clock),
        backups=backup_folder(config, store, clock),
    )


def _migrated(config: Config) -> "tuple[Migrated, StateDir]":
    """What the ledger and the reports are read from."""
    from liveone.migrations import run

    return run.database_of(config, os.environ), run.state_of(config)

"""Wiring: settings become database, vendors, collector and application; the only place where objects meet."""

import asyncio
import gc
import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from liveone.accounts import users
from liveone.accounts.choice import clerk_directory
from liveone.accounts.credentials import StoredCredential, new_secret
from liveone.accounts.external.issuer import Issuer
from liveone.accounts.passwords import hash_token
from liveone.accounts.people import People
from liveone.clock import Clock, SystemClock
from liveone.collect.collector import Collector
from liveone.collect.null_collector import NullCollector
from liveone.collect.per_request import PerRequestCollector
from liveone.collect.queue import known_systems
from liveone.database.open import only_reads, open_store
from liveone.errors import ConfigError
from liveone.release import release
from liveone.settings.config import Config
from liveone.settings.sealing_keys import secret_box
from liveone.settings.sign_in import LOOPBACK
from liveone.store.database import StoreError
from liveone.store.outage import is_away
from liveone.store.store import Store
from liveone.web import server
from liveone.web.app import create_app
from liveone.web.auth import ended_sessions
from liveone.web.auth.callers import AuthSettings
from liveone.web.auth.ended_sessions import EndedSessions
from liveone.web.services import DailyJob, DailyOutcome, PollOutcome, Services
from liveone.wiring import moment_files
from liveone.wiring.admin_service import AdminService
from liveone.wiring.announcing import announcer_of, announcing
from liveone.wiring.backups import backup_folder, scheduled_backups
from liveone.wiring.collecting import open_collector
from liveone.wiring.configured_vendors import ConfiguredVendors, configured_vendors
from liveone.wiring.live_houses import LiveHouses
from liveone.wiring.outcomes import poll_outcome, run_daily
from liveone.wiring.outgoing import sending
from liveone.wiring.push_intake import PushIntake
from liveone.wiring.repairs import ReadingRepairs
from liveone.wiring.source_service import SourceService

if TYPE_CHECKING:
    from changeover.database.where import Database as Migrated
    from changeover.run.state_dir import StateDir

EVERYWHERE = {
    "0.0.0.0": (socket.AF_INET, "192.0.2.1", "127.0.0.1"),
    "::": (socket.AF_INET6, "2001:db8::1", "::1"),
}
"""Hosts that mean all addresses; for each an address of documentation, to which a route is looked up."""
STREAM_S = 3600
SETUP_S = 86_400
log = logging.getLogger(__name__)


def auth_settings(config: Config, *, keeps: bool = True, clock: Clock | None = None) -> AuthSettings:
    """Who may come in. Without a configured session key a restart ends every session.

    ``keeps`` says that there is a disk to note ended sessions on. Raises ConfigError.
    """
    clock = clock or SystemClock()
    key = config.secrets.session_key or config.secrets.auth_password
    return AuthSettings(
        auth_password=config.secrets.auth_password or None,
        cron_secret=config.secrets.cron_secret or None,
        session_key=key.encode() if key else secrets.token_bytes(32),
        people=users.current(config.users_path),
        ended=EndedSessions(config.folder / ended_sessions.NAME if keeps else None),
        issuers=tuple(Issuer(one, clock) for one in config.sign_ins),
        box=secret_box(config),
        directory=clerk_directory(os.environ) if any(one.is_clerk for one in config.sign_ins) else None,
    )


@dataclass(frozen=True, slots=True)
class ServedAddress:
    """Where a server answers. ``is_open``: it asks nobody, and answers its own machine alone. ``setup``: the
    address that makes the owner's account, until that was done or a day is over; empty where there is one."""

    url: str
    is_open: bool
    setup: str = ""


def host_for(config: Config, *, is_closed: bool) -> str:
    """Where to listen: this machine only, where nobody needs a credential and nobody could set it up."""
    host = config.server.host
    return host if is_closed or host in LOOPBACK else LOOPBACK[0]


def setup_token(people: People, auth: AuthSettings, clock: Clock) -> str:
    """A link's secret for a database without anybody, good for a day; empty where there is somebody, or none
    can be kept."""
    found = people.refresh()
    if auth.auth_password or not found.are_kept or found.accounts:
        return ""
    secret = new_secret()
    try:
        people.keep(StoredCredential("setup", hash_token(secret), until_at=int(clock.now_at()) + SETUP_S))
    except StoreError as error:
        log.warning("no link to set up could be made: %s", error)
        return ""
    return secret


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


def serve(config: Config, *, ready: Callable[[ServedAddress], None], clock: Clock | None = None) -> None:
    """Poll and serve until SIGTERM; ``ready`` is told the address once requests are answered.

    Raises ConfigError, BadInput or StoreError before anything is polled.
    """
    clock = clock or SystemClock()
    auth = auth_settings(config, clock=clock)
    store = _store_to_serve(config)
    vendors = configured_vendors(config, store, clock)
    try:
        people = People(store, auth.accounts, clock)
        setup = setup_token(people, auth, clock) if config.serve.role != "poller" else ""
        is_empty = auth.asks_nobody(people.snapshot)
        host = host_for(config, is_closed=bool(setup) or not is_empty)
        listening = server.listen(host, config.server.port)
        collector = _companion(config, store, vendors, clock)
        houses = None
        if vendors.sources is not None:
            shared = config.folder / moment_files.FOLDER
            houses = LiveHouses(vendors.sources, clock, shared, polls=config.serve.role != "web")
        services = services_of(config, store, clock, auth, collector, vendors=vendors, houses=houses)
        announcer = announcer_of(config, store, clock)
        app = create_app(
            replace(services, people=people, announcing=announcer.facts if announcer else None),
            for_operators_only=config.serve.role == "poller",
            public_url=config.server.public_url,
            base_path=config.server.base_path,
            trusted_proxies=config.server.trusted_proxies,
        )
        address = address_to_open(config, *listening.getsockname()[:2])
        served = ServedAddress(address, is_empty, f"{address}setup?token={setup}" if setup else "")
        with (
            scheduled_backups(config, store, clock),
            announcing(announcer),
            sending(config, store, clock),
            sharing(houses),
        ):
            # What the program is made of stays to its end: 140,000 objects, which every full round of the
            # garbage collector would go over again, a tenth of a second on a small machine, all answers late.
            gc.freeze()
            server.run(
                app,
                listening,
                lambda: collector,
                trusted_proxies=config.server.trusted_proxies,
                ready=lambda: ready(served),
            )
    finally:
        vendors.close()
        store.close()


def address_to_open(config: Config, host: str, port: int) -> str:
    """An address that leads here, with a slash at its end: the configured one, else one that others reach
    where all are listened to."""
    if config.server.public_url:
        return f"{config.server.public_url.rstrip('/')}/"
    reached = own_address(host) if host in EVERYWHERE else host
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}{config.server.base_path}/"


def own_address(listening_on: str) -> str:
    """The address by which this machine reaches others; loopback without a network. Nothing is sent."""
    family, far, near = EVERYWHERE[listening_on]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far, 9))
        except OSError:
            return near
        return str(probe.getsockname()[0])


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
    houses: LiveHouses | None = None,
) -> Services:
    """What the application works with; ``houses`` are what its pages move with between readings."""

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
        sources=SourceService(store, clock, vendors.sources) if vendors.sources else None,
        pushes=None if only_reads(config) else PushIntake(store, clock, houses),
        live=houses,
        backups=backup_folder(config, store, clock),
    )


@contextmanager
def sharing(houses: LiveHouses | None) -> Iterator[None]:
    """Moments are shared with other processes of this machine meanwhile, where they can be."""
    if houses is None:
        yield
        return
    try:
        houses.start()
    except OSError as error:
        log.warning("other processes cannot be told what systems are between readings: %s", error)
    try:
        yield
    finally:
        houses.close()


def _migrated(config: Config) -> "tuple[Migrated, StateDir]":
    """What the ledger and the reports are read from."""
    from liveone.migrations import run

    return run.database_of(config, os.environ), run.state_of(config)

"""Wiring: settings become database, vendors, loops and application; the only place where objects meet."""

import asyncio
import logging
import os
import secrets
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

from fastapi import FastAPI

from hrana.address import is_server
from hrana.tokens import is_read_only
from liveone import __version__, users
from liveone.administration import Steward
from liveone.clock import Clock, SystemClock
from liveone.collect import closer
from liveone.collect.loop import Collector, CollectSettings
from liveone.collect.nospool import NoSpool
from liveone.collect.oncall import OnCall
from liveone.collect.onlooker import Onlooker
from liveone.collect.poller import PollResult
from liveone.collect.spool import Spool
from liveone.config import Config, VendorConfig
from liveone.domain.system import System
from liveone.errors import ConfigError
from liveone.store import files, systems
from liveone.store import store as stores
from liveone.store.database import Database
from liveone.store.libsql.create import create_tables
from liveone.store.libsql.driver import TIMEOUT_S
from liveone.store.store import Store
from liveone.vendors.base import Vendor, VendorAccount
from liveone.vendors.registry import open_vendor
from liveone.web import server
from liveone.web.app import create_app
from liveone.web.auth import AuthSettings, User
from liveone.web.services import DailyJob, DailyOutcome, PollOutcome, Services

LOOPBACK = ("127.0.0.1", "::1", "localhost")
STREAM_S = 3600
STATELESS_STREAM_S = 50
"""An event stream ends by itself before the host ends it (vercel.json: 60 s)."""
STATELESS_DATABASE_S = 10.0
"""What one call to the database gets: a poll and two attempts to keep it fit into the host's 60 s."""
STATELESS_NOTICE = (
    "This instance keeps nothing on disk: a reading that the database refuses is tried twice and then lost. "
    "It polls and closes days only when /api/cron/minutely and /api/cron/daily are called."
)

log = logging.getLogger(__name__)


def open_database(config: Config, *, timeout_s: float = TIMEOUT_S) -> Database:
    """The configured database as it is, of whatever shape; ``timeout_s`` bounds each call to a server.

    Raises StoreError, ConfigError, BadInput.
    """
    if not config.is_server:
        return stores.open_database(config.database_path)
    _refuse_unknown_scheme(config.database.url)
    return stores.open_database(
        config.database.url,
        token=config.secrets.database_token,
        replica_url=config.database.replica_url,
        timeout_s=timeout_s,
    )


def _refuse_unknown_scheme(url: str) -> None:
    if not is_server(url):
        raise ConfigError(
            f"database.url begins with {url.partition('://')[0]}://, which is no kind of database known here",
            hint="Give it a path, libsql://HOST, or http://HOST:PORT of a libSQL server.",
        )


def open_store(config: Config) -> Store:
    """The configured database as LiveOne's store. Raises StoreError, ConfigError, BadInput."""
    database = open_database(config)
    try:
        return Store(database, cadence_s=config.collect.cadence_s)
    except BaseException:
        database.close()
        raise


def create_database(config: Config) -> str:
    """Make the configured database, empty, of the newest generation; returns what it is called.

    Raises BadInput when there is something already, StoreError, ConfigError.
    """
    if not config.is_server:
        files.create(config.database_path)
        return str(config.database_path)
    with closing(open_database(config)) as database:
        create_tables(database)
        return database.label


def only_reads(config: Config) -> bool:
    """Whether this instance can show and not collect: its database token is for reading only."""
    return config.is_server and is_read_only(config.secrets.database_token)


class VendorBook:
    """Which account polls which system; accounts are opened when first needed. Safe from any thread."""

    def __init__(self, accounts: Sequence[VendorConfig]) -> None:
        self._accounts = accounts
        self._lock = threading.Lock()
        self._open: dict[str, Vendor] = {}

    def of(self, system: System) -> Vendor:
        """The vendor of a system. Raises ConfigError where no account serves it."""
        return self.named(self.account_for(system.vendor_type, system.vendor_site_id).name)

    def account_for(self, vendor_type: str, site: str) -> VendorConfig:
        """The account that names the site, or else the one of its type that names no sites."""
        alike = [account for account in self._accounts if account.type == vendor_type]
        named = [account for account in alike if site in account.sites]
        for account in named or [account for account in alike if not account.sites]:
            return account
        raise ConfigError(
            f"no account polls {vendor_type} site {site}",
            hint=f'Add a [[vendor]] with type = "{vendor_type}" to the settings.',
        )

    def named(self, name: str) -> Vendor:
        """The vendor of an account. Raises ConfigError for an unknown name."""
        with self._lock:
            if name not in self._open:
                self._open[name] = open_vendor(self._account(name))
            return self._open[name]

    def names(self) -> list[str]:
        return [account.name for account in self._accounts]

    def close(self) -> None:
        with self._lock:
            for vendor in self._open.values():
                vendor.close()
            self._open.clear()

    def _account(self, name: str) -> VendorAccount:
        for account in self._accounts:
            if account.name == name:
                return VendorAccount(
                    vendor_type=account.type,
                    url=account.url or None,
                    email=account.email or None,
                    password=account.password or None,
                    verify_tls=account.verify_tls,
                    grid_sign=dict(account.grid_sign),  # type: ignore[arg-type]
                    timeout_s=account.timeout_s,
                )
        raise ConfigError(f"no [[vendor]] is named {name!r}", hint=f"Known: {', '.join(self.names())}.")


def release() -> str:
    """``<version>+<commit>``: the commit from LIVEONE_COMMIT, the host, or the checkout this runs from."""
    named = os.environ.get("LIVEONE_COMMIT") or os.environ.get("VERCEL_GIT_COMMIT_SHA", "")[:12]
    commit = named or _checkout_commit()
    return f"{__version__}+{commit}" if commit else __version__


def _checkout_commit() -> str:
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return ""
    asked = ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=5)
    except OSError:
        return ""
    return done.stdout.strip()


def auth_settings(config: Config) -> AuthSettings:
    """Who may come in. Without a configured session key a restart ends every session."""
    key = config.secrets.session_key or config.secrets.auth_password
    accounts = users.load(config.users_path)
    return AuthSettings(
        auth_password=config.secrets.auth_password or None,
        cron_secret=config.secrets.cron_secret or None,
        session_key=key.encode() if key else secrets.token_bytes(32),
        users=[User(a.id, a.email, a.password_hash, a.is_admin, a.token_hashes) for a in accounts],
    )


def host_for(config: Config, auth: AuthSettings) -> str:
    """Where to listen: this machine only while nobody needs a credential."""
    host = config.server.host
    return LOOPBACK[0] if auth.is_open and host not in LOOPBACK else host


def open_collector(config: Config, store: Store, vendors: VendorBook, clock: Clock) -> Collector:
    """The collector of one process; it owns its place in the spool folder from now on."""
    settings = CollectSettings(
        cadence_s=config.collect.cadence_s, polls=config.collect.scheduler, slots=config.collect.workers
    )
    return Collector(store, vendors.of, clock, Spool(config.spool_path), settings)


def _companion(config: Config, store: Store, vendors: VendorBook, clock: Clock) -> Collector | Onlooker:
    """What works beside the web server: the collector, or one who only looks on. Raises ConfigError."""
    if only_reads(config):
        if config.serve.role == "poller":
            raise ConfigError(
                "the role is poller, and the database token only reads",
                hint="Give this process a token that may write, or the role web.",
            )
        return _reader()
    if config.serve.role == "web":
        return Onlooker("its role is web", "Ask a process of the role poller or all; one has to run.")
    return open_collector(config, store, vendors, clock)


def _reader() -> Onlooker:
    return Onlooker(
        "its database token only reads",
        "Ask the instance that polls, or give this one a token that may write.",
    )


def serve(config: Config, *, ready: Callable[[str], None], clock: Clock | None = None) -> None:
    """Poll and serve until SIGTERM; ``ready`` is told the address once requests are answered.

    Raises ConfigError, BadInput or StoreError before anything is polled.
    """
    auth = auth_settings(config)
    clock = clock or SystemClock()
    store, vendors = open_store(config), VendorBook(config.vendors)
    try:
        listening = server.listen(host_for(config, auth), config.server.port)
        collector = _companion(config, store, vendors, clock)
        services = _services(config, store, clock, auth, collector, vendors=vendors)
        app = create_app(services, for_operators_only=config.serve.role == "poller")
        host, port = listening.getsockname()[:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
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


def stateless(config: Config, clock: Clock | None = None) -> FastAPI:
    """The application for hosts without a disk, where a schedule of theirs calls the cron paths.

    Nothing is opened, sent or kept before a request needs it. Raises ConfigError.
    """
    auth, clock = auth_settings(config), clock or SystemClock()
    _refuse_what_does_not_last(config, auth)
    store = Store(
        open_database(config, timeout_s=STATELESS_DATABASE_S),
        cadence_s=config.collect.cadence_s,
        at_once=False,
    )
    vendors = VendorBook(config.vendors)
    settings = CollectSettings(cadence_s=config.collect.cadence_s, polls=False, slots=config.collect.workers)
    collector = (
        _reader()
        if only_reads(config)
        else OnCall(lambda: Collector(store, vendors.of, clock, NoSpool(), settings))
    )
    log.warning(STATELESS_NOTICE)
    services = _services(config, store, clock, auth, collector, vendors=vendors)
    stream_s = config.server.stream_s or STATELESS_STREAM_S
    return create_app(replace(services, stream_s=stream_s, notice=STATELESS_NOTICE))


def _refuse_what_does_not_last(config: Config, auth: AuthSettings) -> None:
    """What would be gone, or different, in the next instance."""
    if not config.is_server:
        raise ConfigError(
            f"a host without a disk needs its database on a server, and {config.database.url} is a file",
            hint="Set LIVEONE_DATABASE_URL=libsql://HOST and LIVEONE_DATABASE_TOKEN.",
        )
    if auth.users and not (config.secrets.session_key or config.secrets.auth_password):
        raise ConfigError(
            "a login would hold on one instance only", hint="Set LIVEONE_SESSION_KEY to a long random text."
        )


def _services(
    config: Config,
    store: Store,
    clock: Clock,
    auth: AuthSettings,
    collector: Collector | Onlooker | OnCall,
    *,
    vendors: VendorBook,
) -> Services:
    async def poll_now() -> list[PollOutcome]:
        return [poll_outcome(result) for result in await collector.poll_once()]

    async def daily(job: DailyJob) -> Sequence[DailyOutcome]:
        now_at = clock.now_at()
        if job.action in ("yesterday", "catchup"):
            return await collector.on_duty(lambda goes_on: run_daily(store, job, now_at, goes_on=goes_on))
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
        administration=Steward(
            store=store,
            clock=clock,
            vendors=vendors,
            account_list=config.vendors,
            database_path=lambda: config.database_path,
            backup_folder=config.folder / "backups",
        ),
    )


def run_daily(
    store: Store, job: DailyJob, now_at: float, *, goes_on: Callable[[], bool] = lambda: True
) -> list[DailyOutcome]:
    """The daily job in each of its forms, for as long as it ``goes_on``. Raises StoreError, BadInput."""
    if job.action == "clear":
        done = closer.regenerate(store, job.system_id, now_at)
    elif job.action == "day" and job.system_id is not None and job.day is not None:
        done = [closer.close_one(store, job.system_id, job.day)]
    else:
        chosen = closer.only(store, job.system_id)
        done = closer.catch_up(store, now_at, choose=chosen, goes_on=goes_on)
    sites = {system.id: system.vendor_site_id for system in systems.list_systems(store)}
    return [
        DailyOutcome(
            system=sites.get(closed.system_id, str(closed.system_id)),
            success=closed.error is None,
            days=closed.days,
            error=str(closed.error) if closed.error else None,
        )
        for closed in done
    ]


def poll_outcome(result: PollResult) -> PollOutcome:
    """One system's poll as the API and `liveone poll` show it."""
    reading = result.reading
    return PollOutcome(
        system=result.system.vendor_site_id,
        success=result.ok,
        solar=reading.solar_w if reading else None,
        battery=reading.battery_w if reading else None,
        delay=reading.delay_s if reading else None,
        error=str(result.error) if result.error else None,
    )

"""Wiring: settings become database, vendors, loops and application; the only place where objects meet."""

import asyncio
import os
import secrets
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from liveone import __version__, users
from liveone.administration import Steward
from liveone.backups import BackupFolder, Make
from liveone.clock import Clock, SystemClock
from liveone.collect import closer
from liveone.collect.loop import Collector, CollectSettings
from liveone.collect.onlooker import Onlooker
from liveone.collect.poller import PollResult
from liveone.collect.spool import Spool
from liveone.config import Config, VendorConfig
from liveone.domain.system import System
from liveone.errors import ConfigError
from liveone.store import backup, files, systems
from liveone.store import store as stores
from liveone.store.database import Database
from liveone.store.libsql.address import is_server
from liveone.store.libsql.create import create_tables
from liveone.store.libsql.tokens import is_read_only
from liveone.store.store import Store
from liveone.transfer.server_backup import backup_server
from liveone.vendors.base import Vendor, VendorAccount
from liveone.vendors.registry import open_vendor
from liveone.web import server
from liveone.web.app import create_app
from liveone.web.auth import AuthSettings, User
from liveone.web.services import DailyJob, DailyOutcome, PollOutcome, Services

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def open_database(config: Config) -> Database:
    """The configured database as it is, of whatever shape. Raises StoreError, ConfigError, BadInput."""
    if not config.is_server:
        return stores.open_database(config.database_path)
    _refuse_unknown_scheme(config.database.url)
    return stores.open_database(
        config.database.url,
        token=config.secrets.database_token,
        replica_url=config.database.replica_url,
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
    """``<version>+<commit>``: the commit from LIVEONE_COMMIT, or from the checkout this runs from."""
    commit = os.environ.get("LIVEONE_COMMIT") or _checkout_commit()
    return f"{__version__}+{commit}" if commit else __version__


def _checkout_commit() -> str:
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return ""
    done = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
        timeout=5,
    )
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


def serve(config: Config, *, ready: Callable[[str], None], clock: Clock | None = None) -> None:
    """Poll and serve until SIGTERM; ``ready`` is told the address once requests are answered.

    Raises ConfigError, BadInput or StoreError before anything is polled.
    """
    auth = auth_settings(config)
    clock = clock or SystemClock()
    store, vendors = open_store(config), VendorBook(config.vendors)
    try:
        listening = server.listen(host_for(config, auth), config.server.port)
        collector = Onlooker() if only_reads(config) else open_collector(config, store, vendors, clock)
        app = create_app(_services(config, store, clock, auth, collector, vendors=vendors))
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


def _services(
    config: Config,
    store: Store,
    clock: Clock,
    auth: AuthSettings,
    collector: Collector | Onlooker,
    *,
    vendors: VendorBook,
) -> Services:
    async def poll_now() -> list[PollOutcome]:
        return [poll_outcome(result) for result in await collector.poll_once()]

    async def daily(job: DailyJob) -> list[DailyOutcome]:
        return await asyncio.to_thread(run_daily, store, job, clock.now_at())

    return Services(
        store=store,
        clock=clock,
        auth=auth,
        poll_now=poll_now,
        daily=daily,
        collector_status=lambda: asdict(collector.status()),
        release=release(),
        cadence_s=config.collect.cadence_s,
        administration=Steward(
            store=store,
            clock=clock,
            vendors=vendors,
            account_list=config.vendors,
            database_path=lambda: config.database_path,
        ),
        backups=BackupFolder(
            store=store,
            clock=clock,
            folder=config.folder / "backups",
            make=_backup_maker(config, store),
            database_path=None if config.is_server else config.database_path,
        ),
    )


def _backup_maker(config: Config, store: Store) -> Make:
    if config.is_server:
        return lambda folder, at: backup_server(store.database, folder, at)
    return lambda folder, at: backup.backup(config.database_path, folder, at)


def run_daily(store: Store, job: DailyJob, now_at: float) -> list[DailyOutcome]:
    """The daily job in each of its forms. Raises StoreError, BadInput."""
    if job.action == "clear":
        done = closer.regenerate(store, job.system_id, now_at)
    elif job.action == "day" and job.system_id is not None and job.day is not None:
        done = [closer.close_one(store, job.system_id, job.day)]
    else:
        done = closer.catch_up(store, now_at)
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

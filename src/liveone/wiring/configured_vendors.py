"""The configured accounts at vendors, and which of them polls which system."""

import threading
from collections.abc import Sequence

from liveone.clock import Clock
from liveone.domain.system import FROM_SOURCES, System
from liveone.errors import BadInput, ConfigError
from liveone.settings.config import Config, VendorConfig
from liveone.settings.sealing_keys import secret_box
from liveone.store.store import Store
from liveone.vendors.base import Vendor, VendorAccount
from liveone.vendors.house import AskedSource
from liveone.vendors.parameters import refuse_unknown
from liveone.vendors.registry import open_vendor, vendor_class, vendor_types
from liveone.wiring.house_sources import SourceBook, base_of


def configured_vendors(config: Config, store: Store, clock: Clock) -> "ConfiguredVendors":
    """The accounts of the settings, and the sources of the database; it closes neither.

    Raises ConfigError, having closed the store.
    """
    try:
        return ConfiguredVendors(config.vendors, SourceBook(store, secret_box(config), clock))
    except ConfigError:
        store.close()
        raise


class ConfiguredVendors:
    """Which account polls which system; accounts are opened when first needed. Safe from any thread.

    Raises ConfigError for an account of an unknown type, or with a setting that its adapter does not take.
    """

    def __init__(self, accounts: Sequence[VendorConfig], sources: SourceBook | None = None) -> None:
        for account in accounts:
            if account.type not in vendor_types():
                raise ConfigError(
                    f"the [[vendor]] named {account.name!r} has the unknown type {account.type!r}",
                    hint=f"Known types: {', '.join(vendor_types())}.",
                )
            where = f"the [[vendor]] named {account.name!r}"
            try:
                refuse_unknown(vendor_class(account.type).parameters, account.settings, where=where)
            except BadInput as error:
                raise ConfigError(error.args[0], hint=error.hint) from None
        self._accounts, self.sources = accounts, sources
        self._lock = threading.Lock()
        self._open: dict[str, Vendor] = {}

    def of(self, system: System) -> Vendor:
        """The vendor of a system: its sources, or its account. Raises ConfigError where it has neither."""
        if self.sources is None or not self.sources.of(system.id):
            return self._account_of(system)
        house = self.sources.house(system, None if system.is_without_account else self._base(system))
        return house or self._account_of(system)

    def refuse_unserved(self, system: System) -> None:
        """Raises ConfigError for a system that nothing polls."""
        if self.sources is not None and system.is_without_account and self.sources.of(system.id):
            return
        if system.vendor_type == FROM_SOURCES:
            raise ConfigError(
                f"{system.display_name} has no source yet", hint="Add one: liveone sources add --help"
            )
        self.account_for(system.vendor_type, system.vendor_site_id)

    def _account_of(self, system: System) -> Vendor:
        self.refuse_unserved(system)
        return self.named(self.account_for(system.vendor_type, system.vendor_site_id).name)

    def _base(self, system: System) -> AskedSource:
        return base_of(system, self._account_of(system))

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

    def reserve_pct(self, system: System) -> float | None:
        """The state of charge at which the settings say that a system's battery is not used further."""
        try:
            account = self.account_for(system.vendor_type, system.vendor_site_id)
        except ConfigError:
            return None
        return account.reserve_pct.get(system.vendor_site_id)

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
        if self.sources is not None:
            self.sources.close()

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
                    settings=account.settings,
                )
        raise ConfigError(f"no [[vendor]] is named {name!r}", hint=f"Known: {', '.join(self.names())}.")

"""The configured accounts at vendors, and which of them polls which system."""

import threading
from collections.abc import Sequence

from liveone.domain.system import System
from liveone.errors import BadInput, ConfigError
from liveone.settings.config import VendorConfig
from liveone.vendors.base import Vendor, VendorAccount
from liveone.vendors.parameters import refuse_unknown
from liveone.vendors.registry import open_vendor, vendor_class, vendor_types


class ConfiguredVendors:
    """Which account polls which system; accounts are opened when first needed. Safe from any thread.

    Raises ConfigError for an account of an unknown type, or with a setting that its adapter does not take.
    """

    def __init__(self, accounts: Sequence[VendorConfig]) -> None:
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

"""Which brands there are: the only place that maps a ``vendor_type`` to its adapter."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from liveone.errors import ConfigError
from liveone.vendors.base import Vendor, VendorAccount
from liveone.vendors.selectlive.cloud import SelectLive
from liveone.vendors.selectlive.lan import SelectLiveLan

Factory = Callable[[VendorAccount], Vendor]

FACTORIES: Mapping[str, Factory] = MappingProxyType(
    {SelectLive.vendor_type: SelectLive, SelectLiveLan.vendor_type: SelectLiveLan}
)


def open_vendor(account: VendorAccount) -> Vendor:
    """The adapter for an account; nothing is sent yet.

    Raises ConfigError for an unknown vendor_type, listing the known ones, and for settings that the
    adapter cannot use. The caller closes the vendor.
    """
    factory = FACTORIES.get(account.vendor_type)
    if factory is None:
        raise ConfigError(
            f"unknown vendor_type {account.vendor_type!r}", hint=f"Known are: {', '.join(sorted(FACTORIES))}."
        )
    return factory(account)

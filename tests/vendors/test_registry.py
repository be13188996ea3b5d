"""Settings that cannot work are refused before anything is sent, with what to write instead."""

from typing import Any

import pytest

from liveone.errors import ConfigError
from liveone.vendors.adapter import Adapter
from liveone.vendors.base import Vendor, VendorAccount
from liveone.vendors.measures import check_measures
from liveone.vendors.registry import BUILT_IN, open_vendor, vendor_class


def account(**settings: Any) -> VendorAccount:
    return VendorAccount(
        **({"vendor_type": "select.live", "email": "me@example.org", "password": "pw"} | settings)
    )


def test_every_known_brand_can_be_opened() -> None:
    for vendor_type in ("select.live", "select.live-lan"):
        vendor: Vendor = open_vendor(account(vendor_type=vendor_type, url="https://192.168.1.20"))
        assert vendor.vendor_type == vendor_type
        assert "pw" not in repr(vendor)
        vendor.close()


@pytest.mark.parametrize("vendor_type", BUILT_IN)
def test_every_brand_of_ours_is_what_the_table_calls_it(vendor_type: str) -> None:
    adapter = vendor_class(vendor_type)
    assert adapter.vendor_type == vendor_type
    assert adapter.title
    if issubclass(adapter, Adapter):
        check_measures(adapter.measures)


def test_an_unknown_brand_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="unknown vendor_type 'selct") as caught:
        open_vendor(account(vendor_type="selct.live"))
    assert "select.live, select.live-lan" in caught.value.hint


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"email": None}, "needs an e-mail"),
        ({"password": ""}, "needs an e-mail"),
        ({"url": "select.live"}, "not usable"),
        ({"url": "ftp://select.live"}, "not usable"),
        ({"url": "https://"}, "not usable"),
        ({"url": "https://select.live:port"}, "is not one"),
        ({"url": "https://me:pw@select.live"}, "holds a user name"),
        ({"url": "http://select.live"}, "unencrypted"),
        ({"grid_sign": {"1586": "reversed"}}, "'reversed'"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_a_hint(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        open_vendor(account(**settings))
    assert caught.value.hint
    assert "pw@" not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost", "portal", "192.168.1.20", "[::1]:80", "pi.local"]
)
def test_plain_http_is_for_private_networks(host: str) -> None:
    open_vendor(account(url=f"http://{host}")).close()


def test_an_accounts_password_never_shows() -> None:
    assert "hunter2" not in repr(account(password="hunter2"))

"""The box on the LAN: no log-in, an old self-signed certificate, the same items."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from tests.vendors.small_portal import NOW_AT, recorded
from tests.vendors.wire import Heard, Wire, reply

from liveone.domain.system import SystemInfo
from liveone.errors import ConfigError
from liveone.vendors.base import (
    ProtocolViolation,
    Site,
    SiteNotFound,
    TemporaryFailure,
    Vendor,
    VendorAccount,
)
from liveone.vendors.registry import open_vendor

DEVICE = "0123456789abcdef0123456789abcdef"
CERTIFICATE = str(Path(__file__).parent / "old_box.pem")


def box(request: Heard) -> Iterable[bytes]:
    pages = {
        "/cgi-bin/solarmonweb/devices": f'[{{"id": "{DEVICE}"}}, {{"id": "short"}}]',
        f"/cgi-bin/solarmonweb/devices/{DEVICE}": '{"firmware": "12.3", "serial": 234567, "poll": 5}',
        f"/cgi-bin/solarmonweb/devices/{DEVICE}/point": recorded("SPMC482_unknown_night.json"),
    }
    page = pages.get(request.path)
    return reply(404, "no") if page is None else reply(200, page)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(box, certificate=CERTIFICATE) as wire:
        yield wire


@pytest.fixture
def vendor(wire: Wire) -> Iterator[Vendor]:
    vendor = open_vendor(VendorAccount("select.live-lan", wire.url, timeout_s=4))
    yield vendor
    vendor.close()


def test_a_box_with_its_own_certificate_is_polled_over_one_connection(wire: Wire, vendor: Vendor) -> None:
    for _ in range(3):
        assert vendor.poll(DEVICE, memory={}, now_at=NOW_AT).reading.battery_w == 612
    assert wire.connections == 1
    assert all("cookie" not in request.headers for request in wire.heard)


def test_its_certificate_is_refused_where_the_owner_wants_it_checked(wire: Wire) -> None:
    vendor = open_vendor(VendorAccount("select.live-lan", wire.url, verify_tls=True, timeout_s=1))
    with pytest.raises(TemporaryFailure, match="not trusted") as caught:
        vendor.poll(DEVICE, memory={}, now_at=NOW_AT)
    assert "verify_tls = false" in caught.value.hint
    vendor.close()


def test_its_devices_are_discovered_and_described(vendor: Vendor) -> None:
    assert vendor.discover() == [Site("select.live-lan", DEVICE, "234567")]
    assert vendor.describe(DEVICE) == SystemInfo(serial="234567")


def test_a_device_it_does_not_have_is_not_found(vendor: Vendor) -> None:
    for device in ("f" * 32, "1586", "../../etc"):
        with pytest.raises(SiteNotFound):
            vendor.poll(device, memory={}, now_at=NOW_AT)


def test_a_check_goes_through_every_step(vendor: Vendor) -> None:
    steps = list(vendor.check(DEVICE, now_at=NOW_AT))
    assert [(step.name, step.ok) for step in steps] == [
        ("reached", True),
        ("site found", True),
        ("reading sane", True),
        ("signs plausible", True),
    ]
    *_, last = vendor.check("f" * 32, now_at=NOW_AT)
    assert (last.name, last.ok) == ("site found", False)
    assert DEVICE in last.detail


def test_something_else_at_that_address_is_said_not_to_be_a_box() -> None:
    with Wire(lambda _: reply(200, "<html>router</html>")) as router:
        vendor = open_vendor(VendorAccount("select.live-lan", router.url))
        with pytest.raises(ProtocolViolation, match="no list of devices") as caught:
            vendor.discover()
        assert "Is this a select.live box?" in caught.value.hint
        vendor.close()


def test_a_box_needs_an_address() -> None:
    with pytest.raises(ConfigError, match="needs the url"):
        open_vendor(VendorAccount("select.live-lan"))

"""The adapter against the simulated portal: every misbehaviour at command, both faces, both grid signs."""

from collections.abc import Iterator
from typing import Any

import pytest

from liveone.domain.grid_sign import GridEvidence
from liveone.domain.system import SystemInfo
from liveone.simulate.portal import EMAIL, PASSWORD, Portal, PortalSite
from liveone.simulate.presets import house
from liveone.vendors.base import (
    CredentialsRefused,
    ProtocolViolation,
    RateLimited,
    Site,
    TemporaryFailure,
    Vendor,
    VendorAccount,
    VendorError,
)
from liveone.vendors.registry import open_vendor

NOON_AT = 1_755_482_400.0
INFO = SystemInfo("SPMC482", "234567", "7.5kW, 48V", "9 kW", "63.6 kWh")


class Time:
    """Portal time, driven by the test."""

    def __init__(self) -> None:
        self.at = NOON_AT

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def portal(time: Time) -> Iterator[Portal]:
    farm = PortalSite("1586", house(since_day="2025-08-16"), "Farm", INFO)
    town = PortalSite("7", house("grid", since_day="2025-08-16"), "Town")
    with Portal([farm, town], now=time) as portal:
        yield portal


def evidence_in(memory: Any) -> GridEvidence:
    return GridEvidence.from_memory(memory.get("grid_sign"))


def opened(portal: Portal, **settings: Any) -> Vendor:
    return open_vendor(
        VendorAccount("select.live", portal.url, **({"email": EMAIL, "password": PASSWORD} | settings))
    )


@pytest.fixture
def vendor(portal: Portal) -> Iterator[Vendor]:
    vendor = opened(portal, timeout_s=2.5)
    yield vendor
    vendor.close()


def test_what_is_read_is_what_was_measured(portal: Portal, vendor: Vendor, time: Time) -> None:
    for minute in range(0, 600, 7):
        time.at = NOON_AT + 60 * minute
        reading = vendor.poll("1586", memory={}, now_at=time.at).reading
        truth = portal.sites["1586"].source.sample(time.at)
        assert truth is not None
        assert reading.inverter_time == truth.taken_at
        for name in ("solar_inverter_w", "shunt_w", "load_w", "battery_w", "grid_w"):
            assert getattr(reading, name) == pytest.approx(getattr(truth, name), abs=0.51), name
        for name, kwh in truth.total_kwh.items():
            assert getattr(reading, f"{name}_kwh_total") == kwh
    assert portal.counts["login"] > 1, "sessions ended meanwhile and were renewed"


@pytest.mark.parametrize("incoming_sign", [1, -1])
def test_the_sign_of_a_house_on_the_grid_is_learned_within_a_day(time: Time, incoming_sign: int) -> None:
    town = PortalSite("7", house("grid", since_day="2025-08-16"), "Town", incoming_sign=incoming_sign)
    memory: Any = {}
    with Portal([town], now=time) as portal:
        vendor = opened(portal)
        while time.at < NOON_AT + 86_400 and not evidence_in(memory).confirmed:
            time.at += 60
            memory = vendor.poll("7", memory=memory, now_at=time.at).memory
        vendor.close()
    sign = "normal" if incoming_sign == 1 else "inverted"
    assert evidence_in(memory).confirmed == sign


def test_a_house_without_a_battery_is_sane(time: Time) -> None:
    with Portal([PortalSite("3", house("no-battery", since_day="2025-08-16"))], now=time) as portal:
        vendor = opened(portal)
        *_, sane, signs = vendor.check("3", now_at=time.at)
        vendor.close()
    assert sane.ok
    assert "without battery_w, battery_soc_pct" in sane.detail
    assert "battery" not in signs.detail


def test_an_account_is_discovered_described_and_checked(vendor: Vendor, time: Time) -> None:
    assert vendor.discover() == [Site("select.live", "1586", "Farm"), Site("select.live", "7", "Town")]
    assert vendor.describe("1586") == INFO
    steps = list(vendor.check("1586", now_at=time.at))
    assert [(step.name, step.ok) for step in steps] == [
        ("reached", True),
        ("logged in", True),
        ("site found", True),
        ("reading sane", True),
        ("signs plausible", True),
    ]


def test_the_box_on_the_lan_gives_the_same_reading(portal: Portal, vendor: Vendor, time: Time) -> None:
    box = open_vendor(VendorAccount("select.live-lan", portal.url))
    device = portal.sites["1586"].device_id
    assert Site("select.live-lan", device, "Selectronic SP-PRO") in box.discover()
    assert box.describe(device).serial == "234567"
    assert all(step.ok for step in box.check(device, now_at=time.at))
    lan, cloud = (
        seen.poll(site, memory={}, now_at=time.at).reading for seen, site in ((box, device), (vendor, "1586"))
    )
    assert lan == cloud
    box.close()


@pytest.mark.parametrize(
    "fault",
    [
        "unauthorized@once",
        "login@once",
        "html@once",
        "empty@once",
        "half@once",
        "reset@once",
        "status500@once",
        "status503@times=2",
        "hang:1@once",
        "slow:0.5@once",
        "status500@on=login,once",
    ],
)
def test_a_passing_trouble_is_not_noticed(portal: Portal, vendor: Vendor, time: Time, fault: str) -> None:
    portal.faults.add(fault)
    assert vendor.poll("1586", memory={}, now_at=time.at).reading.load_w is not None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("html", ProtocolViolation),
        ("empty", ProtocolViolation),
        ("unauthorized", TemporaryFailure),
        ("login", TemporaryFailure),
        ("status500", TemporaryFailure),
        ("half", TemporaryFailure),
        ("reset", TemporaryFailure),
        ("hang", TemporaryFailure),
        ("ratelimit:30", RateLimited),
        ("missing:timestamp", ProtocolViolation),
        ("clock:86400", ProtocolViolation),
    ],
)
def test_a_lasting_trouble_has_its_own_error_and_hint(
    portal: Portal, vendor: Vendor, time: Time, fault: str, error: type[VendorError]
) -> None:
    portal.faults.add(fault)
    with pytest.raises(error) as caught:
        vendor.poll("1586", memory={}, now_at=time.at)
    assert caught.value.retryable
    assert caught.value.hint
    portal.faults.clear()


def test_fields_that_are_missing_null_or_text(portal: Portal, vendor: Vendor, time: Time) -> None:
    right = vendor.poll("1586", memory={}, now_at=time.at).reading
    for fault, grid_w in (("missing:grid_w", None), ("null:grid_w", None), ("text:grid_w", right.grid_w)):
        number = portal.faults.add(fault)
        assert vendor.poll("1586", memory={}, now_at=time.at).reading.grid_w == grid_w
        portal.faults.remove(number)


def test_a_slow_clock_keeps_the_devices_time(portal: Portal, vendor: Vendor, time: Time) -> None:
    portal.faults.add("clock:-7200")
    assert 7195 <= vendor.poll("1586", memory={}, now_at=time.at).reading.delay_s <= 7240


def test_a_wrong_password(portal: Portal, time: Time) -> None:
    vendor = opened(portal, password="moonshine")
    with pytest.raises(CredentialsRefused):
        vendor.poll("1586", memory={}, now_at=time.at)
    vendor.close()


def test_a_portal_that_restarts_forgets_sessions_and_is_logged_in_to_again(
    portal: Portal, vendor: Vendor, time: Time
) -> None:
    vendor.poll("1586", memory={}, now_at=time.at)
    portal.stop()
    with pytest.raises(TemporaryFailure, match="cannot reach"):
        vendor.poll("1586", memory={}, now_at=time.at)
    portal.start()
    portal.sessions.end_all()
    vendor.poll("1586", memory={}, now_at=time.at)
    assert portal.counts["login"] == 2

"""The portal adapter against a small portal over real HTTP: sessions, failures, and what is never said."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.vendors.small_portal import EMAIL, NOW_AT, PASSWORD, SmallPortal, recorded
from tests.vendors.wire import reply

from liveone.domain.system import SystemInfo
from liveone.vendors.base import (
    CredentialsRefused,
    Poll,
    ProtocolViolation,
    RateLimited,
    Site,
    SiteNotFound,
    TemporaryFailure,
    Vendor,
    VendorAccount,
    VendorError,
)
from liveone.vendors.http import Http
from liveone.vendors.registry import open_vendor
from liveone.vendors.selectlive.session import PortalSession
from timed_http.deadline import Deadline

LOGIN_PAGE = reply(200, recorded("portal_unknown_login-page.html"))
ERROR_500 = reply(500, recorded("portal_unknown_error-500.html"))


@pytest.fixture
def portal() -> Iterator[SmallPortal]:
    with SmallPortal() as portal:
        yield portal


@pytest.fixture
def vendor(portal: SmallPortal) -> Iterator[Vendor]:
    vendor = open_for(portal)
    yield vendor
    vendor.close()


def open_for(portal: SmallPortal, **settings: Any) -> Vendor:
    account: dict[str, Any] = {"email": EMAIL, "password": PASSWORD, "timeout_s": 4.0} | settings
    return open_vendor(VendorAccount("select.live", portal.url, **account))


def polled(vendor: Vendor, site: str = "1586") -> Poll:
    return vendor.poll(site, memory={}, now_at=NOW_AT)


def test_a_poll_logs_in_once_and_reads_the_site(portal: SmallPortal, vendor: Vendor) -> None:
    first, second = polled(vendor), polled(vendor)
    assert first == second
    assert (first.reading.battery_w, first.reading.received_time) == (612, int(NOW_AT))
    assert portal.logins == 1
    assert portal.connections == 1


def test_the_password_is_sent_as_a_form_and_survives_odd_letters(portal: SmallPortal, vendor: Vendor) -> None:
    polled(vendor)
    request = portal.heard[0]
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == "email=owner%2Bsolar%40example.org&pwd=s3cret%3D%26%25pass"


@pytest.mark.parametrize(
    "expired",
    [
        reply(401, "log in"),
        reply(302, "", ("Location", "/login")),
        LOGIN_PAGE,
        reply(200, '{"items": {"load'),
        reply(200, ""),
    ],
    ids=["401", "redirect", "html", "half a body", "empty"],
)
def test_an_expired_session_is_renewed_once_and_unseen(
    portal: SmallPortal, vendor: Vendor, expired: list[bytes]
) -> None:
    polled(vendor)
    portal.instead.append(expired)
    assert polled(vendor).reading.battery_w == 612
    assert portal.logins == 2


def test_a_session_that_stays_expired_is_an_error_after_one_new_log_in(
    portal: SmallPortal, vendor: Vendor
) -> None:
    portal.pages["/dashboard/hfdata/1586"] = LOGIN_PAGE
    with pytest.raises(ProtocolViolation, match="not JSON") as caught:
        polled(vendor)
    assert "<!DOCTYPE html>" in caught.value.raw
    assert portal.logins == 2
    with pytest.raises(ProtocolViolation):
        polled(vendor)
    assert portal.logins == 2, "new log-ins do not help: none is made for a while"


def test_a_session_that_is_always_refused_is_a_temporary_failure(portal: SmallPortal, vendor: Vendor) -> None:
    portal.pages["/dashboard/hfdata/1586"] = reply(401)
    with pytest.raises(TemporaryFailure, match="right after one"):
        polled(vendor)
    assert portal.logins == 2


def test_a_session_is_renewed_at_25_minutes(portal: SmallPortal) -> None:
    elapsed = [0.0]
    http = Http(portal.url, verify_tls=True)
    session = PortalSession(http, EMAIL, PASSWORD, monotonic_s=lambda: elapsed[0])
    for minute, logins in ((0, 1), (24.9, 1), (25, 2), (49.9, 2), (50, 3)):
        elapsed[0] = minute * 60
        session.get("/dashboard/hfdata/1586", deadline=Deadline(4))
        assert portal.logins == logins
    http.close()


def test_threads_share_one_log_in_and_one_renewal(portal: SmallPortal, vendor: Vendor) -> None:
    def poll_all() -> list[Poll | VendorError]:
        results: list[Poll | VendorError] = []

        def one() -> None:
            try:
                results.append(polled(vendor))
            except VendorError as error:
                results.append(error)

        threads = [threading.Thread(target=one) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    assert all(isinstance(result, Poll) for result in poll_all())
    assert portal.logins == 1
    portal.expire()
    assert all(isinstance(result, Poll) for result in poll_all())
    assert portal.logins == 2


def test_a_wrong_password_is_said_once_and_not_tried_again(portal: SmallPortal) -> None:
    vendor = open_for(portal, password="wrong")
    for _ in range(3):
        with pytest.raises(CredentialsRefused) as caught:
            polled(vendor)
    assert portal.logins == 1
    assert not caught.value.retryable
    steps = list(vendor.check("1586", now_at=NOW_AT))
    assert portal.logins == 2, "a person who tests is not put off"
    assert [(step.name, step.ok) for step in steps] == [("reached", True), ("logged in", False)]
    vendor.close()


def test_an_outage_of_a_moment_is_retried_within_the_poll(portal: SmallPortal, vendor: Vendor) -> None:
    polled(vendor)
    portal.instead.extend([ERROR_500, ERROR_500])
    assert polled(vendor).reading.battery_w == 612
    portal.instead.extend([ERROR_500] * 3)
    with pytest.raises(TemporaryFailure, match="500"):
        polled(vendor)


def test_a_portal_that_hangs_once_is_asked_again_within_the_timeout(portal: SmallPortal) -> None:
    def hang() -> Iterator[bytes]:
        time.sleep(1.2)
        yield b""

    vendor = open_for(portal, timeout_s=2.0)
    polled(vendor)
    portal.instead.append(hang())
    started_s = time.monotonic()
    assert polled(vendor).reading.battery_w == 612
    assert time.monotonic() - started_s >= 1, "it hung once"
    vendor.close()


def test_a_hanging_log_in_holds_nobody_beyond_the_timeout(portal: SmallPortal) -> None:
    ended = threading.Event()

    def hang() -> Iterator[bytes]:
        ended.wait(30)
        yield b""

    vendor = open_for(portal, timeout_s=0.8)
    portal.instead_of_login.extend(hang() for _ in range(100))
    took_s: list[float] = []

    def one() -> None:
        started_s = time.monotonic()
        with pytest.raises(TemporaryFailure):
            polled(vendor)
        took_s.append(time.monotonic() - started_s)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took_s) == 8
    assert max(took_s) < 5, "one after the other would take 6.4 s, the portal's silence 30 s"
    ended.set()
    vendor.close()


def test_a_rate_limit_holds_the_whole_account_back(portal: SmallPortal, vendor: Vendor) -> None:
    polled(vendor)
    heard = len(portal.heard)
    portal.instead.append(reply(429, "", ("Retry-After", "30")))
    for site in ("1586", "648"):
        with pytest.raises(RateLimited) as caught:
            polled(vendor, site)
        assert caught.value.retry_after_s == pytest.approx(30, abs=1)
    assert len(portal.heard) == heard + 1


def test_nothing_follows_a_redirect_to_another_host(portal: SmallPortal, vendor: Vendor) -> None:
    with SmallPortal() as thief:
        away = ("Location", thief.url.replace("127.0.0.1", "localhost") + "/systems?secret=1")
        portal.instead_of_login.append(reply(302, "", away, ("Set-Cookie", "mojolicious=x")))
        with pytest.raises(ProtocolViolation, match="nothing was sent there") as caught:
            polled(vendor)
        assert "localhost" in str(caught.value)
        assert "secret" not in str(caught.value)
        polled(vendor)
        portal.instead.append(reply(302, "", away))
        with pytest.raises(ProtocolViolation, match="nothing was sent there"):
            polled(vendor)
        assert thief.heard == []


def test_a_log_in_redirect_may_name_the_portal_itself_with_either_scheme(
    portal: SmallPortal, vendor: Vendor
) -> None:
    cookie = ("Set-Cookie", f"mojolicious={portal.cookie}; path=/")
    portal.instead_of_login.append(reply(301, "", ("Location", "https://127.0.0.1/dashboard/1586"), cookie))
    assert polled(vendor).reading.battery_w == 612


@pytest.mark.parametrize(
    "answer",
    [
        reply(302, "", ("Location", "/systems")),
        reply(302, "", ("Location", "/login"), ("Set-Cookie", "mojolicious=x")),
        reply(200, "welcome"),
        reply(404, "gone"),
    ],
)
def test_a_log_in_that_is_not_understood_is_said_to_be_so(
    portal: SmallPortal, vendor: Vendor, answer: list[bytes]
) -> None:
    portal.instead_of_login.append(answer)
    with pytest.raises(ProtocolViolation, match="log-in"):
        polled(vendor)


@pytest.mark.parametrize("site", ["404", "../systems", "1586?x=1", "", "a b", "9" * 99])
def test_a_site_that_the_account_does_not_see_is_not_found(vendor: Vendor, site: str) -> None:
    with pytest.raises(SiteNotFound) as caught:
        polled(vendor, site)
    assert caught.value.hint


def test_discovery_lists_each_site_once(portal: SmallPortal, vendor: Vendor) -> None:
    found = [Site("select.live", "1586", "Hill House"), Site("select.live", "648", "648")]
    assert vendor.discover() == found
    portal.pages["/systems/list/installer"] = portal.pages["/systems/list/owner"]
    assert vendor.discover() == found
    portal.pages["/systems/list/installer"] = reply(403, "no")
    assert vendor.discover() == found
    portal.pages["/systems/list/owner"] = reply(403, "no")
    with pytest.raises(ProtocolViolation, match="403"):
        vendor.discover()


def test_a_system_page_is_described(vendor: Vendor) -> None:
    assert vendor.describe("1586") == SystemInfo(
        model="SPMC482", serial="234567", ratings="7.5kW, 48V", solar_size=None, battery_size="63.6 kWh"
    )


def test_a_system_page_that_is_the_log_in_page_renews_the_session(
    portal: SmallPortal, vendor: Vendor
) -> None:
    polled(vendor)
    portal.instead.append(LOGIN_PAGE)
    assert vendor.describe("1586").model == "SPMC482"
    assert portal.logins == 2


def test_a_check_says_in_plain_words_what_it_saw(vendor: Vendor) -> None:
    steps = list(vendor.check("1586", now_at=NOW_AT))
    assert [step.name for step in steps] == [
        "reached",
        "logged in",
        "site found",
        "reading sane",
        "signs plausible",
    ]
    assert all(step.ok for step in steps)
    assert "taken 10 s ago" in steps[3].detail
    assert "battery at 72 %, 6 of 6 energy counters" in steps[3].detail
    assert "your battery is discharging at 612 W" in steps[4].detail
    assert "right?" in steps[4].detail


def test_a_check_of_a_wrong_site_names_the_right_ones(vendor: Vendor) -> None:
    *_, last = vendor.check("1", now_at=NOW_AT)
    assert (last.name, last.ok) == ("site found", False)
    assert "This account sees: 1586 (Hill House), 648 (648)." in last.detail


def test_a_check_sees_an_inverter_that_went_silent(vendor: Vendor) -> None:
    *_, last = vendor.check("1586", now_at=NOW_AT + 3 * 86_400)
    assert (last.name, last.ok) == ("reading sane", False)
    assert "3 days" in last.detail


def test_a_check_proposes_the_other_grid_sign_only_if_it_fits(portal: SmallPortal) -> None:
    portal.pages["/dashboard/hfdata/1586"] = reply(200, recorded("SPMC482_unknown_generator.json"))
    for choice, ok in (("auto", True), ("inverted", True), ("normal", False)):
        vendor = open_for(portal, grid_sign={"1586": choice})
        *_, last = vendor.check("1586", now_at=1_755_540_010)
        assert (last.name, last.ok) == ("signs plausible", ok)
        vendor.close()
    assert 'grid_sign = "inverted"' in last.detail


def test_a_check_proposes_no_sign_where_neither_fits(portal: SmallPortal, vendor: Vendor) -> None:
    odd = recorded("SPMC482_unknown_generator.json").replace('"load_w": 420.4', '"load_w": 9000')
    portal.pages["/dashboard/hfdata/1586"] = reply(200, odd)
    *_, last = vendor.check("1586", now_at=1_755_540_010)
    assert last.ok
    assert "Losses -" in last.detail


def test_a_check_without_a_portal_fails_at_its_first_step(portal: SmallPortal, vendor: Vendor) -> None:
    portal.__exit__()
    (step,) = vendor.check("1586", now_at=NOW_AT)
    assert (step.name, step.ok) == ("reached", False)
    assert "cannot reach" in step.detail


def test_no_error_repr_or_kept_answer_shows_a_secret(portal: SmallPortal, vendor: Vendor) -> None:
    said = [repr(vendor), repr(vars(vendor)), repr(VendorAccount("select.live", password=PASSWORD))]
    polled(vendor)
    echo = f"you are {EMAIL} with {PASSWORD} and mojolicious={portal.cookie} or {portal.cookie}"
    said.append(repr(vars(vendor)))
    portal.pages["/dashboard/hfdata/2"] = reply(200, f'{{"error": "{echo}"}}')
    portal.pages["/dashboard/hfdata/3"] = reply(418, echo)
    portal.pages["/dashboard/hfdata/4"] = reply(200, f"<p>{echo}</p>")
    portal.pages["/dashboard/hfdata/5"] = reply(
        200, recorded("SPMC482_unknown_night.json").replace("Selectronic SP-PRO", echo)
    )
    for site in ("2", "3", "4"):
        with pytest.raises(ProtocolViolation) as caught:
            polled(vendor, site)
        said += [str(caught.value), repr(caught.value), caught.value.raw, caught.value.hint]
    said.append(repr(polled(vendor, "5")))
    secrets = (PASSWORD, EMAIL, portal.cookie)
    assert [text for text in said if any(secret in text for secret in secrets)] == []

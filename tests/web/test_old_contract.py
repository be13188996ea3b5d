"""The original service's API, sentence by sentence: its clients work with only the host changed.

Written from the description of that API and from what was seen to differ, not from our code. Where our own
pages want it otherwise they ask ``/api/v2``: the table of docs/api.md, replayed at the end.
"""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.web.support import (
    COOKIE,
    CRON_SECRET,
    DAY_S,
    NOW_AT,
    OWNER,
    PASSWORD,
    Calls,
    add,
    fill,
    house,
    samples,
    seeded,
    services,
    serving,
)

from liveone.accounts.passwords import hash_password, hash_token
from liveone.accounts.users import Account, Token
from liveone.domain.reading import Reading
from liveone.domain.zones import Zone
from liveone.store import readings
from liveone.store.files import create
from liveone.store.readings import Recorded
from liveone.store.store import Store, open_store
from liveone.web.services import Services

CRON = {"authorization": f"Bearer {CRON_SECRET}"}
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+10:00")
PREFIX = "liveone.select.live.1586."
SIX = {"solarKwh", "loadKwh", "batteryInKwh", "batteryOutKwh", "gridInKwh", "gridOutKwh"}
DAY_SIX = {
    "solarKwh",
    "loadKwh",
    "batteryChargeKwh",
    "batteryDischargeKwh",
    "gridImportKwh",
    "gridExportKwh",
}


def history(client: httpx2.Client, path: str = "/api/history", **params: Any) -> dict[str, Any]:
    asked = {"systemId": 1, "interval": "5m", "fields": "solar"} | params
    answer = client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def names(answer: dict[str, Any]) -> list[str]:
    return [series["id"].removeprefix(PREFIX) for series in answer["data"]]


def stretch(client: httpx2.Client, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = history(client, **params)["data"][0]["history"]
    return found


def refused(client: httpx2.Client, **params: Any) -> httpx2.Response:
    asked = {"systemId": 1, "interval": "5m", "fields": "solar", "last": "1h"} | params
    return client.get("/api/history", params={key: one for key, one in asked.items() if one is not None})


class TestData:
    def test_the_shape_and_the_times(self, owner: httpx2.Client) -> None:
        found = owner.get("/api/data?systemId=1").json()
        assert found["success"] is True
        latest = found["latest"]
        assert ISO.fullmatch(latest["timestamp"])
        powers = {"solarW", "solarInverterW", "shuntW", "loadW", "batteryW", "gridW"}
        assert powers <= set(latest["power"])
        assert set(latest["soc"]) == {"battery"}
        assert set(latest["energy"]["today"]) == set(latest["energy"]["total"]) == SIX
        assert {"faultCode", "faultTimestamp", "generatorStatus"} <= set(latest["system"])
        before = found["historical"]["yesterday"]
        assert set(before["energy"]) == DAY_SIX
        assert {key: set(kinds) for key, kinds in before["power"].items()} == {
            key: {"minW", "avgW", "maxW"} for key in ("solar", "load", "battery", "grid")
        }
        assert set(before["soc"]) == {"minBattery", "avgBattery", "maxBattery", "endBattery"}
        assert before["dataQuality"] == {"intervalCount": 288, "coverage": "100%"}
        assert {"vendorType", "vendorSiteId", "displayName", "systemInfo", "polling"} <= set(found)
        assert set(found["systemInfo"]) == {"model", "serial", "ratings", "solarSize", "batterySize"}
        polling = {"lastPollTime", "lastSuccessTime", "lastErrorTime", "lastError", "consecutiveErrors"}
        assert polling | {"totalPolls", "successfulPolls", "isActive"} == set(found["polling"])

    def test_without_a_system_it_is_the_callers_first(self, owner: httpx2.Client) -> None:
        assert owner.get("/api/data").json()["systemId"] == 1

    def test_the_moment_of_the_sample_and_of_its_coming_stand_at_the_top(self, owner: httpx2.Client) -> None:
        found = owner.get("/api/data").json()
        assert found["inverterTime"] == found["latest"]["timestamp"] == "2025-08-18T10:01:11+10:00"
        assert found["receivedTime"] == "2025-08-18T10:01:13+10:00"

    def test_counters_are_as_stored_and_days_to_three_decimals(self, tmp_path: Path) -> None:
        create(tmp_path / "live.db")
        with closing(open_store(tmp_path / "live.db")) as store:
            system = add(store, "alice")
            fill(store, system, house(NOW_AT - 2 * DAY_S, NOW_AT - 60), NOW_AT)
            newest = readings.latest(store, 1, NOW_AT)
            assert newest is not None
            told = replace(newest, inverter_time=NOW_AT - 30, solar_kwh_total=25_061.987_4)
            readings.record(store, [Recorded(1, told, polled_at=NOW_AT)])
            with serving(services(store)) as client:
                found = client.get("/api/data", headers=COOKIE).json()
        assert found["latest"]["energy"]["total"]["solarKwh"] == 25_061.987_4
        days = [found["latest"]["energy"]["today"], found["historical"]["yesterday"]["energy"]]
        values = [value for day in days for value in day.values()]
        assert all(round(value, 3) == value for value in values)
        assert any(round(value, 2) != value and value > 10 for value in values), "more than four digits"

    def test_nothing_yet_is_503_with_a_plain_reason(self, tmp_path: Path) -> None:
        create(tmp_path / "live.db")
        with closing(open_store(tmp_path / "live.db")) as store:
            add(store, "alice")
            with serving(services(store)) as client:
                answer = client.get("/api/data", headers=COOKIE)
        assert (answer.status_code, answer.json()["success"]) == (503, False)
        assert "no reading yet" in answer.json()["error"]


class TestHistory:
    def test_the_form_is_opennems(self, owner: httpx2.Client) -> None:
        found = history(owner, last="30m")
        assert (found["type"], found["version"], found["network"]) == ("energy", "v4.1", "liveone")
        assert ISO.fullmatch(found["created_at"])
        series = found["data"][0]
        assert series["id"] == "liveone.select.live.1586.solar.power"
        assert (series["type"], series["units"]) == ("power", "W")
        assert (series["network"], series["source"]) == ("liveone", "selectronic")
        assert series["description"]
        assert set(series["history"]) == {"start", "last", "interval", "data"}

    @pytest.mark.parametrize("interval", ["5m", "30m"])
    def test_minutes_are_four_powers_and_the_state_of_charge(
        self, owner: httpx2.Client, interval: str
    ) -> None:
        found = history(owner, interval=interval, last="1d", fields="solar,load,battery,grid")
        assert names(found) == [
            "solar.power",
            "load.power",
            "battery.power",
            "battery.soc.last",
            "grid.power",
        ]
        level = found["data"][3]
        assert (level["type"], level["units"]) == ("percentage", "%")
        assert all(0 <= value <= 100 for value in level["history"]["data"] if value is not None)

    def test_days_are_mean_powers_energies_and_three_states_of_charge(self, owner: httpx2.Client) -> None:
        found = history(owner, interval="1d", last="2d", fields="solar,load,battery,grid")
        assert names(found) == [
            *("solar.power", "solar.energy", "load.power", "load.energy"),
            *("battery.power", "battery.soc.avg", "battery.soc.min", "battery.soc.max", "grid.power"),
        ]
        data = {
            name: series["history"]["data"] for name, series in zip(names(found), found["data"], strict=True)
        }
        for watts, kwh in zip(data["solar.power"], data["solar.energy"], strict=True):
            assert kwh == pytest.approx(watts * 24 / 1000, rel=0.01)
        levels = [data[f"battery.soc.{kind}"] for kind in ("min", "avg", "max")]
        for lowest, mean, highest in zip(*levels, strict=True):
            assert lowest < mean < highest

    def test_what_we_add_comes_as_further_series(self, owner: httpx2.Client) -> None:
        found = history(owner, last="1h", fields="solar,soc,solar_kwh,solar_kwh_total")
        assert names(found) == ["solar.power", "battery.soc", "solar.energy", "solar.counter"]
        counter = found["data"][3]["history"]["data"]
        assert all(earlier <= later for earlier, later in pairwise(counter))
        assert any(value != float(f"{value:.6g}") for value in counter), "as the device told it"

    def test_an_unknown_field_is_ignored(self, owner: httpx2.Client) -> None:
        assert names(history(owner, last="1h", fields="wind,solar")) == ["solar.power"]
        for interval, last in (("5m", "1h"), ("30m", "1d"), ("1d", "2d")):
            assert history(owner, interval=interval, last=last, fields="wind")["data"] == []

    def test_minutes_end_at_the_next_boundary(self, owner: httpx2.Client) -> None:
        found = stretch(owner, last="1h")
        assert (found["last"], len(found["data"])) == ("2025-08-18T10:05:00+10:00", 12)
        assert stretch(owner, last="1h", interval="30m")["last"] == "2025-08-18T10:30:00+10:00"

    def test_days_end_with_yesterday(self, owner: httpx2.Client) -> None:
        found = history(owner, interval="1d", last="7d")
        assert (found["requestStart"], found["requestEnd"]) == ("2025-08-11", "2025-08-17")
        days = found["data"][0]["history"]
        assert (days["start"], days["last"], len(days["data"])) == ("2025-08-11", "2025-08-17", 7)

    def test_a_duration_may_be_written_in_capitals(self, owner: httpx2.Client) -> None:
        assert stretch(owner, last="7D") == stretch(owner, last="7d")
        assert stretch(owner, last="90M") == stretch(owner, last="90m")
        assert stretch(owner, last="2D", interval="1d") == stretch(owner, last="2d", interval="1d")

    @pytest.mark.parametrize("last", ["24h", "1440m"])
    def test_days_are_asked_for_in_days(self, owner: httpx2.Client, last: str) -> None:
        answer = refused(owner, interval="1d", last=last)
        assert (answer.status_code, answer.json()["parameter"]) == (400, "last")

    def test_a_time_without_an_offset_is_utc(self, owner: httpx2.Client) -> None:
        plain = stretch(owner, startTime="2025-08-17T00:00:00", endTime="2025-08-17T01:00:00")
        assert plain == stretch(owner, startTime="2025-08-17T00:00:00Z", endTime="2025-08-17T01:00:00Z")
        assert plain["last"] == "2025-08-17T11:00:00+10:00"

    def test_a_date_is_that_local_day_and_the_last_is_included(self, owner: httpx2.Client) -> None:
        found = history(owner, startTime="2025-08-16", endTime="2025-08-17")
        assert (found["requestStart"], found["requestEnd"]) == (
            "2025-08-16T00:00:00+10:00",
            "2025-08-18T00:00:00+10:00",
        )
        days = found["data"][0]["history"]
        assert (days["start"], len(days["data"])) == ("2025-08-16T00:05:00+10:00", 576)
        one = stretch(owner, startTime="2025-08-17", endTime="2025-08-17", interval="30m")
        assert len(one["data"]) == 48

    @pytest.mark.parametrize("interval", ["5m", "30m", "1d"])
    def test_nothing_in_the_range_is_an_empty_list(self, owner: httpx2.Client, interval: str) -> None:
        asked = {"interval": interval, "startTime": "2024-01-01", "endTime": "2024-01-03"}
        found = history(owner, fields="solar,battery", **asked)
        assert found["data"] == []
        assert found["requestStart"].startswith("2024-01-01")

    def test_a_gap_is_null_and_keeps_its_place(self, owner: httpx2.Client) -> None:
        data = stretch(owner, startTime="2025-08-15", endTime="2025-08-15")["data"]
        assert len(data) == 288
        assert data[:120] == [None] * 120
        assert None not in data[121:]

    def test_numbers_are_whole_from_1000_up_and_else_have_four_digits(self, owner: httpx2.Client) -> None:
        found = history(owner, interval="1d", last="2d", fields="solar,load,battery,grid")
        for series in found["data"]:
            for value in series["history"]["data"]:
                assert isinstance(value, int) or (abs(value) < 1000 and value == float(f"{value:.4g}"))
                assert str(value) not in ("-0", "-0.0")

    @pytest.mark.parametrize(
        ("params", "parameter"),
        [
            ({"systemId": None}, "systemId"),
            ({"interval": None}, "interval"),
            ({"fields": None}, "fields"),
            ({"last": None}, "startTime"),
            ({"last": None, "startTime": "2025-08-17"}, "endTime"),
            ({"last": "7x"}, "last"),
            ({"last": None, "startTime": "yesterday", "endTime": "2025-08-17"}, "startTime"),
            ({"last": None, "startTime": "2025-08-18", "endTime": "2025-08-16"}, "startTime"),
            ({"last": None, "startTime": "2025-08-17T01:00Z", "endTime": "2025-08-17T01:00Z"}, "startTime"),
            ({"last": None, "startTime": "2025-08-17T01:01Z", "endTime": "2025-08-17T02:00Z"}, "startTime"),
            (
                {"last": None, "startTime": "2025-08-17T00:00Z", "endTime": "2025-08-18", "interval": "1d"},
                "startTime",
            ),
            ({"last": "8d"}, "last"),
            ({"last": "31d", "interval": "30m"}, "last"),
            ({"last": "400d", "interval": "1d"}, "last"),
        ],
    )
    def test_what_cannot_be_meant_is_400_and_names_the_parameter(
        self, owner: httpx2.Client, params: dict[str, Any], parameter: str
    ) -> None:
        answer = refused(owner, **params)
        told = answer.json()
        assert (answer.status_code, told["success"], told["parameter"]) == (400, False, parameter)
        assert told["error"]

    def test_equal_days_are_one_day(self, owner: httpx2.Client) -> None:
        found = stretch(owner, interval="1d", startTime="2025-08-17", endTime="2025-08-17")
        assert len(found["data"]) == 1

    def test_limits_say_what_they_are(self, owner: httpx2.Client) -> None:
        for interval, last, most in (
            ("5m", "8d", "7.5 days"),
            ("30m", "31d", "30 days"),
            ("1d", "400d", "13 months"),
        ):
            told = refused(owner, interval=interval, last=last).json()["error"]
            assert told.startswith(f"Time range exceeds maximum of {most}")

    def test_another_interval_is_501(self, owner: httpx2.Client) -> None:
        answer = refused(owner, interval="1h")
        assert answer.status_code == 501
        assert answer.json()["error"] == "Only 5m, 30m, and 1d intervals are supported"

    def test_auto_has_no_limit_and_fits_its_points(self, owner: httpx2.Client) -> None:
        found = stretch(owner, interval="auto", last="10y", points=50)
        assert 0 < len(found["data"]) <= 50


class TestErrors:
    def test_every_error_says_that_it_is_none_of_success(
        self, owner: httpx2.Client, anonymous: httpx2.Client
    ) -> None:
        failures = {
            400: owner.get("/api/history"),
            401: anonymous.get("/api/data"),
            404: owner.get("/api/data?systemId=99"),
            405: owner.delete("/api/data"),
            422: owner.post("/api/auth/login", json={"password": 5}),
            501: refused(owner, interval="1h"),
        }
        for status, answer in failures.items():
            assert (answer.status_code, answer.json()["success"]) == (status, False), answer.text
            assert answer.json()["error"]


ACCOUNTS = replace(
    OWNER,
    users=(
        Account("alice", "alice@example.org", hash_password("alice's"), tokens=(Token(hash_token("a")),)),
        Account(
            "root",
            "root@example.org",
            hash_password("root's"),
            is_admin=True,
            tokens=(Token(hash_token("r")),),
        ),
    ),
)
ALICE, ROOT = {"authorization": "Bearer a"}, {"authorization": "Bearer r"}


class Steward:
    """Tests a connection that works and one that does not; adds systems."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def check(self, vendor_type: str, vendor_site_id: str) -> Iterator[dict[str, Any]]:
        yield {"name": "reached", "ok": True, "detail": "in 80 ms", "powers": None}
        if vendor_site_id != "1586":
            yield {"name": "site found", "ok": False, "detail": "there is no such site", "powers": None}
            return
        powers = {"solarW": 723, "loadW": 451, "batteryW": -272, "gridW": 0, "soc": 61.4}
        yield {"name": "reading sane", "ok": True, "detail": "", "powers": powers}

    def add(self, vendor_type: str, vendor_site_id: str, name: str, zone: Zone, *, owner: str | None) -> int:
        return add(self.store, owner or "", vendor_site_id, zone.offset_min).id


@pytest.fixture
def staffed(tmp_path: Path) -> Iterator[tuple[httpx2.Client, Calls]]:
    """A server with accounts, of whom alice owns the system, and with an administration."""
    calls = Calls()
    with closing(seeded(tmp_path / "live.db", days=1)) as store:
        wired: Services = replace(services(store, ACCOUNTS, calls=calls), administration=Steward(store))  # type: ignore[arg-type]
        with serving(wired) as client:
            yield client, calls


Staffed = tuple[httpx2.Client, Calls]


class TestSigningIn:
    def test_login_says_who_it_was(self, staffed: Staffed) -> None:
        client, _ = staffed
        answer = client.post("/api/auth/login", json={"email": "root@example.org", "password": "root's"})
        assert answer.json()["success"] is True
        user = {"email": "root@example.org", "displayName": "root@example.org", "role": "admin"}
        assert answer.json()["user"] == user
        assert client.post("/api/auth/logout").json()["success"] is True

    def test_check_admin(self, staffed: Staffed, anonymous: httpx2.Client) -> None:
        client, _ = staffed
        told = [client.get("/api/auth/check-admin", headers=who).json() for who in (ALICE, ROOT)]
        assert told == [{"success": True, "isAdmin": False}, {"success": True, "isAdmin": True}]
        assert anonymous.get("/api/auth/check-admin").status_code == 401

    def test_another_mans_system_is_404_and_no_credential_401(self, staffed: Staffed) -> None:
        client, _ = staffed
        assert client.get("/api/data?systemId=1").status_code == 401
        for path in ("/api/data?systemId=2", "/api/history?systemId=2&interval=5m&fields=solar&last=1h"):
            assert client.get(path, headers=ALICE).status_code == 404

    def test_the_owners_cookie_may_be_percent_encoded(self, anonymous: httpx2.Client) -> None:
        encoded = PASSWORD.replace(" ", "%20")
        assert anonymous.get("/api/data", headers={"cookie": f"auth-token={encoded}"}).status_code == 200


class TestCron:
    def test_minutely_tells_the_state_of_charge(self, staffed: Staffed) -> None:
        client, _ = staffed
        found = client.get("/api/cron/minutely", headers=CRON).json()
        assert (found["success"], found["count"]) == (True, 1)
        result = found["results"][0]
        told = {key: result[key] for key in ("system", "success", "solar", "battery", "delay")}
        assert told == {"system": "1586", "success": True, "solar": 3120, "battery": 61.4, "delay": 3}

    def test_only_the_secret_polls_and_closes(self, staffed: Staffed) -> None:
        client, _ = staffed
        for path in ("minutely", "daily"):
            assert client.get(f"/api/cron/{path}").status_code == 401
            assert client.get(f"/api/cron/{path}", headers=COOKIE).status_code == 401
            assert client.get(f"/api/cron/{path}", headers=CRON).status_code == 200

    def test_days_may_be_ordered_with_the_owners_cookie(self, staffed: Staffed) -> None:
        client, calls = staffed
        orders = [{"action": "catchup"}, {"action": "clear"}, {"systemId": "1", "date": "2025-08-17"}]
        for order in orders:
            assert client.post("/api/cron/daily", json=order).status_code == 401
            for who in (COOKIE, CRON):
                assert client.post("/api/cron/daily", json=order, headers=who).json()["success"] is True
        nobodys = {"systemId": "77", "date": "2025-08-17"}
        assert client.post("/api/cron/daily", json=nobodys, headers=CRON).status_code == 404
        assert [job.action for job in calls.jobs] == ["catchup"] * 2 + ["clear"] * 2 + ["day"] * 2


class TestAdministration:
    def test_systems(self, staffed: Staffed) -> None:
        client, _ = staffed
        found = client.get("/api/admin/systems", headers=ROOT).json()
        assert (found["success"], found["totalSystems"]) == (True, 1)
        assert datetime.fromisoformat(found["timestamp"])
        (row,) = found["systems"]
        assert row["systemId"] == 1
        assert row["owner"]["clerkId"] == "alice"
        assert row["owner"]["email"] == "alice@example.org"
        assert row["displayName"] == "Home 1586"
        assert (row["vendor"]["type"], row["vendor"]["siteId"]) == ("select.live", "1586")
        assert row["status"] == "active"
        assert row["systemInfo"]["model"] == "SPMC482"
        assert {"failedPolls", "successRate", "isActive", "lastPollTime"} <= set(row["polling"])
        data = {"solarPower", "loadPower", "batteryPower", "batterySOC", "gridPower", "timestamp"}
        assert set(row["data"]) == data

    def test_users(self, staffed: Staffed) -> None:
        client, _ = staffed
        found = client.get("/api/admin/users", headers=ROOT).json()
        assert (found["success"], found["totalUsers"]) == (True, 2)
        alice, root = found["users"]
        assert (alice["clerkUserId"], alice["email"], alice["isPlatformAdmin"]) == (
            "alice",
            "alice@example.org",
            False,
        )
        assert root["isPlatformAdmin"] is True
        (system,) = alice["systems"]
        told = {key: system[key] for key in ("systemId", "vendorType", "vendorSiteId", "displayName", "role")}
        assert told == {
            "systemId": 1,
            "vendorType": "select.live",
            "vendorSiteId": "1586",
            "displayName": "Home 1586",
            "role": "owner",
        }

    def test_storage(self, staffed: Staffed) -> None:
        client, _ = staffed
        found = client.get("/api/admin/storage", headers=ROOT).json()["database"]
        assert (found["type"], found["provider"]) == ("development", "SQLite")
        stats = found["stats"]
        assert stats["totalReadings"] == 1440
        assert (stats["oldestReading"], stats["newestReading"]) == ("17 Aug 2025", "18 Aug 2025")

    def test_a_connection_is_tested(self, staffed: Staffed) -> None:
        client, _ = staffed
        asked = {"ownerClerkUserId": "alice", "vendorType": "select.live", "vendorSiteId": "1586"}
        found = client.post("/api/admin/test-connection", json=asked, headers=ROOT).json()
        assert found["success"] is True
        assert found["latest"]["power"] == {"solarW": 723, "loadW": 451, "batteryW": -272, "gridW": 0}
        assert found["latest"]["soc"] == {"battery": 61.4}
        wrong = client.post(
            "/api/admin/test-connection", json=asked | {"vendorSiteId": "9"}, headers=ROOT
        ).json()
        assert (wrong["success"], wrong["error"]) == (False, "site found: there is no such site")
        assert client.post("/api/admin/test-connection", json=asked, headers=ALICE).status_code == 403

    def test_setup_lists_and_adds_but_gives_nobody_another_mans_system(self, staffed: Staffed) -> None:
        client, _ = staffed
        mine = client.get("/api/setup", headers=ALICE).json()
        assert (mine["success"], mine["count"], mine["systems"][0]["role"]) == (True, 1, "owner")
        again = client.post("/api/setup", json={"systemNumber": "1586"}, headers=ALICE).json()
        assert (again["success"], again["systemId"], again["role"]) == (True, 1, "owner")
        assert client.post("/api/setup", json={"systemNumber": "77"}, headers=ALICE).status_code == 403
        added = client.post("/api/setup", json={"systemNumber": "77"}, headers=ROOT).json()
        assert (added["success"], added["systemId"], added["role"]) == (True, 2, "owner")
        roles = client.get("/api/setup", headers=ROOT).json()["systems"]
        assert [one["role"] for one in roles] == ["admin", "owner"]
        entries = client.get("/api/admin/audit", headers=ROOT).json()["entries"]
        assert [one["about"] for one in entries if one["what"] == "added a system"] == ["System 77"]
        assert client.post("/api/setup", json={"systemNumber": "77"}, headers=ALICE).status_code == 403

    def test_administrators_only(self, staffed: Staffed) -> None:
        client, _ = staffed
        for path in ("systems", "users", "storage"):
            assert client.get(f"/api/admin/{path}").status_code == 401
            assert client.get(f"/api/admin/{path}", headers=ALICE).status_code == 403


def test_health_is_open_to_all_and_says_which_generation(anonymous: httpx2.Client) -> None:
    found = anonymous.get("/api/health").json()
    assert {"status", "database", "generation", "release", "schema"} <= set(found)
    assert (found["status"], found["generation"], found["release"]) == ("ok", 3, "0.1.0+abc1234")
    assert {"applied", "expected", "inSync"} <= set(found["schema"])
    assert found["schema"]["inSync"] is True


OLD_ADDRESSES = (
    *("/sign-in", "/setup", "/admin/users", "/admin/storage", "/admin/activity", "/admin/systems"),
    *("/dashboard/", "/dashboard/1/?view=week", "/admin/"),
)


@pytest.mark.parametrize("address", OLD_ADDRESSES)
def test_old_addresses_of_pages_lead_somewhere(owner: httpx2.Client, address: str) -> None:
    answer = owner.get(address, headers={"accept": "text/html"}, follow_redirects=True)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_a_slash_at_the_end_leads_to_no_other_host_and_to_no_machines_answer(owner: httpx2.Client) -> None:
    page = {"accept": "text/html"}
    for path in ("//example.org/", "/api/data/", "/static/nothing/"):
        answer = owner.get(f"{owner.base_url}".rstrip("/") + path, headers=page)
        assert (answer.status_code, answer.headers.get("location")) == (404, None), path
    assert owner.get("/nothing/", headers=page, follow_redirects=True).status_code == 404


class TestExactness:
    """A machine that adds up differences of counters gets every digit, wherever it asks."""

    def test_counters_are_exact_in_every_answer(self, tmp_path: Path) -> None:
        create(tmp_path / "live.db")
        at, kwh = NOW_AT - 60, 25_567.123
        powers = (3120, 2205, 915, 741, -2301, 0, 61.4)
        with closing(open_store(tmp_path / "live.db")) as store:
            add(store, "alice")
            one = Reading(at, at + 3, *powers, 0, 0, 0, kwh, 21_004.25, 9_120.371, 8_455.04, 916.741, 0.0)
            readings.record(store, [Recorded(1, one, polled_at=NOW_AT)])
            with serving(services(store)) as client:
                client.headers.update(COOKIE)
                around = {"startTime": "2025-08-18T09:30+10:00", "endTime": "2025-08-18T10:30+10:00"}
                raw = client.get("/api/readings", params={"systemId": 1} | around).json()["columns"]
                table = {"interval": "5m", "fields": "solar_kwh_total", "format": "rows"} | around
                rows = client.get("/api/history", params={"systemId": 1} | table).json()["rows"]
                metrics = client.get("/metrics").text
                cards = client.get("/api/overview").json()["cards"]["1"]
                with client.stream("GET", "/api/stream?systemId=1") as stream:
                    event = next(line for line in stream.iter_lines() if line.startswith("data:"))
        assert raw["solarKwh"] == [kwh]
        assert [row["solar_kwh_total"] for row in rows if row["solar_kwh_total"] is not None] == [kwh]
        solar = {"system": "1", "name": "Home 1586", "counter": "solar"}
        assert (solar, 92041642800) in samples(metrics, "liveone_energy_joules_total")
        assert cards["latest"]["energy"]["total"]["gridInKwh"] == 916.741
        assert '"solarKwh":25567.123' in event

    def test_energies_of_five_minutes_sum_to_the_day_to_one_watt_hour(self, owner: httpx2.Client) -> None:
        asked = {"fields": "solar_kwh,load_kwh", "startTime": "2025-08-17", "endTime": "2025-08-17"}
        for position in (0, 1):
            day, half, five = (
                sum(history(owner, interval=interval, **asked)["data"][position]["history"]["data"])
                for interval in ("1d", "30m", "5m")
            )
            assert half == pytest.approx(day, abs=0.001)
            assert five == pytest.approx(day, abs=0.001)
        told = owner.get("/api/data").json()["historical"]["yesterday"]["energy"]["loadKwh"]
        assert told == pytest.approx(day, abs=0.001)


class TestRows:
    """A history as a table, for Grafana's Infinity, Node-RED and spreadsheets."""

    def test_rows_have_times_and_named_values(self, owner: httpx2.Client) -> None:
        asked = {"fields": "solar,battery,solar_kwh", "startTime": "2025-08-17", "endTime": "2025-08-17"}
        found = history(owner, interval="30m", format="rows", **asked)
        columns = ["start", "end", "solar_w", "battery_w", "battery_soc_pct_last", "solar_kwh"]
        assert found["columns"] == [*columns, "solar_kwh_estimated"]
        assert len(found["rows"]) == 48
        first = found["rows"][0]
        assert (first["start"], first["end"]) == ("2025-08-17T00:00:00+10:00", "2025-08-17T00:30:00+10:00")
        assert first["solar_kwh_estimated"] is False
        series = history(owner, interval="30m", **asked)["data"]
        assert [row["solar_w"] for row in found["rows"]] == series[0]["history"]["data"]

    def test_days_as_rows_begin_at_local_midnight(self, owner: httpx2.Client) -> None:
        rows = history(owner, interval="1d", last="2d", format="rows")["rows"]
        assert [row["start"] for row in rows] == ["2025-08-16T00:00:00+10:00", "2025-08-17T00:00:00+10:00"]
        assert rows[-1]["end"] == "2025-08-18T00:00:00+10:00"

    @pytest.mark.parametrize("how", [{"headers": {"accept": "text/csv"}}, {"params": {"format": "csv"}}])
    def test_csv_holds_numbers_and_times_and_nothing_a_spreadsheet_would_run(
        self, owner: httpx2.Client, how: dict[str, dict[str, str]]
    ) -> None:
        asked = {"systemId": 1, "interval": "5m", "fields": "solar,battery,load_kwh", "last": "3d"}
        answer = owner.get("/api/history", params=asked | how.get("params", {}), headers=how.get("headers"))
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        head, *lines = csv.reader(io.StringIO(answer.text))
        assert head[:3] == ["start", "end", "solar_w"]
        assert len(lines) == 864
        for line in lines:
            assert datetime.fromisoformat(line[1]) - datetime.fromisoformat(line[0]) == timedelta(minutes=5)
            for cell in line[2:]:
                assert cell in ("", "true", "false") or float(cell) is not None
        assert (
            owner.get(
                "/api/history",
                params=asked | {"format": "csv"},
                headers={"if-none-match": answer.headers["etag"]},
            ).status_code
            == 304
        )

    def test_another_format_is_refused(self, owner: httpx2.Client) -> None:
        answer = refused(owner, format="xlsx")
        assert (answer.status_code, answer.json()["parameter"]) == (400, "format")


class TestV2:
    """Where our own pages want it otherwise: each row of the table in docs/api.md."""

    V2 = "/api/v2/history"

    def test_a_field_is_one_series(self, owner: httpx2.Client) -> None:
        found = history(owner, self.V2, fields="battery,solar", last="1h")
        assert names(found) == ["battery.power", "solar.power"]

    def test_the_name_of_a_power_is_the_days_net_energy(self, owner: httpx2.Client) -> None:
        found = history(owner, self.V2, interval="1d", fields="battery,grid", last="2d")
        assert names(found) == ["battery.energy", "grid.energy"]
        assert found["data"][0]["units"] == "kWh"

    def test_an_unknown_field_is_refused(self, owner: httpx2.Client) -> None:
        asked = {"systemId": 1, "interval": "5m", "fields": "wind", "last": "1h"}
        assert owner.get(self.V2, params=asked).status_code == 400

    def test_a_time_without_an_offset_is_the_systems(self, owner: httpx2.Client) -> None:
        asked = {"startTime": "2025-08-17T00:00:00", "endTime": "2025-08-17T01:00:00"}
        found = history(owner, self.V2, **asked)
        assert found["requestEnd"] == "2025-08-17T01:00:00+10:00"

    def test_an_end_date_is_its_beginning(self, owner: httpx2.Client) -> None:
        found = history(owner, self.V2, startTime="2025-08-16", endTime="2025-08-17")
        assert found["requestEnd"] == "2025-08-17T00:00:00+10:00"

    def test_days_end_with_today_and_may_be_asked_for_in_hours(self, owner: httpx2.Client) -> None:
        found = history(owner, self.V2, interval="1d", last="48h")
        assert found["requestEnd"] == "2025-08-18"

    def test_minutes_end_with_the_newest_complete_interval(self, owner: httpx2.Client) -> None:
        found = history(owner, self.V2, last="1h")
        assert found["data"][0]["history"]["last"] == "2025-08-18T10:00:00+10:00"

    def test_nothing_in_the_range_is_a_series_of_gaps(self, owner: httpx2.Client) -> None:
        found = history(owner, self.V2, startTime="2024-01-01", endTime="2024-01-02")
        assert found["data"][0]["history"]["data"] == [None] * 288

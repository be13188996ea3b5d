"""History: every sentence of the contract, over HTTP."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.web.support import COOKIE, DAY_S, NOW_AT, SetClock, add, fill, house, seeded, services, serving

from liveone.domain.zones import Zone
from liveone.store import aggregates, systems
from liveone.store.files import create
from liveone.store.store import Store, open_store
from liveone.web.answers import ApiError
from liveone.web.history.ranges import TimeParameters, window
from liveone.web.history.rules import ORIGINAL
from liveone.web.numbers import rounded, rounded_all, rounded_json

PLUS_TEN = Zone(600)


def history(client: httpx2.Client, **params: Any) -> Any:
    asked = {"systemId": 1, "interval": "5m", "fields": "solar"} | params
    answer = client.get("/api/v2/history", params=asked, headers=COOKIE)
    assert answer.status_code == 200, answer.text
    return answer.json()


def stretch(client: httpx2.Client, **params: Any) -> Any:
    return history(client, **params)["data"][0]["history"]


def test_seven_days_are_2016_values_for_each_field(owner: httpx2.Client) -> None:
    answer = history(owner, fields="solar,load,battery,grid,soc", last="7d")
    assert [series["id"].rsplit(".", 2)[1:] for series in answer["data"]] == [
        ["solar", "power"],
        ["load", "power"],
        ["battery", "power"],
        ["grid", "power"],
        ["battery", "soc"],
    ]
    assert {len(series["history"]["data"]) for series in answer["data"]} == {2016}
    assert answer["data"][0]["history"]["data"][:3] == [None, None, None]


def test_the_answer_is_opennem(owner: httpx2.Client) -> None:
    answer = history(owner, last="30m")
    assert (answer["type"], answer["version"], answer["network"]) == ("energy", "v4.1", "liveone")
    assert answer["created_at"] == "2025-08-18T10:02:11+10:00"
    series = answer["data"][0]
    assert series["id"] == "liveone.select.live.1586.solar.power"
    assert (series["type"], series["units"], series["source"]) == ("power", "W", "selectronic")
    assert series["history"]["start"] == "2025-08-18T09:35:00+10:00"
    assert series["history"]["last"] == "2025-08-18T10:00:00+10:00"
    assert len(series["history"]["data"]) == 6


def test_a_gap_is_null_and_keeps_its_slot(tmp_path: Path) -> None:
    store = seeded(tmp_path / "gap.db", days=1, now_at=NOW_AT - 7200)
    with serving(services(store)) as client:
        data = stretch(client, last="3h")["data"]
        assert [value is None for value in data] == [False] * 13 + [True] * 23
    store.close()


def test_energies_of_intervals_sum_to_the_day_and_to_the_counter(owner: httpx2.Client) -> None:
    day = {"startTime": "2025-08-17", "endTime": "2025-08-18", "fields": "solar_kwh"}
    fives, thirties = stretch(owner, **day), stretch(owner, **day | {"interval": "30m"})
    daily = stretch(owner, interval="1d", startTime="2025-08-17", endTime="2025-08-17", fields="solar_kwh")
    assert len(fives["data"]), len(thirties["data"]) == (288, 48)
    assert sum(fives["data"]) == pytest.approx(daily["data"][0], abs=0.01)
    assert sum(thirties["data"]) == pytest.approx(daily["data"][0], abs=0.01)
    assert fives["estimated"] == daily["estimated"] == []


def test_estimated_energies_are_listed(tmp_path: Path) -> None:
    store = seeded(tmp_path / "gap.db", days=1, now_at=NOW_AT - 7200)
    system = systems.get_system(store, 1)
    assert system is not None
    whole_day = house(NOW_AT - 7200 - DAY_S, NOW_AT)
    fill(store, system, (one for one in whole_day if one.inverter_time > NOW_AT - 3600), NOW_AT)
    with serving(services(store)) as client:
        found = stretch(client, last="3h", fields="solar_kwh")
        assert None not in found["data"]
        assert found["estimated"] == list(range(13, 25))
        today = client.get("/api/data", headers=COOKIE).json()["latest"]["energy"]["quality"]
        assert today["solarKwh"] == "estimated"
    store.close()


def test_a_day_is_estimated_if_a_part_of_it_is(tmp_path: Path) -> None:
    """A counter that stood for two hours of a day that was read throughout: energy spread by power."""
    create(tmp_path / "plateau.db")
    midnight_at = PLUS_TEN.bounds("2025-08-17")[0]
    noon_at = midnight_at + DAY_S // 2
    with closing(open_store(tmp_path / "plateau.db")) as store:
        every = list(house(midnight_at - DAY_S, midnight_at + DAY_S, every_s=300))
        stood_kwh = max(one.solar_kwh_total or 0 for one in every if one.inverter_time <= noon_at)
        stands = [
            replace(one, solar_kwh_total=stood_kwh) if noon_at < one.inverter_time < noon_at + 7200 else one
            for one in every
        ]
        fill(store, add(store, "alice"), iter(stands), NOW_AT)
        with serving(services(store)) as client:
            fives = history(client, fields="solar_kwh,load_kwh", startTime="2025-08-17", endTime="2025-08-18")
            days = history(client, fields="solar_kwh,load_kwh", interval="1d", last="2d")
            told = client.get("/api/data", headers=COOKIE).json()["historical"]["yesterday"]["quality"]
    spread, untouched = (series["history"]["estimated"] for series in fives["data"])
    assert (len(spread), untouched) == (24, [])
    assert [series["history"]["estimated"] for series in days["data"]] == [[0], []]
    assert (told["solarKwh"], told["loadKwh"]) == ("estimated", "measured")


def test_days_are_energies_in_kwh_and_end_with_today(owner: httpx2.Client) -> None:
    answer = history(owner, interval="1d", last="3d", fields="solar,load,battery,grid,soc")
    assert [series["units"] for series in answer["data"]] == ["kWh", "kWh", "kWh", "kWh", "%"]
    assert answer["data"][0]["id"].endswith("solar.energy")
    days = answer["data"][0]["history"]
    assert (days["start"], days["last"], days["interval"]) == ("2025-08-16", "2025-08-18", "1d")
    battery = answer["data"][2]["history"]["data"]
    into, out = (
        stretch(owner, interval="1d", last="3d", fields=f"battery_{way}_kwh")["data"] for way in ("in", "out")
    )
    assert battery == pytest.approx([b - a for a, b in zip(into, out, strict=True)], abs=0.01)


def test_days_that_nobody_has_closed_are_worked_out(tmp_path: Path) -> None:
    store = seeded(tmp_path / "open.db", days=3)
    with serving(services(store)) as client:
        closed = stretch(client, interval="1d", last="3d")
        aggregates.clear_days(store, 1, "2025-08-15", "2025-08-17")
        assert stretch(client, interval="1d", last="3d") == closed
    store.close()


def test_a_date_is_the_systems_midnight_and_a_lost_plus_is_forgiven(owner: httpx2.Client) -> None:
    by_date = stretch(owner, startTime="2025-08-17", endTime="2025-08-17T01:00:00+10:00")
    assert (by_date["start"], len(by_date["data"])) == ("2025-08-17T00:05:00+10:00", 12)
    for start in ("2025-08-16T14:00:00Z", "2025-08-17T00:00:00", "2025-08-17T00:00:00 10:00"):
        assert stretch(owner, startTime=start, endTime="2025-08-17T01:00") == by_date


@pytest.mark.parametrize(
    ("params", "parameter", "text"),
    [
        ({"systemId": None}, "systemId", "Missing required parameter: systemId"),
        ({"interval": None}, "interval", "Missing required parameter: interval"),
        ({"fields": None}, "fields", "Missing required parameter: fields"),
        ({"fields": "solar,wind"}, "fields", "'wind'"),
        ({"systemId": "one"}, "systemId", "number"),
        ({"last": None}, "startTime", "last, or startTime and endTime"),
        ({"last": None, "startTime": "2025-08-17"}, "endTime", "endTime"),
        ({"last": "7 days"}, "last", "7d"),
        ({"last": "0d"}, "last", "last"),
        ({"last": "8d"}, "last", "Time range exceeds maximum of 7.5 days"),
        ({"last": "31d", "interval": "30m"}, "last", "Time range exceeds maximum of 30 days"),
        ({"last": "14mo", "interval": "1d"}, "last", "Time range exceeds maximum of 13 months"),
        ({"last": "1h", "startTime": "2025-08-17"}, "last", "not both"),
        ({"last": None, "startTime": "x", "endTime": "2025-08-17"}, "startTime", "ISO 8601"),
        ({"last": None, "startTime": "2025-02-30", "endTime": "2025-08-17"}, "startTime", "YYYY-MM-DD"),
        ({"last": None, "startTime": "2025-08-18", "endTime": "2025-08-17"}, "startTime", "before"),
        (
            {"last": None, "startTime": "2025-08-17T00:01", "endTime": "2025-08-17T01:00"},
            "startTime",
            "5-minute",
        ),
        (
            {"last": None, "startTime": "2025-08-17", "endTime": "2025-08-17T00:35", "interval": "30m"},
            "endTime",
            "30-minute",
        ),
        (
            {"last": None, "startTime": "2025-08-17T00:00", "endTime": "2025-08-18", "interval": "1d"},
            "startTime",
            "YYYY-MM-DD",
        ),
        ({"last": None, "startTime": "0001-01-01", "endTime": "2025-08-18"}, "startTime", "years"),
        ({"interval": "auto", "points": "0"}, "points", "whole number"),
    ],
)
def test_a_wrong_parameter_is_named(
    owner: httpx2.Client, params: dict[str, Any], parameter: str, text: str
) -> None:
    asked = {"systemId": 1, "interval": "5m", "fields": "solar", "last": "1h"} | params
    answer = owner.get(
        "/api/v2/history", params={key: value for key, value in asked.items() if value is not None}
    )
    assert answer.status_code == 400
    assert answer.json()["parameter"] == parameter
    assert text in answer.json()["error"]


def test_an_unknown_interval_is_501(owner: httpx2.Client) -> None:
    answer = owner.get("/api/v2/history?systemId=1&interval=1h&fields=solar&last=1d")
    assert answer.status_code == 501
    assert answer.json()["error"] == "Only 5m, 30m, and 1d intervals are supported"


def test_thirteen_months_of_days_are_allowed(owner: httpx2.Client) -> None:
    assert len(stretch(owner, interval="1d", last="13mo")["data"]) == 396
    explicit = stretch(owner, interval="1d", startTime="2024-01-01", endTime="2025-01-31")
    assert len(explicit["data"]) == 397


def test_thirteen_months_are_thirteen_months_on_every_day_of_the_calendar() -> None:
    """From January 29th to February 28th it is thirteen months, not more, in days and in ``auto`` alike."""
    for day in range(0, 1461):
        now_at = 1_704_067_200 + day * DAY_S
        for last in ("1mo", "13mo"):
            asked = TimeParameters("1d", last)
            days = window(asked, PLUS_TEN, now_at)
            assert window(replace(asked, rules=ORIGINAL), PLUS_TEN, now_at).last_day < days.last_day
            auto = window(replace(asked, interval="auto", points="400"), PLUS_TEN, now_at, in_days_beyond_s=0)
            assert (auto.first_day, auto.last_day) == (days.first_day, days.last_day)
    with pytest.raises(ApiError, match="13 months"):
        window(TimeParameters("1d", None, "2024-01-28", "2025-02-28"), PLUS_TEN, now_at)


@pytest.mark.parametrize("last", ["1h", "1d", "40d", "12mo", "10y"])
def test_auto_fits_the_points_over_any_range(owner: httpx2.Client, last: str) -> None:
    found = stretch(owner, interval="auto", last=last, points=100, fields="solar,solar_kwh")
    assert 0 < len(found["data"]) <= 100
    assert found["data"][-1] is not None


def test_auto_at_five_minutes_equals_5m(owner: httpx2.Client) -> None:
    assert stretch(owner, interval="auto", last="1d") == stretch(owner, last="1d")


@settings(max_examples=200, deadline=None)
@given(
    st.integers(200_000_000, 6_000_000_000),
    st.integers(1, 20 * 365 * DAY_S),
    st.integers(1, 10_000),
    st.sampled_from([Zone(600), Zone(345), Zone(0, "Australia/Lord_Howe"), Zone(0, "America/New_York")]),
)
def test_an_auto_window_covers_the_range_in_at_most_the_points(
    start_at: int, length_s: int, points: int, zone: Zone
) -> None:
    asked = TimeParameters("auto", None, zone.iso(start_at), zone.iso(start_at + length_s), str(points))
    found = window(asked, zone, NOW_AT)
    assert found.start_at <= start_at
    assert start_at + length_s <= found.end_at
    if found.in_days:
        assert len(found.days()) == found.days_each * (len(found.days()) // found.days_each)
        assert len(found.days()) // found.days_each <= points
    else:
        assert (found.end_at - found.start_at) % found.step_s == 0
        assert (found.end_at - found.start_at) // found.step_s <= points


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1234.6, 1235),
        (999.96, 1000),
        (0.123456, 0.1235),
        (-0.0, 0),
        (-0.00001, -1e-05),
        (1.8446744073709552e19, 1.8446744073709552e19),
        (50.0, 50),
        (None, None),
    ],
)
def test_numbers_have_four_digits_or_are_whole(value: float | None, written: float | None) -> None:
    assert repr(rounded(value)) == repr(written)


@given(st.lists(st.none() | st.integers(-(10**6), 10**6) | st.floats()))
def test_rounding_a_list_is_rounding_each_and_never_minus_zero(values: list[float | None]) -> None:
    done = rounded_all(values)
    assert [repr(one) for one in done] == [repr(rounded(value)) for value in values]
    assert orjson.loads(rounded_json(values)) == list(done)
    assert b"-0," not in rounded_json(values).replace(b"]", b",")
    assert "-0" not in [repr(one) for one in done]
    assert "-0.0" not in [repr(one) for one in done]


def test_an_unchanged_history_is_304_and_compressed_only_for_far_clients(
    owner: httpx2.Client, store: Store
) -> None:
    url = "/api/v2/history?systemId=1&interval=5m&fields=solar,load&last=7d"
    first = owner.get(url, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in first.headers
    assert owner.get(url, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    clock = SetClock(NOW_AT + 20)
    with serving(services(store, clock=clock), proxy_headers=True, forwarded_allow_ips="*") as client:
        far = {"x-forwarded-for": "192.0.2.1", "accept-encoding": "gzip"} | COOKIE
        answer = client.get(url, headers=far)
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["etag"] == first.headers["etag"]
        assert answer.json()["data"] == first.json()["data"]

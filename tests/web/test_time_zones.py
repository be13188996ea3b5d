"""The API where clocks change: one value per interval, the offset in force, days of 23 to 25 hours."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.web.support import COOKIE, SetClock, house, services, serving

from liveone.collect.days import closer
from liveone.domain.zones import Zone
from liveone.store import bulk, systems
from liveone.store.files import create
from liveone.store.readings import row_of
from liveone.store.store import Store, open_store
from liveone.web.services import DailyJob, DailyOutcome, Services
from liveone.wiring.outcomes import run_daily

DAY_S = 86_400
SPRING, AUTUMN = "2026-03-29", "2026-10-25"
HOUSES = [
    ("Europe/Berlin", 60, SPRING, 46),
    ("Europe/Berlin", 60, AUTUMN, 50),
    ("Europe/Berlin", 60, "2026-07-01", 48),
    ("Australia/Lord_Howe", 630, "2026-04-05", 49),
    ("Australia/Lord_Howe", 630, "2026-10-04", 47),
    ("America/St_Johns", -210, "2026-03-08", 46),
    ("Asia/Kathmandu", 345, SPRING, 48),
]


class Clocked:
    """Runs the daily job as `serve` does."""

    def __init__(self, store: Store, clock: SetClock) -> None:
        self.store, self.clock = store, clock

    async def poll_now(self) -> list[Any]:
        return []

    async def daily(self, job: DailyJob) -> list[DailyOutcome]:
        return run_daily(self.store, job, self.clock.now_at())


@contextmanager
def living(path: Path, zone: Zone, day: str) -> Iterator[tuple[httpx2.Client, Store]]:
    """Four days around a day, seen at noon of the day after it."""
    start_at, end_at = zone.bounds(day)
    clock = SetClock(end_at + DAY_S // 2)
    create(path)
    with closing(open_store(path)) as store:
        systems.add_system(
            store,
            owner="alice",
            vendor_type="select.live",
            vendor_site_id="1",
            display_name="Home",
            timezone_offset_min=zone.offset_min,
            time_zone=zone.name,
        )
        readings = house(start_at - 2 * DAY_S, int(clock.at) + 1, every_s=300)
        bulk.import_readings(store, 1, map(row_of, readings))
        closer.catch_up(store, clock.at)
        wired: Services = services(store, clock=clock, calls=Clocked(store, clock))  # type: ignore[arg-type]
        with serving(wired) as client:
            client.headers.update(COOKIE)
            yield client, store


def history(client: httpx2.Client, **asked: object) -> dict[str, Any]:
    answer = client.get("/api/v2/history", params={"systemId": 1, "fields": "load"} | asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"][0]["history"]
    return found


@pytest.mark.parametrize(("name", "offset_min", "day", "halves"), HOUSES)
def test_a_day_has_one_value_per_interval_however_long_it_is(
    tmp_path: Path, name: str, offset_min: int, day: str, halves: int
) -> None:
    zone = Zone(offset_min, name)
    following = zone.next_day(day)
    start_at, end_at = zone.bounds(day)
    with living(tmp_path / "live.db", zone, day) as (client, _):
        for interval, step_s in (("30m", 1800), ("5m", 300)):
            found = history(client, interval=interval, startTime=day, endTime=following)
            assert len(found["data"]) == halves * 1800 // step_s
            assert None not in found["data"]
            assert datetime.fromisoformat(found["start"]).timestamp() == start_at + step_s
            assert datetime.fromisoformat(found["last"]).timestamp() == end_at
            assert found["last"].startswith(f"{following}T00:00:00")
        for points in (300, 50, 25):
            found = history(client, interval="auto", points=points, startTime=day, endTime=following)
            assert 12 < len(found["data"]) <= points
        days = history(client, interval="1d", startTime=day, endTime=following)
        assert (days["start"], days["last"], len(days["data"])) == (day, following, 2)
        energy = history(client, interval="30m", fields="load_kwh", startTime=day, endTime=following)
        assert sum(energy["data"]) == pytest.approx(days["data"][0], abs=0.01)
        assert len(history(client, interval="1d", last="1d")["data"]) == 1
        assert len(history(client, interval="5m", last="1d")["data"]) == 288


def test_times_carry_the_offset_of_their_moment_and_yesterday_is_complete(tmp_path: Path) -> None:
    zone = Zone(60, "Europe/Berlin")
    with living(tmp_path / "live.db", zone, AUTUMN) as (client, _):
        body = client.get("/api/data", params={"systemId": 1}).json()
        assert body["latest"]["timestamp"].endswith("+01:00")
        yesterday = body["historical"]["yesterday"]
        assert (yesterday["date"], yesterday["dataQuality"]) == (
            AUTUMN,
            {"intervalCount": 300, "coverage": "100%"},
        )
        told = body["timeZone"]
        assert (told["name"], told["offsetMin"]) == ("Europe/Berlin", 60)
        assert [1792890000, 60] in told["transitions"]
        assert told["transitions"][0] == [157766400, 60]
        found = history(
            client, interval="30m", startTime="2026-10-25T02:30+02:00", endTime="2026-10-25T02:30+01:00"
        )
        assert len(found["data"]) == 2
        assert client.get("/api/systems").json()["systems"][0]["timeZone"] == {
            "offsetMin": 60,
            "name": "Europe/Berlin",
        }


def test_months_back_begin_at_the_same_time_of_day(tmp_path: Path) -> None:
    with living(tmp_path / "live.db", Zone(60, "Europe/Berlin"), AUTUMN) as (client, _):
        found = history(client, interval="auto", points=10000, last="1mo")
        assert "T12:05:00+02:00" in found["start"]


def test_the_zone_of_a_system_is_edited_and_what_that_moves_is_computed_anew(tmp_path: Path) -> None:
    with living(tmp_path / "live.db", Zone(60), SPRING) as (client, store):
        url = "/api/admin/systems/1"
        assert (
            client.get("/api/data").json()["historical"]["yesterday"]["dataQuality"]["intervalCount"] == 288
        )
        wrong = client.patch(url, json={"timeZone": "europe/berlin"})
        assert wrong.status_code == 400
        assert "Did you mean Europe/Berlin" in wrong.json()["error"] + str(wrong.json())
        done = client.patch(url, json={"timeZone": "Europe/Berlin"}).json()
        assert done["recomputed"][0]["days"] == [SPRING]
        assert (
            client.get("/api/data").json()["historical"]["yesterday"]["dataQuality"]["intervalCount"] == 276
        )
        assert client.patch(url, json={"timeZone": "Africa/Lagos"}).json()["recomputed"][0]["days"] == [
            SPRING
        ]
        assert client.patch(url, json={"displayName": "Hut"}).json()["recomputed"] == []
        assert client.patch(url, json={"displayName": "Hut\x00\u202e"}).status_code == 400
        assert systems.list_systems(store)[0].display_name == "Hut"
        assert systems.list_systems(store)[0].time_zone == "Africa/Lagos"
        same = {"displayName": "Hut", "offsetMin": 60}
        assert client.patch(url, json=same).json()["recomputed"] == []
        assert systems.list_systems(store)[0].time_zone == "Africa/Lagos"
        assert client.patch(url, json={"offsetMin": 345}).json()["success"]
        assert systems.list_systems(store)[0].time_zone is None
        listed = client.get("/api/admin/time-zones").json()
        assert listed["kept"]
        assert "Asia/Kathmandu" in listed["names"]

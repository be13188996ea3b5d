"""LiveOne as a host without a disk runs it: several instances, started and ended as it pleases."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.serverless.conftest import CRON, OWNER, PASSWORD, Cloud
from tests.serverless.host import Instance, instance
from tests.web.support import house, later

from liveone.store import aggregates, bulk, polling, readings
from liveone.store.readings import Recorded, row_of

pytestmark = pytest.mark.slow


def test_one_call_polls_once_and_two_instances_show_the_same(cloud: Cloud, tmp_path: Path) -> None:
    with instance(tmp_path, cloud.environment) as first, instance(tmp_path, cloud.environment) as second:
        polled = first.get("/api/cron/minutely", **CRON).json()
        assert [(one["system"], one["success"]) for one in polled["results"]] == [("1586", True)]
        for one in (first, second):
            data = one.get("/api/data", **OWNER).json()
            assert data["latest"]["power"]["solarW"] == polled["results"][0]["solar"]
            page = one.get("/dashboard/1", **OWNER)
            assert page.status_code == 200
            assert "text/html" in page.headers["content-type"]
            assert one.get("/api/health").json()["notice"].startswith("This instance keeps nothing on disk")
        assert "keeps nothing on disk" in first.log.read_text()
    served = {each.inverter_time for each in cloud.portal.log.entries("1586")}
    with closing(cloud.store()) as store:
        stored = [each.inverter_time for each in readings.between(store, 1, 0, 2**40)]
        assert sorted(served) == stored, "exactly once"
        assert polling.statuses(store)[1].total_polls == 1


def test_a_login_made_on_one_instance_holds_on_another(cloud: Cloud, tmp_path: Path) -> None:
    with instance(tmp_path, cloud.environment) as first, instance(tmp_path, cloud.environment) as second:
        login = {"email": "me@example.com", "password": PASSWORD}
        signed_in = first.client.post("/api/auth/login", json=login, headers={"x-forwarded-proto": "https"})
        assert signed_in.status_code == 200
        assert "Secure" in signed_in.headers["set-cookie"], "the host's front says that it was https"
        session = signed_in.headers["set-cookie"].split(";")[0]
        assert second.get("/api/systems", cookie=session).status_code == 200
        assert second.get("/api/systems", cookie=session[:-4] + "AAAA").status_code == 401
        assert second.get("/api/systems").status_code == 401


def test_the_daily_call_closes_yesterday_once_however_many_call(cloud: Cloud, tmp_path: Path) -> None:
    yesterday = (datetime.now(UTC) + timedelta(hours=10) - timedelta(days=1)).date()
    midnight_at = int(datetime(*yesterday.timetuple()[:3], tzinfo=UTC).timestamp()) - 36_000
    with closing(cloud.store()) as store:
        bulk.import_readings(store, 1, map(row_of, house(midnight_at - 3600, midnight_at + 90_000)))
    with instance(tmp_path, cloud.environment) as first, instance(tmp_path, cloud.environment) as second:
        with ThreadPoolExecutor() as threads:
            calls = [threads.submit(one.get, "/api/cron/daily", **CRON) for one in (first, second)]
            answers = [call.result().json() for call in calls]
        closed = {day for answer in answers for one in answer["results"] for day in one["days"]}
        assert yesterday.isoformat() in closed
        assert first.get("/api/data", **OWNER).json()["historical"]["yesterday"]["energy"]["solarKwh"] > 1
    with closing(cloud.store()) as store:
        days = [day.day for day in aggregates.days(store, 1, yesterday.isoformat(), yesterday.isoformat())]
        assert days == [yesterday.isoformat()]


def test_without_the_database_everything_answers_503_with_the_reason(cloud: Cloud, tmp_path: Path) -> None:
    with instance(tmp_path, cloud.environment) as one:
        assert one.get("/api/cron/minutely", **CRON).status_code == 200
        cloud.server.kill()
        _refuses_with(one, "cannot be reached")
    with instance(tmp_path, cloud.environment) as born_meanwhile:
        _refuses_with(born_meanwhile, "cannot be reached")
        cloud.server.start()
        assert born_meanwhile.get("/api/data", **OWNER).status_code == 200
        assert born_meanwhile.get("/api/cron/minutely", **CRON).status_code == 200
        cloud.server.pause()
        try:
            _refuses_with(born_meanwhile, "")
        finally:
            cloud.server.go_on()
        assert born_meanwhile.get("/api/cron/minutely", **CRON).status_code == 200


def _refuses_with(one: Instance, words: str) -> None:
    """All at once, so that nothing can wait behind something that hangs; two minutes are the limit."""
    asked = {"/api/cron/minutely": CRON, "/api/cron/daily": CRON, "/api/data": OWNER, "/dashboard/1": OWNER}
    with ThreadPoolExecutor() as threads:
        calls = {
            path: threads.submit(one.get, path, **headers)
            for path, headers in {**asked, "/api/health": {}}.items()
        }
        for path, call in calls.items():
            answer = call.result()
            assert answer.status_code == 503, path
            assert words in answer.text, path


def test_calls_on_two_instances_at_once_poll_a_system_once_a_minute(cloud: Cloud, tmp_path: Path) -> None:
    with (
        instance(tmp_path, cloud.environment) as first,
        instance(tmp_path, cloud.environment) as second,
        ThreadPoolExecutor() as threads,
    ):
        asked = (first, second, first, second)
        calls = [threads.submit(one.get, "/api/cron/minutely", **CRON) for one in asked]
        outcomes = [call.result().json()["results"][0] for call in calls]
    assert all(one["success"] for one in outcomes), outcomes
    assert len({one["battery"] for one in outcomes}) == 1
    assert len(cloud.portal.log.entries("1586")) == 1


def test_a_stream_ends_before_the_host_ends_it_and_is_caught_up(cloud: Cloud, tmp_path: Path) -> None:
    with instance(tmp_path, cloud.environment) as first, instance(tmp_path, cloud.environment) as second:
        first.get("/api/cron/minutely", **CRON)
        seen = _stream(first)
        assert len(seen) == 1
        with closing(cloud.store()) as store:
            for _ in range(2):
                newest = readings.latest(store, 1, 4e9)
                assert newest is not None
                readings.record(store, [Recorded(1, later(newest, 60))])
            stored = [each.inverter_time for each in readings.between(store, 1, 0, 2**40)]
        again = _stream(second, **{"last-event-id": str(seen[0])})
        assert again == [seen[0] + 60, seen[0] + 120], "what came in between, once, in order"
        assert stored == [seen[0], *again]


def _stream(one: Instance, **headers: str) -> list[int]:
    """The ids of all events until the stream ends by itself."""
    end_s, found = time.monotonic() + 60, []
    with one.client.stream("GET", "/api/stream?systemId=1", headers={**OWNER, **headers}) as answer:
        for line in answer.iter_lines():
            assert time.monotonic() < end_s, "heartbeats come, and the stream does not end"
            found += [int(line[3:])] if line.startswith("id:") else []
    return found

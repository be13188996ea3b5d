"""``/api/data``, health, metrics, cron, pages and errors: what they say, and in which shape."""

import re
import shutil
import sqlite3
import subprocess
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel
from tests.web.support import (
    COOKIE,
    CRON_SECRET,
    DAY_S,
    NOW_AT,
    Calls,
    SetClock,
    add,
    fill,
    house,
    later,
    samples,
    seeded,
    services,
    serving,
)

from liveone.domain.reading import COUNTERS, Reading
from liveone.domain.zones import Zone
from liveone.store import polling, readings
from liveone.store.files import create
from liveone.store.readings import Recorded
from liveone.store.sql import schema_path
from liveone.store.store import Store, open_store
from liveone.web.app import create_app
from liveone.web.auth.rights import ROUTES, Right
from liveone.web.now import health
from liveone.web.openapi import models
from liveone.web.openapi.examples import DATA

CRON = {"authorization": f"Bearer {CRON_SECRET}"}


def undescribed(value: Any) -> list[str]:
    """The fields of an answer, nested, that its model does not describe."""
    if isinstance(value, dict):
        return [name for inner in value.values() for name in undescribed(inner)]
    if not isinstance(value, BaseModel):
        return []
    extra = [f"{type(value).__name__}.{name}" for name in value.model_extra or ()]
    return extra + [name for inner in dict(value).values() for name in undescribed(inner)]


def test_data_and_its_example_are_what_openapi_describes_field_by_field(owner: httpx2.Client) -> None:
    for told in (owner.get("/api/data?systemId=1").json(), DATA):
        assert undescribed(models.DataAnswer.model_validate(told)) == []


def test_data_tells_now_today_and_yesterday(owner: httpx2.Client) -> None:
    found = owner.get("/api/data").json()
    latest, yesterday = found["latest"], found["historical"]["yesterday"]
    assert latest["timestamp"] == "2025-08-18T10:01:11+10:00"
    power = latest["power"]
    assert power["solarW"] + power["batteryW"] + power["gridW"] - power["loadW"] == power["lossesW"] == 40
    assert yesterday["date"] == "2025-08-17"
    assert yesterday["dataQuality"] == {"intervalCount": 288, "coverage": "100%"}
    assert set(yesterday["quality"].values()) == {"measured"}
    assert found["freshness"]["state"] == "fresh"
    assert found["freshness"]["ageS"] == 58


def test_data_tells_what_the_counters_gained_since_the_first_reading(owner: httpx2.Client) -> None:
    found = owner.get("/api/data").json()
    gained, latest = found["historical"]["sinceFirst"], found["latest"]["timestamp"]
    assert gained["since"] == "2025-08-15T10:05:00+10:00"
    passed = datetime.fromisoformat(latest) - datetime.fromisoformat(gained["since"])
    assert gained["hours"] == round(passed / timedelta(hours=1), 2)
    assert gained["energy"]["gridInKwh"] == 0
    assert gained["energy"]["loadKwh"] == pytest.approx(0.6 * gained["hours"], rel=0.01)


def test_all_time_is_the_sum_of_the_days_whatever_became_of_the_counter(tmp_path: Path) -> None:
    create(tmp_path / "live.db")
    store = open_store(tmp_path / "live.db")
    system = add(store, "alice")
    stray = Reading(946_684_800, 946_684_802, load_w=500, load_kwh_total=1.0)
    wild = Reading(NOW_AT + 10 * 365 * DAY_S, NOW_AT, load_w=500, load_kwh_total=99_999.0)
    exchanged = (
        replace(one, load_kwh_total=12.0 + (one.load_kwh_total or 0) - 21_000)
        if one.inverter_time > NOW_AT - DAY_S
        else one
        for one in house(NOW_AT - 3 * DAY_S, NOW_AT)
    )
    fill(store, system, chain([stray], exchanged, [wild]), NOW_AT)
    with serving(services(store)) as client:
        found = client.get("/api/data", headers=COOKIE).json()
    store.close()
    gained = found["historical"]["sinceFirst"]
    assert gained["since"].startswith("2025-08-15")
    assert gained["hours"] == pytest.approx(72, abs=0.2)
    assert gained["energy"]["loadKwh"] == pytest.approx(0.6 * 72, rel=0.02)
    assert found["latest"]["timestamp"].startswith("2025-08-18T10:0")


def test_a_reading_with_gaps_is_null_never_zero(tmp_path: Path) -> None:
    create(tmp_path / "live.db")
    store = open_store(tmp_path / "live.db")
    system = add(store, "alice")
    readings.record(
        store, [Recorded(system.id, Reading(NOW_AT - 60, NOW_AT - 58, load_w=500), polled_at=NOW_AT)]
    )
    with serving(services(store)) as client:
        found = client.get("/api/data", headers=COOKIE).json()
        assert found["latest"]["power"]["loadW"] == 500
        assert found["latest"]["power"]["solarW"] is None
        assert found["latest"]["power"]["lossesW"] is None
        assert found["latest"]["soc"] == {"battery": None}
        assert found["latest"]["energy"]["total"]["solarKwh"] is None
        assert found["historical"]["yesterday"] is None
        assert "lossesW" not in client.get("/metrics", headers=COOKIE).text
    store.close()


def test_nothing_yet_is_503_with_the_reason(tmp_path: Path) -> None:
    create(tmp_path / "live.db")
    store = open_store(tmp_path / "live.db")
    with serving(services(store)) as client:
        none = client.get("/api/data", headers=COOKIE)
        assert (none.status_code, none.json()["success"]) == (503, False)
        assert "systems add" in none.json()["error"]
        system = add(store, "alice")
        polling.failed_together(store, [polling.FailedPoll(system.id, NOW_AT, "wrong password")])
        failing = client.get("/api/data", headers=COOKIE).json()
        assert failing["success"] is False
        assert "no reading yet; the last poll failed: wrong password" in failing["error"]
        assert failing["polling"]["consecutiveErrors"] == 1
        assert failing["polling"]["lastError"] == "wrong password"
    store.close()


def test_silence_is_told(store: Store) -> None:
    with serving(services(store, clock=SetClock(NOW_AT + 3600))) as client:
        freshness = client.get("/api/data", headers=COOKIE).json()["freshness"]
        assert freshness["state"] == "silent"
        assert freshness["ageS"] == 3658


def test_a_device_whose_clock_is_slow_is_as_fresh_as_any(tmp_path: Path) -> None:
    create(tmp_path / "live.db")
    store = open_store(tmp_path / "live.db")
    system = add(store, "alice")
    slow = Reading(NOW_AT - 310, NOW_AT - 10, load_w=500)
    readings.record(store, [Recorded(system.id, slow, polled_at=NOW_AT)])
    with serving(services(store)) as client:
        data = client.get("/api/data", headers=COOKIE).json()
        card = client.get("/api/overview", headers=COOKIE).json()["cards"]["1"]
        metrics = client.get("/metrics", headers=COOKIE).text
    store.close()
    assert data["freshness"] == card["freshness"]
    assert (data["freshness"]["state"], data["freshness"]["ageS"]) == ("fresh", 10)
    assert re.search(r"liveone_reading_age_seconds\{.*\} 10\b", metrics)


def test_cron_polls_and_closes_days_as_ordered(store: Store) -> None:
    calls = Calls()
    with serving(services(store, calls=calls)) as client:
        polled = client.get("/api/cron/minutely", headers=CRON).json()
        assert polled["success"] is True
        assert polled["count"] == 1
        result = {
            "system": "1586",
            "success": True,
            "solar": 3120,
            "battery": 61.4,
            "batteryW": -2301,
            "delay": 3,
            "error": None,
        }
        assert polled["results"] == [result]
        client.post("/api/cron/minutely", headers=CRON)
        assert calls.polls == 2
        client.get("/api/cron/daily", headers=CRON)
        for order in ({"action": "catchup"}, {"action": "clear"}, {"systemId": "1", "date": "2025-08-17"}):
            assert client.post("/api/cron/daily", json=order, headers=CRON).status_code == 200
        assert [job.action for job in calls.jobs] == ["yesterday", "catchup", "clear", "day"]
        assert (calls.jobs[-1].system_id, calls.jobs[-1].day) == (1, "2025-08-17")


@pytest.mark.parametrize(
    "order",
    [{}, {"action": "drop"}, {"systemId": "1"}, {"systemId": "1", "date": "17.8.2025"}, {"date": "x"}],
)
def test_a_daily_order_that_is_not_understood_is_400(anonymous: httpx2.Client, order: dict[str, str]) -> None:
    answer = anonymous.post("/api/cron/daily", json=order, headers=CRON)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_field_that_may_be_of_two_types_is_named_without_them(anonymous: httpx2.Client) -> None:
    answer = anonymous.post("/api/cron/daily", json={"systemId": []}, headers=CRON)
    assert (answer.status_code, answer.json()["parameter"]) == (422, "systemId")


def test_answers_do_not_wait_for_acknowledgements(owner: httpx2.Client) -> None:
    took_s = (owner.get("/api/systems").elapsed.total_seconds() for _ in range(500))
    assert any(one_s < 0.03 for one_s in took_s), "a delayed acknowledgement takes 40 ms, every time"


def test_health_is_open_and_tells_the_generation(anonymous: httpx2.Client) -> None:
    assert anonymous.get("/api/health").json() == {
        "status": "ok",
        "database": "sqlite",
        "generation": 3,
        "release": "0.1.0+abc1234",
        "role": "all",
        "polls": [],
        "collector": {"spool_waiting": 0, "problems": 1},
        "schema": {
            "applied": 3,
            "expected": 3,
            "inSync": True,
            "timeZones": True,
            "accounts": True,
            "sources": True,
            "points": True,
            "secondSteps": True,
        },
    }
    assert anonymous.head("/api/health").status_code == 200


def test_health_is_503_with_a_reason_when_the_database_is_away(tmp_path: Path) -> None:
    store = seeded(tmp_path / "live.db", days=1)
    with serving(services(store)) as client:
        for path in tmp_path.iterdir():
            path.rename(path.with_suffix(path.suffix + ".away"))
        away = client.get("/api/health")
        assert away.status_code == 503
        assert models.Health.model_validate(away.json()).status == "unavailable"
        assert str(tmp_path) not in away.text
        for path in ("/api/data", "/api/systems", "/", "/dashboard", "/dashboard/1", "/admin"):
            machine = client.get(path, headers=COOKIE)
            assert (machine.status_code, machine.json()["success"]) == (503, False), path
            assert machine.headers["retry-after"] == "5"
        person = client.get("/dashboard/1", headers=COOKIE | {"accept": "text/html,*/*;q=0.8"})
        assert (person.status_code, person.headers["retry-after"]) == (503, "5")
        assert "text/html" in person.headers["content-type"]
    store.close()


def test_health_answers_in_time_when_the_database_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, release = seeded(tmp_path / "live.db", days=1), threading.Event()
    monkeypatch.setattr(health, "PATIENCE_S", 0.2)
    monkeypatch.setattr(store, "detect_again", lambda: release.wait(5))
    with serving(services(store)) as client:
        assert [client.get("/api/health").status_code for _ in range(4)] == [503] * 4
        release.set()
    store.close()


def test_a_generation_1_database_is_served(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(schema_path(1).read_text())
    connection.close()
    store = open_store(path)
    system = add(store, "simon")
    now = [
        Reading(NOW_AT - 60 * i, NOW_AT - 60 * i, 1, 1, 0, 1, 0, 0, 50.0, 0, 0, 0, *[1.0] * 6)
        for i in range(9)
    ]
    readings.record(store, [Recorded(system.id, one, polled_at=NOW_AT) for one in now])
    with serving(services(store)) as client:
        assert client.get("/api/data", headers=COOKIE).json()["latest"]["power"]["solarW"] == 1
        assert client.get("/api/health").json()["schema"] == {
            "applied": 1,
            "expected": 3,
            "inSync": False,
            "timeZones": False,
            "accounts": False,
            "sources": False,
            "points": False,
            "secondSteps": False,
        }
        url = "/api/history?systemId=1&interval=1d&fields=solar&last=2d"
        assert client.get(url, headers=COOKIE).status_code == 200
        assert client.get("/api/admin/storage", headers=COOKIE).json()["rows"]["readings"] == 9
    store.close()


def test_metrics_pass_promtool(tmp_path: Path) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    store = seeded(tmp_path / "live.db", days=1)
    polling.failed_together(store, [polling.FailedPoll(1, NOW_AT, 'it\'s "broken"\n')])
    with serving(services(store)) as client:
        assert client.get("/metrics").status_code == 401
        text = client.get("/metrics", headers=COOKIE).text
        today = client.get("/api/data?systemId=1", headers=COOKIE).json()["latest"]["energy"]["today"]
    told = samples(text, "liveone_energy_today_joules")
    assert [joules / 3_600_000 for _, joules in told] == pytest.approx(list(today.values()), abs=0.001)
    assert [labels for labels, _ in told] == [
        {"system": "1", "name": "Home 1586", "counter": counter} for counter in COUNTERS
    ]
    checked = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    losses = {"system": "1", "name": "Home 1586", "at": "losses"}
    assert (losses, 40) in samples(text, "liveone_power_watts")
    store.close()


def test_every_path_refuses_the_stranger_in_the_one_error_shape(
    anonymous: httpx2.Client, store: Store
) -> None:
    described = create_app(services(store)).openapi()["paths"]
    open_paths = {path for (_, path), right in ROUTES.items() if right is Right.ANYBODY}
    walked = [(path, verb) for path in described if path not in open_paths for verb in described[path]]
    assert len(walked) >= 12
    for path, verb in walked:
        refused = anonymous.request(verb, path)
        assert refused.status_code == 401, (path, verb)
        assert refused.json()["error"]


def test_every_failure_has_the_one_error_shape(owner: httpx2.Client) -> None:
    json = {"content-type": "application/json"}
    failures = {
        404: [owner.get("/api/nothing"), owner.get("/static/../app.py"), owner.get("/api/health/")],
        405: [owner.delete("/api/data"), owner.get("/api/auth/login")],
        422: [
            owner.post("/api/auth/login", content="{", headers=json),
            owner.post("/api/auth/login", json={"password": 5}),
            owner.get("/dashboard/first"),
        ],
    }
    for status, answers in failures.items():
        for answer in answers:
            assert answer.status_code == status, answer.text
            assert isinstance(answer.json()["error"], str)
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_our_own_fault_is_500_in_the_one_error_shape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = seeded(tmp_path / "live.db", days=1)
    with serving(services(store)) as client:
        monkeypatch.setattr(store, "read", lambda *_: 1 / 0)
        failed = client.get("/api/systems", headers=COOKIE)
        assert failed.status_code == 500
        assert "log" in failed.json()["error"]
        assert "content-security-policy" in failed.headers
    assert "ZeroDivisionError" in caplog.text
    store.close()


def test_pages_carry_no_inline_script_and_ask_nobody_else(
    owner: httpx2.Client, anonymous: httpx2.Client
) -> None:
    pages = ["/dashboard/1", "/dashboard", "/admin", "/login", "/docs", "/offline"]
    static = Path(models.__file__).parent / "static"
    files = [path for path in static.rglob("*.*") if path.suffix in (".css", ".js", ".svg", ".webmanifest")]
    for path in pages + [f"/static/{path.relative_to(static).as_posix()}" for path in files]:
        answer = (anonymous if path == "/login" else owner).get(path)
        assert answer.status_code == 200, path
        assert not re.search(r"https?://(?!www\.w3\.org)", answer.text), path
        inline = r"<script(?![^>]*(src=|application/json))|<style|\son\w+=|\sstyle="
        assert not re.search(inline, answer.text), path
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        if path not in pages:
            etag = answer.headers["etag"]
            for kept in (etag, f"W/{etag}", f'"other", {etag}'):
                assert owner.get(path, headers={"if-none-match": kept}).status_code == 304, kept
            assert owner.get(path, headers={"if-none-match": '"other"'}).status_code == 200


def test_pages_send_strangers_to_the_sign_in_and_back(anonymous: httpx2.Client, owner: httpx2.Client) -> None:
    sent = anonymous.get("/dashboard/1")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fdashboard%2F1")
    assert owner.get("/").headers["location"] == "/dashboard/1"


def test_the_api_is_described_with_examples(anonymous: httpx2.Client) -> None:
    described = anonymous.get("/openapi.json").json()
    for path in ("/api/data", "/api/history"):
        ok = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        assert ok["example"]
        assert ok["schema"]["$ref"]
    names = {parameter["name"] for parameter in described["paths"]["/api/history"]["get"]["parameters"]}
    assert names == {"systemId", "interval", "fields", "last", "startTime", "endTime", "points", "format"}
    documented = Path(__file__).parents[2].joinpath("docs/api.md").read_text()
    for path in described["paths"]:
        assert path in documented, f"docs/api.md does not mention {path}"


def test_faults_are_told_with_when_they_began(tmp_path: Path) -> None:
    store = seeded(tmp_path / "faulty.db", days=1)
    newest = readings.latest(store, 1, NOW_AT)
    assert newest is not None
    began_at = newest.inverter_time + 50
    for step, code in ((60, 57), (120, 57), (180, 0), (240, 9)):
        reading = later(newest, step, fault_code=code, fault_at=began_at if code == 57 else 0)
        readings.record(store, [Recorded(1, reading, polled_at=NOW_AT)])
    with serving(services(store, clock=SetClock(NOW_AT + 300))) as client:
        found = client.get("/api/faults?systemId=1", headers=COOKIE).json()["faults"]
        assert client.get("/api/faults?systemId=1&days=99", headers=COOKIE).status_code == 422
    store.close()
    assert [(each["code"], each["readings"]) for each in found] == [(9, 1), (57, 2)]
    assert found[0]["began"] is None
    assert found[1]["began"] == Zone(600).iso(began_at)


@pytest.mark.parametrize("headers", [{"content-type": "application/json"}, {"content-type": "text/plain"}])
def test_a_body_that_is_no_json_object_is_said_to_be_none(
    owner: httpx2.Client, headers: dict[str, str]
) -> None:
    answer = owner.post("/api/auth/login", content='{"email": ', headers=headers)
    assert (answer.status_code, answer.json()["parameter"]) == (422, "body")
    assert "JSON object" in answer.json()["error"]

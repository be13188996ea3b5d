"""Every misbehaviour, at command: by text, by Python, over HTTP."""

import time
from pathlib import Path

import httpx2
import pytest
from tests.simulate.stage import NOON_AT, Stage

from liveone.errors import BadInput
from liveone.simulate.faults import FaultBook, parse_rule
from liveone.simulate.log import read_log


def last(stage: Stage) -> tuple[int, tuple[str, ...], bool]:
    entry = stage.portal.log.entries()[-1]
    return entry.status, entry.faults, entry.clean


@pytest.mark.parametrize(
    ("fault", "status"),
    [("unauthorized", 401), ("status500", 500), ("status503", 503), ("login", 302), ("ratelimit:17", 429)],
)
def test_an_error_instead_of_an_answer(stage: Stage, fault: str, status: int) -> None:
    stage.portal.faults.add(f"{fault}@once")
    answer = stage.data()
    assert answer.status_code == status
    assert last(stage) == (status, (fault,), False)
    assert answer.headers.get("Retry-After") == ("17" if status == 429 else None)
    assert stage.data().status_code == 200
    assert last(stage) == (200, (), True)


def test_html_and_nothing_instead_of_json(stage: Stage) -> None:
    stage.portal.faults.add("html@once")
    answer = stage.data()
    assert answer.status_code == 200
    assert "<html" in answer.text
    assert not last(stage)[2]
    stage.portal.faults.add("empty@once")
    assert stage.data().content == b""
    assert not last(stage)[2]


def test_half_a_body_a_reset_and_a_hang(stage: Stage) -> None:
    for fault, error in (
        ("half", httpx2.RemoteProtocolError),
        ("reset", (httpx2.ReadError, httpx2.RemoteProtocolError)),
        ("hang:0.1", httpx2.RemoteProtocolError),
    ):
        stage.portal.faults.add(f"{fault}@once")
        with pytest.raises(error):
            stage.data()
        assert last(stage)[1:] == ((fault,), False)
        assert stage.data().status_code == 200


def test_a_hanging_portal_outlasts_its_client_and_still_stops_at_once(stage: Stage) -> None:
    stage.portal.faults.add("hang")
    with pytest.raises(httpx2.ReadTimeout):
        stage.client.get("/dashboard/hfdata/1586", timeout=0.2)
    began = time.monotonic()
    stage.portal.stop()
    assert time.monotonic() - began < 20.0


def test_a_slow_answer_is_right(stage: Stage) -> None:
    stage.portal.faults.add("slow:0.3@once")
    began = time.monotonic()
    assert stage.data().status_code == 200
    assert time.monotonic() - began >= 0.3
    assert last(stage) == (200, ("slow:0.3",), True)


def test_an_answer_that_nobody_waited_for_is_not_clean(stage: Stage, tmp_path: Path) -> None:
    stage.portal.faults.add("slow:0.4@once")
    with pytest.raises(httpx2.ReadTimeout):
        stage.client.get("/dashboard/hfdata/1586", timeout=httpx2.Timeout(60.0, read=0.1))
    stage.client.close()
    deadline = time.monotonic() + 60.0
    while all(one.delivered for one in stage.portal.log.entries()) and time.monotonic() < deadline:
        time.sleep(0.02)
    [entry] = read_log(tmp_path / "served.jsonl")
    assert not entry.delivered
    assert not entry.clean
    assert stage.portal.log.entries() == [entry]


def test_the_last_sample_again(stage: Stage) -> None:
    first = stage.data().json()["items"]
    stage.move(60)
    stage.portal.faults.add("repeat@once")
    assert stage.data().json()["items"] == first
    assert last(stage) == (200, ("repeat",), True)
    assert stage.data().json()["items"]["timestamp"] > first["timestamp"]


def test_fields_missing_null_and_as_text(stage: Stage) -> None:
    plain = stage.data().json()["items"]
    for fault in ("missing:load_w", "null:battery_soc", "text:grid_w"):
        stage.portal.faults.add(fault)
    items = stage.data().json()["items"]
    assert "load_w" not in items
    assert items["battery_soc"] is None
    assert items["grid_w"] == str(plain["grid_w"])
    assert not last(stage)[2]
    assert stage.portal.log.entries()[-1].values == items


def test_a_counter_that_glitches_to_0_for_one_reading(stage: Stage) -> None:
    before = stage.data().json()["items"]
    stage.portal.faults.add("glitch:load")
    during = stage.data().json()["items"]
    assert during["load_wh_total"] == 0
    assert during["solar_wh_total"] == before["solar_wh_total"]
    assert stage.data().json()["items"] == before


def test_counters_that_begin_again_and_go_on(stage: Stage) -> None:
    stage.move_to(NOON_AT - 7200)
    stage.log_in()
    before = stage.data().json()["items"]
    stage.portal.faults.add("counterreset")
    assert stage.data().json()["items"]["load_wh_total"] == 0
    stage.move(7200)
    stage.log_in()
    after, other = stage.data().json()["items"], stage.data("648").json()["items"]
    gained_kwh = other["load_wh_total"] - before["load_wh_total"]
    assert after["load_wh_total"] == pytest.approx(gained_kwh)
    assert gained_kwh > 0


def test_a_device_whose_clock_is_wrong(stage: Stage) -> None:
    right = stage.data().json()["items"]["timestamp"]
    stage.portal.faults.add("clock:-7200@once")
    assert stage.data().json()["items"]["timestamp"] == right - 7200
    assert not last(stage)[2]


def test_the_hiccup_of_minute_50_strikes_half_of_the_hours(restless: Stage) -> None:
    failed = stale = helped = 0
    for hour in range(60):
        restless.move_to(NOON_AT + hour * 3600 + 49 * 60 + 30)
        restless.log_in()
        before = restless.data().json()["items"]["timestamp"]
        answers = []
        for second in (65, 95):
            restless.move_to(NOON_AT + hour * 3600 + 49 * 60 + second)
            answers.append(restless.data())
        first, second_try = answers
        failed += first.status_code in (500, 503)
        stale += (
            first.status_code == 200 and first.json()["items"]["timestamp"] < NOON_AT + hour * 3600 + 3000
        )
        helped += first.status_code != 200 and second_try.status_code == 200
        assert before < NOON_AT + hour * 3600 + 3000
    assert 15 <= failed + stale <= 45
    assert failed
    assert stale
    assert helped


def test_conditions_choose_site_minute_time_share_and_request(stage: Stage) -> None:
    faults = stage.portal.faults
    faults.add("status500@site=648")
    assert (stage.data().status_code, stage.data("648").status_code) == (200, 500)
    faults.clear()
    faults.add("status503@minute7")
    statuses = []
    for minute in (6, 7, 8):
        stage.move_to(NOON_AT // 3600 * 3600 + minute * 60)
        stage.log_in()
        statuses.append(stage.data().status_code)
    assert statuses == [200, 503, 200]
    faults.clear()
    faults.add("status500@on=login,times=2")
    assert [stage.log_in().status_code for _ in range(3)] == [500, 500, 302]
    faults.add("status500@from=+60,until=+120")
    assert stage.data().status_code == 200
    stage.move(60)
    assert stage.data().status_code == 500
    stage.move(60)
    assert stage.data().status_code == 200


def test_a_share_of_requests_is_struck_and_the_seed_decides_which() -> None:
    def drawn(seed: int) -> list[bool]:
        book = FaultBook(lambda: 0.0, seed=seed)
        book.add("hang@30%")
        return [bool(book.draw("data", "1")) for _ in range(1000)]

    assert 240 < sum(drawn(1)) < 360
    assert drawn(1) == drawn(1) != drawn(2)


def test_faults_are_put_on_and_off_over_http(stage: Stage) -> None:
    number = stage.client.post("/control/faults", content="status503@site=1586").json()["number"]
    assert stage.data().status_code == 503
    assert stage.client.get("/control/faults").json()[str(number)]["kind"] == "status503"
    assert stage.client.delete(f"/control/faults/{number}").status_code == 200
    assert stage.data().status_code == 200
    assert stage.client.post("/control/faults", json={"fault": "html"}).status_code == 201
    assert stage.client.delete("/control/faults").status_code == 200
    assert stage.client.get("/control").json() == {"faults": {}, "counts": {"login": 1, "data": 2}}
    entries = stage.client.get("/control/log?after=1").json()
    assert [entry["n"] for entry in entries] == [2]
    stage.client.post("/control/sessions/end")
    assert stage.data().status_code == 302


def test_a_fault_nobody_understands_is_refused_with_the_list(stage: Stage) -> None:
    for text in ("hung", "null", "hang@often", "hang@130%", "clock:late", "status500@on=moon", "status200"):
        with pytest.raises(BadInput, match="cannot be understood"):
            parse_rule(text)
    answer = stage.client.post("/control/faults", content="hung")
    assert answer.status_code == 400
    assert "no fault 'hung'" in answer.json()["error"]
    assert "counterreset" in answer.json()["hint"]
    assert stage.client.get("/control/nothing").status_code == 400

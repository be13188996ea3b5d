"""What sources send by themselves: JSON and line protocol, once or twice, late or too much."""

import gzip
import threading
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import httpx2
import pytest
from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS
from tests.web.support import COOKIE, NOW_AT, SetClock, add, services, serving

from liveone.domain.averages import Timed
from liveone.domain.points import MOST_POINTS
from liveone.domain.push_token import new_push_token, push_token_hash
from liveone.domain.sources import PUSH, HouseSource
from liveone.domain.system import FROM_SOURCES
from liveone.sealing import SecretBox
from liveone.store import points, readings, repair, systems
from liveone.store import sources as stored
from liveone.store.changes import ChangeEntry
from liveone.store.database import Statement
from liveone.store.files import create
from liveone.store.store import Store, open_store
from liveone.web.answers import ApiError
from liveone.web.routes.push import EACH, PushGate
from liveone.web.services import AcceptedValues
from liveone.wiring.house_sources import SourceBook
from liveone.wiring.push_intake import PushIntake

TOKEN, OTHER = new_push_token(), new_push_token()
BEARER = {"authorization": f"Bearer {TOKEN}"}
NOW_NS = NOW_AT * 10**9


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    create(tmp_path / "push.db")
    found = open_store(tmp_path / "push.db")
    for name, token in (("Home", TOKEN), ("Shed", OTHER)):
        house = systems.add_system(
            found,
            owner="alice",
            vendor_type=FROM_SOURCES,
            vendor_site_id="",
            display_name=name,
            timezone_offset_min=600,
        )
        add_source(found, house.id, "esp", token, "solar", "grid")
    yield found
    found.close()


@pytest.fixture
def client(store: Store) -> Iterator[httpx2.Client]:
    clock = SetClock()
    with serving(replace(services(store, clock=clock), pushes=PushIntake(store, clock))) as found:
        yield found


def add_source(store: Store, system_id: int, name: str, token: str, *roles: str) -> HouseSource:
    return stored.add_source(
        store,
        system_id,
        name=name,
        vendor_type=PUSH,
        roles=roles,
        settings={},
        token_hash=push_token_hash(token),
    )  # type: ignore[arg-type]


def kept(store: Store, source_id: int = 1) -> dict[int, dict[str, Any]]:
    return dict(stored.values_between(store, source_id, 0, NOW_AT + 1000))


def send(client: httpx2.Client, body: Any, headers: dict[str, str] = BEARER) -> httpx2.Response:
    return client.post("/api/readings", json=body, headers=headers)


def write(client: httpx2.Client, text: str | bytes, **more: Any) -> httpx2.Response:
    return client.post(
        more.pop("path", "/api/write"), content=text, headers=more.pop("headers", BEARER), **more
    )


def test_a_reading_is_kept_and_sending_it_twice_changes_nothing(client: httpx2.Client, store: Store) -> None:
    body = {"at": NOW_AT - 5, "solar_w": 3120.5, "grid_w": -2379, "solar_kwh_total": 100.25}
    assert send(client, body).json() == {"success": True, "accepted": 1, "new": 1, "recorded": 0, "late": 0}
    assert send(client, body).json()["new"] == 0
    assert send(client, body | {"solar_w": 1}).json()["new"] == 0
    assert kept(store) == {NOW_AT - 5: {"solar_w": 3121, "grid_w": -2379, "solar_kwh_total": 100.25}}


def test_fields_of_one_moment_come_together_whoever_is_first(client: httpx2.Client, store: Store) -> None:
    assert send(client, {"at": NOW_AT, "solar_w": 5}).json()["new"] == 1
    assert send(client, [{"at": NOW_AT, "grid_w": 6}, {"at": NOW_AT, "grid_w": 7}]).json()["new"] == 1
    assert kept(store) == {NOW_AT: {"solar_w": 5, "grid_w": 6}}


@pytest.mark.parametrize("is_batch", [True, False])
def test_telegraf_sends_its_json_as_it_is(client: httpx2.Client, store: Store, is_batch: bool) -> None:
    metric = {
        "fields": {"solar_w": 3120, "grid_w": -2379.4},
        "name": "house",
        "tags": {"host": "pi"},
        "timestamp": NOW_AT - 5,
    }
    assert send(client, {"metrics": [metric]} if is_batch else metric).status_code == 200
    assert kept(store) == {NOW_AT - 5: {"solar_w": 3120, "grid_w": -2379}}
    wrong = send(client, {"metrics": [metric, {**metric, "fields": {"usage": 1}}]})
    assert "reading 2: 'usage' is no field" in wrong.json()["error"]


def test_without_a_time_it_is_of_now_and_times_may_be_iso(client: httpx2.Client, store: Store) -> None:
    assert (
        send(
            client, {"readings": [{"solar_w": 1}, {"at": "2025-08-18T10:01:00+10:00", "solar_w": 2}]}
        ).status_code
        == 200
    )
    assert kept(store) == {NOW_AT: {"solar_w": 1}, NOW_AT - 71: {"solar_w": 2}}


def test_the_past_becomes_a_reading_for_each_minute_that_has_none(
    client: httpx2.Client, store: Store
) -> None:
    """Out of order, and each value counts for as long as it held."""
    minute = (NOW_AT - 7200) // 60 * 60
    sent = [
        {"at": minute + 90, "solar_w": 300},
        {"at": minute + 45, "solar_w": 2000, "grid_w": -1000},
        {"at": minute + 15, "solar_w": 1000, "grid_w": 500},
    ]
    assert send(client, sent).json() == {"success": True, "accepted": 3, "new": 3, "recorded": 2, "late": 0}
    first, second = readings.between(store, 1, minute, minute + 120)
    assert (first.inverter_time, first.solar_w, first.grid_w, first.load_w) == (minute + 45, 1333, 0, 1333)
    assert (second.inverter_time, second.solar_w, second.grid_w, second.load_w) == (
        minute + 90,
        300,
        None,
        None,
    )
    assert send(client, sent).json()["recorded"] == 0
    assert send(client, {"at": minute + 50, "solar_w": 9}).json()["recorded"] == 0
    assert len(readings.between(store, 1, 0, NOW_AT)) == 2


def test_beside_an_account_the_past_is_late(client: httpx2.Client, store: Store) -> None:
    house = add(store, "alice")
    token = new_push_token()
    add_source(store, house.id, "esp", token, "grid")
    sent = send(client, {"at": NOW_AT - 7200, "grid_w": 1}, {"authorization": f"Bearer {token}"})
    assert (sent.json()["recorded"], sent.json()["late"]) == (0, 1)


def test_in_a_house_of_several_sources_the_past_is_late(client: httpx2.Client, store: Store) -> None:
    add_source(store, 1, "battery", new_push_token(), "battery")
    assert send(client, {"at": NOW_AT - 7200, "solar_w": 1}).json() == {
        "success": True, "accepted": 1, "new": 1, "recorded": 0, "late": 1,
    }  # fmt: skip
    assert readings.between(store, 1, 0, NOW_AT) == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ([{"solar_w": 1}, {"solr_w": 2}], "reading 2: 'solr_w' is no field of this source"),
        ({"battery_w": 1}, "'battery_w' is no field of this source"),
        ({"solar_w": "12"}, "solar_w is '12', and must be a number"),
        ({"solar_w": True}, "must be a number"),
        ({"solar_w": 2e6}, "outside -100 to 1,000,000"),
        ({"at": NOW_AT + 500, "solar_w": 1}, "lies in the future"),
        ({"at": 1, "solar_w": 1}, "before the year 2000"),
        ({"at": "2026-06-01T12:00:00", "solar_w": 1}, "has no offset"),
        ({"at": "soon", "solar_w": 1}, "has no offset"),
        ({"at": [], "solar_w": 1}, "is none"),
        ({"at": NOW_AT}, "has no value"),
        ([3], "reading 1 is no JSON object"),
        ("x", "is no JSON object"),
        ([{"solar_w": 1}] * 20_001, "too many at once"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_taken(
    client: httpx2.Client, store: Store, body: Any, says: str
) -> None:
    found = send(client, body)
    assert (found.status_code, says in found.json()["error"]) == (400, True), found.text
    assert found.json()["hint"]
    assert kept(store) == {}


DEEP = "[" * 1000 + "]" * 1000


@pytest.mark.parametrize(
    "body",
    [f'{{"solar_w":{DEEP}}}', f'{{"solar_w":1,"at":{DEEP}}}', f'{{"solar_w":"{"a" * 900_000}"}}',
     f'{{"{"a" * 900_000}":1}}', f'{{"solar_w":1,"points":{{"{"a" * 900_000}":1}}}}'],
    ids=["deep", "deep time", "long value", "long name", "long point"],
)  # fmt: skip
def test_of_what_is_deep_or_long_little_comes_back(client: httpx2.Client, body: str) -> None:
    found = client.post("/api/readings", content=body, headers=BEARER)
    assert found.status_code == 400
    assert len(found.content) < 2_000


def test_more_points_than_a_system_may_have_are_refused_before_any_is_looked_up(
    client: httpx2.Client, store: Store
) -> None:
    with mock.patch.object(points, "meet") as meet:
        found = send(client, {"points": {f"p{number}": 1 for number in range(1_001)}})
    assert (found.status_code, "one point too many" in found.text) == (400, True)
    meet.assert_not_called()


def test_one_source_has_not_all_the_places() -> None:
    gate = PushGate()
    with ExitStack() as stack:
        for _ in range(EACH):
            stack.enter_context(gate.place(1))
        with pytest.raises(ApiError), gate.place(1):
            pass
        with gate.place(2):
            pass
    with gate.place(1):
        pass


def test_what_is_no_json_is_told(client: httpx2.Client) -> None:
    found = client.post("/api/readings", content=b"{solar", headers=BEARER)
    assert (found.status_code, "not JSON" in found.json()["error"]) == (400, True)


def test_only_the_token_of_a_source_lets_in_and_only_to_its_house(
    client: httpx2.Client, store: Store
) -> None:
    body = {"solar_w": 1}
    assert send(client, body, {}).status_code == 401
    assert send(client, body, COOKIE).status_code == 401
    assert send(client, body, {"authorization": "Bearer lo-push-wrong"}).status_code == 401
    assert send(client, body, {"authorization": f"Bearer {OTHER}"}).status_code == 200
    assert (kept(store, 1), kept(store, 2)) == ({}, {NOW_AT: {"solar_w": 1}})
    assert client.get("/api/data", headers=BEARER).status_code == 401
    stored.remove_source(store, stored.find_source(store, 1, "esp"))
    assert send(client, body).status_code == 401


@pytest.mark.parametrize("path", ["/api/write", "/api/v2/write"])
@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Token {TOKEN}"},
        {"authorization": f"Token any:{TOKEN}"},
        {"authorization": f"Basic {b64encode(f'any:{TOKEN}'.encode()).decode()}"},
        BEARER,
    ],
)
def test_line_protocol_is_taken_with_any_clients_credential(
    client: httpx2.Client, store: Store, path: str, headers: dict[str, str]
) -> None:
    first = f"# a comment\n\nhouse,room=a\\ b solar_w=3120.4,grid_w=-2379i {NOW_NS}\n"
    lines = first + f"m solar_kwh_total=1e2 {NOW_NS - 10**9}\r\n"
    assert write(client, lines, path=path, headers=headers).status_code == 204
    assert kept(store) == {NOW_AT: {"solar_w": 3120, "grid_w": -2379}, NOW_AT - 1: {"solar_kwh_total": 100}}


def test_a_password_in_the_address_counts_as_influxdb_1_has_it(client: httpx2.Client) -> None:
    assert (
        write(client, "m solar_w=1", headers={}, params={"u": "x", "p": TOKEN, "db": "x"}).status_code == 204
    )


@pytest.mark.parametrize(
    ("precision", "units"), [("s", 1), ("ms", 10**3), ("u", 10**6), ("us", 10**6), ("ns", 10**9)]
)
def test_the_precision_says_what_a_timestamp_counts(
    client: httpx2.Client, store: Store, precision: str, units: int
) -> None:
    assert write(client, f"m solar_w=1 {NOW_AT * units}", params={"precision": precision}).status_code == 204
    assert kept(store) == {NOW_AT: {"solar_w": 1}}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("m solar_w=1\nm solar_w", "line 2 is not line protocol"),
        ("\n\nm solr_w=1", "line 3: 'solr_w' is no field"),
        ('m solar_w="much"', "line 1: solar_w is '\"much\"', and must be a number"),
        ("m solar_w=t", "must be a number"),
        ("m solar_w=1 1", "before the year 2000"),
        ("m solar_w=1 x", "is not line protocol"),
        ("m,a solar_w=1", "is not line protocol"),
        ("m  ", "is not line protocol"),
        ("m solar_w=nan", "must be a number"),
        ("m solar_w=1e999", "must be a number"),
    ],
)
def test_a_line_that_is_wrong_is_named_by_its_number(
    client: httpx2.Client, store: Store, lines: str, says: str
) -> None:
    found = write(client, lines)
    assert (found.status_code, says in found.json()["error"]) == (400, True), found.text
    assert kept(store) == {}


def test_a_precision_that_is_none_is_told(client: httpx2.Client) -> None:
    assert "precision='h' is none" in write(client, "m solar_w=1", params={"precision": "h"}).json()["error"]


def test_gzip_is_taken_and_bounded(client: httpx2.Client, store: Store) -> None:
    packed = BEARER | {"content-encoding": "gzip"}
    assert write(client, gzip.compress(f"m solar_w=1 {NOW_NS}".encode()), headers=packed).status_code == 204
    assert kept(store) == {NOW_AT: {"solar_w": 1}}
    assert write(client, gzip.compress(b"\n" * 20_000_000), headers=packed).status_code == 413
    assert write(client, gzip.compress(b"m solar_w=1")[:-9], headers=packed).status_code == 400
    assert write(client, b"m solar_w=1", headers=packed).status_code == 400
    assert write(client, b"x", headers=BEARER | {"content-encoding": "br"}).status_code == 400
    assert write(client, b"x" * 1_000_001).status_code == 413


def test_the_client_of_influxdb_2_writes_as_it_does_to_influxdb(client: httpx2.Client, store: Store) -> None:
    with InfluxDBClient(url=str(client.base_url), token=TOKEN, org="home", enable_gzip=True) as influx:
        points = [
            Point("house")
            .tag("room", "roof, east")
            .field("solar_w", 3120.5 + number)
            .field("grid_w", -5)
            .time(NOW_NS - number * 10**9)
            for number in range(30)
        ]
        influx.write_api(write_options=SYNCHRONOUS).write(bucket="energy", record=points)
    assert len(kept(store)) == 30
    assert kept(store)[NOW_AT - 29] == {"solar_w": 3150, "grid_w": -5}


class Slow(PushIntake):
    """Takes its time, so that more is sent than is taken."""

    def __init__(self, store: Store, clock: SetClock) -> None:
        super().__init__(store, clock)
        self.go_on = threading.Event()

    def accept(self, source: HouseSource, samples: Sequence[Timed]) -> AcceptedValues:
        self.go_on.wait(30)
        return super().accept(source, samples)


def test_too_much_at_once_is_told_to_come_again_and_nothing_accepted_is_lost(store: Store) -> None:
    clock = SetClock()
    slow = Slow(store, clock)
    with (
        serving(replace(services(store, clock=clock), pushes=slow)) as client,
        ThreadPoolExecutor(40) as crowd,
    ):
        sent = [
            crowd.submit(send, client, {"at": NOW_AT - number, "solar_w": number}) for number in range(40)
        ]
        refused = next(each for each in map(_first_refused, [sent]) if each is not None)
        assert refused.headers["retry-after"] == "1"
        slow.go_on.set()
        answers = [each.result() for each in sent]
    accepted = {NOW_AT - number for number, each in enumerate(answers) if each.status_code == 200}
    assert {each.status_code for each in answers} == {200, 429}
    assert accepted == set(kept(store))


def _first_refused(sent: Sequence[Any]) -> httpx2.Response | None:
    """Some are refused while the others are worked on."""
    for _ in range(600):
        done = [each.result() for each in sent if each.done()]
        if refused := [each for each in done if each.status_code == 429]:
            return refused[0]
        threading.Event().wait(0.05)
    return None


def test_a_server_that_may_not_write_says_so(store: Store) -> None:
    with serving(services(store)) as client:
        assert send(client, {"solar_w": 1}).status_code == 503


def points_of(store: Store, system_id: int = 1) -> dict[str, list[tuple[int, float]]]:
    return {
        point.key: points.values_between(store, point.id, 0, NOW_AT * 2)
        for point in points.list_points(store, system_id)
    }


def test_points_are_sent_beside_fields_in_json_and_line_protocol(client: httpx2.Client, store: Store) -> None:
    body = {"at": NOW_AT, "solar_w": 5, "points": {"car_w": 7200.4, "flow_c": 41.25, "off_a": None}}
    assert send(client, body).json()["new"] == 1
    assert send(client, {"at": NOW_AT, "point.car_kwh_total": 812.5}).json()["new"] == 1
    assert write(client, f"x point.tank_c=55.5,grid_w=1i {NOW_NS}").status_code == 204
    units = {point.key: (point.unit, point.kind, point.source) for point in points.list_points(store, 1)}
    assert units == {
        "car_w": ("W", "power", "esp"),
        "flow_c": ("°C", "level", "esp"),
        "car_kwh_total": ("kWh", "counter", "esp"),
        "tank_c": ("°C", "level", "esp"),
    }
    assert kept(store)[NOW_AT]["point.flow_c"] == 41.25


def test_points_of_now_come_with_the_next_poll_as_the_mean_of_its_span(
    store: Store,
) -> None:
    clock = SetClock()
    intake, (source, _) = PushIntake(store, clock), stored.list_sources(store)
    at = int(clock.now_at())
    samples = [(at - 60, {"point.t_c": 10.0}), (at - 15, {"point.t_c": 20.0, "solar_w": 3})]
    intake.accept(source, [*samples, (at - 15, {"point.car_kwh_total": 7.5})])
    book = SourceBook(store, SecretBox(lambda: (), lambda: ()), clock)
    system = systems.get_system(store, 1)
    assert system is not None
    house = book.house(system)
    assert house is not None
    poll = house.poll("", memory={}, now_at=clock.now_at())
    assert [(point.source, point.key, point.value) for point in poll.points] == [
        ("esp", "t_c", 12.5),
        ("esp", "car_kwh_total", 7.5),
    ]
    assert poll.reading.solar_w == 3


def test_points_of_the_past_are_recorded_at_once_in_any_order_and_once(
    client: httpx2.Client, store: Store
) -> None:
    stored.add_source(store, 1, name="other", vendor_type=PUSH, roles=["load"], settings={}, token_hash="x")
    day = [{"at": NOW_AT - 86_400 - 30 * n, "points": {"car_w": n}} for n in range(240)]
    for part in (day[120:], day[:120], day):
        assert send(client, part).status_code == 200
    first, *others = points_of(store)["car_w"][::-1]
    assert first == (NOW_AT - 86_400, 0.0)
    assert len(others) in (119, 120)
    assert points_of(store, 2) == {}


def test_what_is_excluded_stays_out_when_it_is_sent_again(client: httpx2.Client, store: Store) -> None:
    at = NOW_AT - 7200
    assert send(client, {"at": at, "points": {"car_w": 5}}).json()["new"] == 1
    repair.take_out(store, 1, ChangeEntry("exclude", "x", "me", at - 60, at + 60))
    assert send(client, {"at": at + 1, "points": {"car_w": 5}}).json()["new"] == 1
    assert points_of(store) == {"car_w": []}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"car_w": 5}, "sent as point.car_w"),
        ({"point.": 5}, "no key of a point"),
        ({"point.a b": 5}, "no key of a point"),
        ({"points": {"k" * 81: 5}}, "no key of a point"),
        ({"points": [5]}, "no JSON object"),
        ({"points": {"car_w": "5"}}, "must be a number"),
        ({"points": {"car_w": True}}, "must be a number"),
        ({"points": {"car_w": 1e16}}, "no quantity of a house"),
        ({"points": {}}, "has no value"),
    ],
    ids=str,
)
def test_what_is_no_point_is_refused_with_what_to_write(
    client: httpx2.Client, store: Store, body: dict[str, Any], words: str
) -> None:
    answered = send(client, {"at": NOW_AT, **body})
    assert answered.status_code == 400
    assert words in answered.text
    assert points.list_points(store, 1) == []


def test_a_sender_whose_keys_change_fills_nothing(client: httpx2.Client, store: Store) -> None:
    many = {f"k{number}": 1 for number in range(MOST_POINTS)}
    assert send(client, {"at": NOW_AT, "points": many}).status_code == 200
    answered = send(client, {"at": NOW_AT, "points": {"more": 1}})
    assert answered.status_code == 400
    assert "at most 1,000" in answered.text
    assert "point.more" not in kept(store)[NOW_AT]


def test_before_the_plan_points_are_refused_and_may_be_sent_again_after_it(
    client: httpx2.Client, store: Store
) -> None:
    tables = ("points", "point_readings", "point_readings_agg_5m", "point_readings_agg_1d")
    store.database.write([Statement(f"ALTER TABLE {name} RENAME TO changeover_{name}") for name in tables])
    body = {"at": NOW_AT - 900, "points": {"car_w": 5}}
    assert send(client, body).status_code >= 500
    assert kept(store) == {}
    store.database.write([Statement(f"ALTER TABLE changeover_{name} RENAME TO {name}") for name in tables])
    assert send(client, body).status_code == 200
    assert points_of(store) == {"car_w": [(NOW_AT - 900, 5.0)]}


def test_points_do_not_disturb_what_a_page_shows_between_polls(store: Store) -> None:
    clock = SetClock()
    book = SourceBook(store, SecretBox(lambda: (), lambda: ()), clock)
    system, (source, _) = systems.get_system(store, 1), stored.list_sources(store)
    assert system is not None
    assert book.house(system) is not None
    book.keep_pushed(source, NOW_AT, {"point.car_w": 5, "solar_w": 7})
    found = book.now_of(1, NOW_AT)
    assert found is not None
    assert found.solar_w == 7

"""Points by the API: listed, named, hidden, removed, and in a history beside the house's own series."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.web.support import COOKIE, DAY_S, NOW_AT, SetClock, add, services, serving

from liveone.collect.days import closer, point_closer
from liveone.domain.points import Point
from liveone.domain.reading import Reading
from liveone.store import points, readings
from liveone.store.files import create
from liveone.store.readings import Recorded
from liveone.store.store import Store, open_store

BASE = "/api/systems/1/points"
HISTORY = "/api/v2/history?systemId=1"


def polls(start_at: int, end_at: int) -> Iterator[Recorded]:
    """A house that charges its car from the grid and does nothing else: the grid is the oracle of the car."""
    kwh = 100.0
    for at in range(start_at + 60, end_at + 1, 60):
        watts = 7000 if at // 7200 % 2 else 0
        kwh += watts / 60_000
        reading = Reading(at, at + 2, load_w=watts, grid_w=watts, grid_in_kwh_total=round(kwh, 2))
        told = (
            Point("car_w", "Car", "W", float(watts), "garage"),
            Point("car_kwh_total", "Car", "kWh", round(kwh, 2), "garage"),
            Point("flow_c", "Flow", "°C", 40.25, "heat pump"),
            Point("flow_c", "Flow", "°C", 20.5, "roof"),
        )
        yield Recorded(1, reading, polled_at=at, points=told)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("points") / "liveone.db"
    create(path)
    opened = open_store(path)
    add(opened, "owner")
    add(opened, "owner", site="1587")
    readings.record(opened, list(polls(NOW_AT - 3 * DAY_S, NOW_AT)))
    closer.catch_up(opened, NOW_AT)
    point_closer.catch_up(opened, NOW_AT)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(store: Store) -> Iterator[httpx2.Client]:
    with serving(services(store, clock=SetClock())) as found:
        found.headers.update(COOKIE)
        yield found


def series(client: httpx2.Client, query: str) -> list[dict[str, Any]]:
    answered = client.get(f"{HISTORY}&{query}")
    assert answered.status_code == 200, answered.text
    return list(answered.json()["data"])


def test_points_are_listed_with_their_newest_values(client: httpx2.Client) -> None:
    found = client.get(BASE).json()
    assert [(one["source"], one["key"], one["unit"], one["hasEnergy"]) for one in found["points"]] == [
        ("garage", "car_w", "W", True),
        ("garage", "car_kwh_total", "kWh", True),
        ("heat pump", "flow_c", "°C", False),
        ("roof", "flow_c", "°C", False),
    ]
    assert found["points"][2]["value"] == 40.25
    assert found["points"][2]["at"].startswith("2025-08-18T10:02")
    assert client.get("/api/systems/2/points").json()["points"] == []
    assert client.get("/api/systems/9/points").status_code == 404


@pytest.mark.parametrize("query", ["interval=5m&last=6h", "interval=30m&last=2d", "interval=1d&last=4d"])
def test_a_history_of_a_point_is_what_the_house_has_of_the_same_power(
    client: httpx2.Client, query: str
) -> None:
    theirs, energy = "grid,grid_in_kwh,grid_out_kwh", "point:garage.car_w,point_kwh:car_w,point_kwh:2"
    power, come_in, gone_out, *mine = series(client, f"{query}&fields={theirs},{energy}")
    if query.startswith("interval=1d"):
        assert mine[0]["units"] == "W"
    else:
        assert mine[0]["history"]["data"] == power["history"]["data"]
    net = [
        None if a is None and b is None else round((a or 0) - (b or 0), 6)
        for a, b in zip(come_in["history"]["data"], gone_out["history"]["data"], strict=True)
    ]
    assert any(net)
    for each in mine[1:]:
        assert each["history"]["data"] == pytest.approx(net, abs=2e-6)
        assert each["units"] == "kWh"


def test_levels_and_counters_in_every_form(client: httpx2.Client) -> None:
    level, counter = series(client, "interval=1d&last=2d&fields=point:3,point:car_kwh_total")
    assert level["history"]["data"] == [40.25, 40.25]
    assert (level["units"], level["type"], level["description"]) == ("°C", "level", "Flow")
    assert len(counter["history"]["data"]) == 2
    rows = client.get(f"{HISTORY}&interval=30m&last=1h&fields=solar,point:3,point:4&format=csv")
    assert rows.text.splitlines()[0] == "start,end,solar_w,point_3_flow_c,point_4_flow_c"
    assert rows.text.splitlines()[1].endswith(",,40.25,20.5")
    old = client.get("/api/history?systemId=1&interval=5m&last=1h&fields=nonsense,point:3")
    assert len(old.json()["data"]) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("point:flow_c", "is several points: point:3, point:4"),
        ("point:none", "has no point"),
        ("point:99", "has no point"),
        ("point:", "has no point"),
        ("point_kwh:3", "has no energy"),
        (",".join(f"point:{number}" for number in range(25)), "at most 24"),
        ("points:3", "is not one of"),
    ],
)
def test_what_is_no_point_of_this_system_is_refused(client: httpx2.Client, fields: str, words: str) -> None:
    answered = client.get(f"{HISTORY}&interval=5m&last=1h&fields={fields}")
    assert answered.status_code == 400
    assert words in answered.text
    other = client.get("/api/v2/history?systemId=2&interval=5m&last=1h&fields=point:1")
    assert other.status_code == 400


def test_an_owner_names_hides_and_removes(client: httpx2.Client, store: Store) -> None:
    more = Point("old_a", "Old", "A", 1.0)
    readings.record(store, [Recorded(1, Reading(NOW_AT + 30, NOW_AT + 30, load_w=1), points=(more,))])
    (old,) = [point for point in points.list_points(store, 1) if point.key == "old_a"]
    one = f"{BASE}/{old.id}"
    edited = client.patch(one, json={"name": "<b>Zoé</b>", "role": "car", "hidden": True}).json()["point"]
    assert (edited["name"], edited["role"], edited["hidden"]) == ("<b>Zoé</b>", "car", True)
    assert old.id not in [each["id"] for each in client.get(BASE).json()["points"]]
    assert old.id in [each["id"] for each in client.get(f"{BASE}?hidden=true").json()["points"]]
    for wrong in ({"name": " "}, {"role": "boat"}):
        assert client.patch(one, json=wrong).status_code == 400
    assert client.patch(one, json={"unit": "V"}).status_code == 422
    assert client.patch(f"/api/systems/2/points/{old.id}", json={"name": "x"}).status_code == 404
    assert client.request("DELETE", one, json={"confirm": "Old"}).status_code == 400
    assert client.request("DELETE", one, json={"confirm": "<b>Zoé</b>"}).status_code == 200
    assert old.id not in [point.id for point in points.list_points(store, 1)]


def test_five_hundred_points_are_listed(tmp_path: Path) -> None:
    create(tmp_path / "many.db")
    store = open_store(tmp_path / "many.db")
    add(store, "owner")
    told = tuple(Point(f"circuit_{number}_w", "", "W", 1.0 * number) for number in range(500))
    for at in (NOW_AT - 60, NOW_AT):
        readings.record(store, [replace(Recorded(1, Reading(at, at, load_w=1)), points=told)])
    with serving(services(store, clock=SetClock())) as client:
        found = client.get(BASE, headers=COOKIE).json()["points"]
        assert [one["value"] for one in found] == [float(number) for number in range(500)]
        text = client.get("/metrics", headers=COOKIE).text
    (line,) = [one for one in text.splitlines() if 'key="circuit_7_w"' in one]
    assert line.startswith("liveone_point_value{")
    assert 'unit="W"' in line
    assert line.endswith("} 7.0")
    store.close()

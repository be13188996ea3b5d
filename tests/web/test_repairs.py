"""Imports and repairs through the API: for administrators alone, looked at before, undone after."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from tests.web.support import COOKIE, NOW_AT, Calls, SetClock, seeded, services, serving

from liveone.store import readings
from liveone.store.store import Store
from liveone.web.routes import repairs
from liveone.wiring.repairs import ReadingRepairs

AT = NOW_AT - 40 * 86_400
CSV = f"sep=;\nZeit;Haus [kW];Rest\n{AT};1,5;x\n{AT + 300};-;\n{AT + 600};9999;\n".encode()
ASKED = {"name": "house.csv", "map": "Haus [kW]=load_w"}
PATH = "/api/admin/systems/1/import"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = seeded(tmp_path / "live.db")
    yield found
    found.close()


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def client(store: Store, calls: Calls) -> Iterator[httpx2.Client]:
    clock = SetClock()
    wired = replace(services(store, clock=clock, calls=calls), repairs=ReadingRepairs(store, clock))
    with serving(wired) as anonymous:
        assert anonymous.post(PATH, content=CSV).status_code == 401
        with httpx2.Client(base_url=anonymous.base_url, headers=COOKIE, timeout=20) as owner:
            yield owner


def test_a_file_is_looked_at_then_imported_then_undone(
    client: httpx2.Client, store: Store, calls: Calls
) -> None:
    count = readings.count(store, 1)
    seen = client.post(PATH, params={**ASKED, "dryRun": "true"}, content=CSV).json()
    assert (seen["offered"], seen["new"], seen["change"], seen["leftOut"]) == (3, 3, None, 1)
    assert seen["rows"][0]["values"] == {"load_w": 1500}
    assert seen["lines"] == [{"line": 5, "reason": "load_w: 9.999e+06 cannot be; the value was left out"}]
    assert "Columns that were not read: Rest." in seen["notes"]
    assert (readings.count(store, 1), calls.jobs) == (count, [])
    done = client.post(PATH, params=ASKED, content=CSV).json()
    assert (done["new"], readings.count(store, 1), len(calls.jobs)) == (3, count + 3, 1)
    (change,) = client.get("/api/admin/changes").json()["changes"]
    assert (change["source"], change["added"], change["by"], change["system"]) == (
        "house.csv", 3, "the administrator", "Home 1586"
    )  # fmt: skip
    undone = client.post(f"/api/admin/changes/{change['id']}/undo").json()
    assert undone["change"]["undoneBy"] == "the administrator"
    assert readings.count(store, 1) == count
    again = client.post(f"/api/admin/changes/{change['id']}/undo")
    assert (again.status_code, "undone already" in again.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"name": "house.csv"}, "house.csv: no column holds a value"),
        ({**ASKED, "format": "nonsense"}, "no format is called"),
        ({**ASKED, "energyUnit": "J"}, "no unit is called"),
        ({**ASKED, "timezone": "Nowhere"}, "no time zone"),
        ({**ASKED, "map": "a=b"}, "names no column"),
    ],
)
def test_what_cannot_be_done_is_said(client: httpx2.Client, params: dict[str, str], says: str) -> None:
    answer = client.post(PATH, params=params, content=CSV)
    assert (answer.status_code, says in answer.json()["error"]) == (400, True), answer.text


def test_a_span_is_counted_then_forgotten(client: httpx2.Client, store: Store) -> None:
    span = {"from": "2025-08-17", "to": "2025-08-17"}
    path = "/api/admin/systems/1/readings"
    seen = client.post(path, json={**span, "dryRun": True}).json()["done"]
    count = readings.count(store, 1)
    assert seen["readings"] == 1440
    gone = client.post(path, json={**span, "reason": "a faulty meter"}).json()["done"]
    assert (gone["setAside"], gone["source"], readings.count(store, 1)) == (
        1440,
        "a faulty meter",
        count - 1440,
    )
    assert client.post(path, json={"from": "x", "to": "y"}).status_code == 400
    columns = {**span, "from": "2025-08-16", "to": "2025-08-16", "kind": "exclude", "columns": ["load_w"]}
    assert client.post(path, json=columns).json()["done"]["columns"] == ["load_w"]


def test_a_body_beyond_the_bound_is_refused(client: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repairs, "UPLOAD_BYTES_MAX", 10)
    assert client.post(PATH, params=ASKED, content=CSV).status_code == 413


def test_without_repairs_nothing_is_offered(store: Store) -> None:
    with serving(services(store)) as client:
        assert client.get("/api/admin/changes", headers=COOKIE).status_code == 503


@pytest.mark.parametrize("system_id", ["99", "99999999999999999999"])
def test_a_system_that_there_is_not_is_404_before_the_body_is_looked_at(
    client: httpx2.Client, system_id: str
) -> None:
    for what in ("import", "readings"):
        asked = client.post(
            f"/api/admin/systems/{system_id}/{what}", params={"name": "house.csv"}, content=b"{}"
        )
        assert (asked.status_code, asked.json()["error"]) == (404, f"There is no system {system_id}.")

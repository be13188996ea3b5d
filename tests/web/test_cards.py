"""The overview's cards: every system with its own state, and days worked out once per five minutes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.web.support import COOKIE, NOW_AT, add, later, seeded, services, serving

from liveone.store import readings, systems
from liveone.store.readings import Recorded
from liveone.store.store import Store
from liveone.web.now import cards
from liveone.web.now.cards import Cards


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Store]:
    store = seeded(tmp_path / "live.db", days=1)
    yield store
    store.close()


def test_a_card_says_what_api_data_says(owner: httpx2.Client) -> None:
    card = owner.get("/api/overview").json()["cards"]["1"]
    data = owner.get("/api/data?systemId=1").json()
    assert card["latest"] == data["latest"]
    assert card["freshness"].keys() == data["freshness"].keys()
    assert card["polling"] == data["polling"]


def test_a_system_without_a_reading_says_why(fresh: Store) -> None:
    add(fresh, "alice", site="1587")
    with serving(services(fresh)) as client:
        found = client.get("/api/overview", headers=COOKIE).json()["cards"]
    assert "it has not been polled" in found["2"]["error"]
    assert found["1"]["latest"]["power"]["loadW"] > 0


def test_days_are_worked_out_once_per_five_minutes(fresh: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = cards.read_snapshot

    def counted(store: Store, system_id: int, *span: Any, **options: Any) -> object:
        asked.append(system_id)
        return real(store, system_id, *span, **options)

    monkeypatch.setattr(cards, "read_snapshot", counted)
    known, found = Cards(services(fresh)), systems.list_systems(fresh)
    known.of(found, NOW_AT, at_once=False)
    known.of(found, NOW_AT, at_once=False)
    assert asked == [1]
    newest = readings.latest(fresh, 1, NOW_AT)
    assert newest is not None
    readings.record(fresh, [Recorded(1, later(newest, 300), polled_at=NOW_AT)])
    known.of(found, NOW_AT + 300, at_once=False)
    assert asked == [1, 1]


def test_a_page_of_many_systems_does_not_wait_for_their_days(
    fresh: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "AT_ONCE", 0)
    known, found = Cards(services(fresh)), systems.list_systems(fresh)
    assert "today" not in known.of(found, NOW_AT, at_once=True)["1"]["latest"]["energy"]
    assert known.of(found, NOW_AT, at_once=False)["1"]["latest"]["energy"]["today"]["solarKwh"] > 0

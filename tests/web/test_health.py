"""Health tells the truth: what cannot be written to is not well, what waits for a moment is."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from tests.web.support import SetClock, seeded, services, serving

from liveone.store.database import Full, Held, ReadOnly, Retired, StoreError
from liveone.store.store import Store
from liveone.web.now import health


def refusing(store: Store, error: StoreError, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(store.database, "write", refuse)


def test_a_file_that_others_hold_is_503_only_when_they_hold_it_long(tmp_path: Path) -> None:
    store, clock = seeded(tmp_path / "live.db", days=1), SetClock()
    store.database._busy_timeout_s = 0.1  # type: ignore[attr-defined]
    with (
        serving(services(store, clock=clock)) as client,
        closing(sqlite3.connect(tmp_path / "live.db")) as other,
    ):
        assert status(client) == (200, "ok")
        other.execute("BEGIN IMMEDIATE")
        clock.at += health.WRITE_EVERY_S
        assert status(client) == (200, "degraded")
        clock.at += health.REFUSED_S
        assert status(client) == (503, "unavailable")
        assert client.get("/api/health/ready").json() == {"status": "ok", "error": None}
        other.rollback()
        assert status(client) == (200, "ok")
    store.close()


@pytest.mark.parametrize("error", [ReadOnly("no"), Full("no room")])
def test_a_database_that_can_take_no_write_is_503_at_once_and_still_ready(
    tmp_path: Path, error: StoreError, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = seeded(tmp_path / "live.db", days=1)
    refusing(store, error, monkeypatch)
    with serving(services(store)) as client:
        unwell = client.get("/api/health")
        assert (unwell.status_code, unwell.json()["status"]) == (503, "unavailable")
        assert str(error) in unwell.json()["error"]
        assert client.get("/api/health/ready").status_code == 200
    store.close()


def test_a_migration_that_holds_the_writers_is_no_outage_however_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = seeded(tmp_path / "live.db", days=1), SetClock()
    refusing(store, Held("a migration"), monkeypatch)
    with serving(services(store, clock=clock)) as client:
        for _ in range(3):
            assert status(client) == (200, "degraded")
            clock.at += health.REFUSED_S
    store.close()


def test_a_database_that_was_retired_is_an_outage_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends by nothing but a restart with the new one, so whoever watches should hear of it."""
    store = seeded(tmp_path / "live.db", days=1)
    refusing(store, Retired("another database has taken its place"), monkeypatch)
    with serving(services(store)) as client:
        assert status(client) == (503, "unavailable")
        assert client.get("/api/health").json()["reasons"] == ["Another database has taken this one's place."]
    store.close()


def test_readings_that_are_refused_for_a_minute_are_an_outage(tmp_path: Path) -> None:
    """A write of nothing may be taken while readings are not: a trigger, a disk that is full."""
    store, clock, refuses = seeded(tmp_path / "live.db", days=1), SetClock(), [True]
    told = replace(
        services(store, clock=clock),
        collector_status=lambda: {"database_refuses": refuses[0], "problems": ()},
    )
    with serving(told) as client:
        assert status(client) == (200, "degraded")
        clock.at += health.REFUSED_S
        assert status(client) == (503, "unavailable")
        refuses[0] = False
        assert status(client) == (200, "ok")
        refuses[0] = True
        assert status(client) == (200, "degraded")
    store.close()


def test_a_token_that_only_reads_is_not_asked_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = seeded(tmp_path / "live.db", days=1)
    refusing(store, ReadOnly("the token only reads"), monkeypatch)
    with serving(replace(services(store), writes=False)) as client:
        assert status(client) == (200, "ok")
    store.close()


def test_a_write_is_tried_every_few_seconds_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock, tried = seeded(tmp_path / "live.db", days=1), SetClock(), []
    write = store.database.write
    monkeypatch.setattr(store.database, "write", lambda steps: (tried.append(1), write(steps))[1])
    with serving(services(store, clock=clock)) as client:
        token = store.database.change_token()
        for _ in range(5):
            assert status(client) == (200, "ok")
        clock.at += health.WRITE_EVERY_S
        assert status(client) == (200, "ok")
        assert (len(tried), store.database.change_token()) == (2, token)
    store.close()


def test_live_answers_without_the_database_and_ready_does_not(tmp_path: Path) -> None:
    store = seeded(tmp_path / "live.db", days=1)
    with serving(services(store)) as client:
        assert client.get("/api/health/ready").status_code == 200
        for path in tmp_path.iterdir():
            path.rename(path.with_suffix(path.suffix + ".away"))
        assert client.get("/api/health/live").json() == {"status": "ok", "release": "0.1.0+abc1234"}
        away = client.get("/api/health/ready")
        assert (away.status_code, away.json()["status"]) == (503, "unavailable")
        assert str(tmp_path) not in away.text
    store.close()


def status(client: httpx2.Client) -> tuple[int, str]:
    answer = client.get("/api/health")
    return answer.status_code, str(answer.json()["status"])

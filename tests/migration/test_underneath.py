"""The schema changes underneath a running LiveOne, there, back and there again, and nobody notices."""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.migration import generation1, shipped_sql, stage
from tests.migration.stage import Client, History, Stage

from liveone.collect.days import closer
from liveone.store import aggregates, systems
from liveone.store.store import open_store

DAYS = 8


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> History:
    return stage.history(tmp_path_factory.mktemp("history"), days=DAYS)


@pytest.fixture
def live(tmp_path: Path, past: History) -> Iterator[Stage]:
    with stage.set_up(tmp_path, past) as found:
        found.start()
        yield found


def polled(live: Stage, seconds_s: float = 1.5) -> None:
    """Let polls land."""
    before = newest(live)
    time.sleep(seconds_s)
    deadline_s = time.monotonic() + 10
    while any(newest(live)[n] <= before[n] for n in before) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    assert all(newest(live)[n] > before[n] for n in before), live.log()


def newest(live: Stage) -> dict[object, int]:
    rows = generation1.ask(live.database, "SELECT system_id, max(id) FROM readings GROUP BY 1")
    return {system_id: number for system_id, number in rows if isinstance(number, int)}


def shape_of(answer: object) -> object:
    """An answer without its values, and without whether the battery fills, empties or rests just now."""
    if isinstance(answer, dict):
        return {key: shape_of(value) for key, value in answer.items() if key != "towards"}
    return [shape_of(each) for each in answer[:1]] if isinstance(answer, list) else type(answer) is str


def there_back_and_there(live: Stage) -> tuple[Client, float]:
    with live.client() as client:
        polled(live)
        held_s = shipped_sql.forward(live.database)
        polled(live)
        held_s = max(held_s, shipped_sql.back(live.database))
        polled(live)
        held_s = max(held_s, shipped_sql.forward(live.database))
        polled(live)
    return client, held_s


def test_no_request_fails_and_no_reading_is_lost(live: Stage) -> None:
    polled(live)
    before = {n: live.get(f"/api/data?systemId={n}") for n in (1, 2, 3)}
    minutely = live.get("/api/cron/minutely", cron=True)
    client, held_s = there_back_and_there(live)
    assert client.failures == []
    assert client.requests > 20
    assert live.get("/api/health")[1]["generation"] == 2
    for n, (status, body) in before.items():
        now_status, now = live.get(f"/api/data?systemId={n}")
        assert now_status == status == 200
        assert shape_of(now) == shape_of(body)
        kept = ("vendorType", "vendorSiteId", "displayName", "systemInfo")
        assert {key: now[key] for key in kept} == {key: body[key] for key in kept}
    assert shape_of(live.get("/api/cron/minutely", cron=True)) == shape_of(minutely)
    live.stop()
    assert live.missing() == {site: [] for site in generation1.SITES}
    assert all(len(live.portal.log.clean_times(site)) >= 5 for site in generation1.SITES)
    assert generation1.ask(
        live.database, "SELECT id, vendor_type, vendor_site_id, timezone_offset_min FROM systems"
    ) == [(1, "select.live", "1586", 600), (2, "select.live", "1587", 60), (3, "select.live", "1588", 60)]
    assert held_s < 10.0
    assert "Traceback" not in live.log()


def test_five_minute_rows_go_on_without_a_seam(live: Stage) -> None:
    began_at = int(time.time())
    there_back_and_there(live)
    live.stop()
    kept = generation1.ask(live.database, ROWS_5M, began_at)
    assert {row[0] for row in kept} == {1, 2, 3}
    assert sum(int(str(row[2])) for row in kept) >= 3 * 4
    with closing(open_store(live.database, cadence_s=1)) as store:
        for system in systems.list_systems(store):
            aggregates.rebuild_5m(store, system.id, began_at, int(time.time()) + 600)
    assert generation1.ask(live.database, ROWS_5M, began_at) == kept


ROWS_5M = """SELECT system_id, interval_end, sample_count, solar_w_avg, load_w_avg, battery_w_avg, grid_w_avg,
    battery_soc_last, solar_kwh_total_last, load_kwh_total_last FROM readings_agg_5m WHERE interval_end > ?
    ORDER BY 1, 2"""


def test_the_next_daily_row_is_right(tmp_path: Path, past: History) -> None:
    with stage.set_up(tmp_path / "live", past) as live:
        oracle = tmp_path / "oracle.db"
        shutil.copyfile(live.database, oracle)
        with closing(open_store(oracle)) as store:
            closer.catch_up(store, time.time())
        live.start()
        shipped_sql.forward(live.database)
        newest_days = "SELECT system_id, max(day) FROM readings_agg_1d GROUP BY 1 ORDER BY 1"
        days = generation1.ask(oracle, newest_days)
        for system_id, day in days:
            assert live.post("/api/cron/daily", {"systemId": system_id, "date": day})[0] == 200
        live.stop()
        rows = f"SELECT {', '.join(DAY_COLUMNS)} FROM readings_agg_1d ORDER BY 1, 2"
        assert generation1.ask(live.database, rows) == generation1.ask(oracle, rows)
        for system_id, day in days:
            ((samples,),) = generation1.ask(
                live.database,
                "SELECT sample_count FROM readings_agg_1d WHERE system_id = ? AND day = ?",
                system_id,
                day,
            )
            assert isinstance(samples, int)
            assert 1_400 <= samples <= 1_445


DAY_COLUMNS = (
    *("system_id", "day", "solar_kwh", "load_kwh", "battery_charge_kwh", "battery_discharge_kwh"),
    *("grid_import_kwh", "grid_export_kwh", "solar_w_avg", "load_w_max", "battery_w_min", "battery_soc_avg"),
    *("battery_soc_end", "solar_alltime_kwh", "load_alltime_kwh", "interval_count", "version"),
)


def test_old_text_timestamps_and_doubled_statuses_do_no_harm(live: Stage) -> None:
    texts = "SELECT count(*) FROM readings WHERE typeof(created_at) = 'text'"
    statuses = "SELECT id, system_id, is_active FROM polling_status ORDER BY id"
    polled(live)
    before = generation1.ask(live.database, texts), generation1.ask(live.database, statuses)
    assert before[0][0][0] == 1000
    shipped_sql.forward(live.database)
    polled(live)
    assert (generation1.ask(live.database, texts), generation1.ask(live.database, statuses)) == before
    assert generation1.ask(live.database, "SELECT created_at FROM systems ORDER BY id") == [
        ("2024-08-16 03:04:05",),
        (1_723_777_445,),
        ("2025-01-02 00:00:00",),
    ]
    live.stop()


def test_there_and_back_is_where_it_began_plus_the_new_readings(live: Stage) -> None:
    live.stop()
    before = generation1.contents(live.database)
    live.start()
    shipped_sql.forward(live.database)
    polled(live)
    shipped_sql.back(live.database)
    polled(live)
    live.stop()
    after = generation1.contents(live.database)
    assert after["systems"] == before["systems"]
    assert after["readings"][: len(before["readings"])] == before["readings"]
    assert live.missing() == {site: [] for site in generation1.SITES}
    assert generation1.ask(live.database, "SELECT user_id, system_number FROM systems ORDER BY id") == list(
        zip(generation1.OWNERS, generation1.SITES, strict=True)
    )

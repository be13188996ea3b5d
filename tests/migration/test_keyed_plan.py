"""The plan that lays rows in the order of their keys: what its scripts do, and under a living LiveOne."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.migration import generation1, shipped_sql, stage
from tests.migration.test_layouts import polled
from tests.migration.test_sources_plan import changed
from tests.sample import drawn

from liveone.migrations import shipped
from liveone.store.sql import schema_path

FOLDER = shipped.shipped()[8].path.parent
FORWARD = ("ids.sql", "statuses.sql", "days.sql", "five-minutes.sql", "readings.sql")
BACK = ("readings-back.sql", "five-minutes-back.sql", "days-back.sql", "statuses-back.sql", "ids-back.sql")
OLD_WAY_BACK = "CREATE TABLE changeover_merged (system_id INTEGER PRIMARY KEY, keeper_id INTEGER NOT NULL)"
TABLES = {"readings": "inverter_time", "readings_agg_5m": "interval_end", "readings_agg_1d": "day"}
ROWS = """
INSERT INTO systems (id, vendor_type, vendor_site_id, display_name)
VALUES (1, 'select.live', '1', 'A'), (2, 'select.live', '2', 'B');
INSERT INTO readings (id, system_id, inverter_time, received_time, delay_seconds, load_w, solar_kwh_total)
VALUES (3, 2, 120, 125, 5, -7, 0.1), (8, 1, 180, 181, 1, NULL, 30788.25108), (9, 1, 60, 60, 0, 5, NULL),
  (11, 2, 60, 61, 1, 0, 1e-3), (40, 1, 1, 1, 0, 1, 1);
DELETE FROM readings WHERE id = 40;
INSERT INTO readings_agg_5m (id, system_id, interval_end, load_w_avg, sample_count)
VALUES (5, 2, 300, 1, 2), (6, 1, 300, 5, 2);
INSERT INTO readings_agg_1d (id, system_id, day, load_kwh)
VALUES (2, '2', '1970-01-01', 0.3), (7, '1', '1970-01-01', NULL);
INSERT INTO polling_status (id, system_id, last_poll_time) VALUES (1, 1, 7), (2, 2, 8), (4, 1, 9);
"""
SINCE = """
INSERT INTO readings (system_id, inverter_time, received_time, delay_seconds, load_w)
VALUES (1, 30, 31, 1, 77), (1, 240, 240, 0, 78);
DELETE FROM readings WHERE system_id = 2 AND inverter_time = 60;
INSERT INTO readings_agg_5m (system_id, interval_end, sample_count) VALUES (1, 600, 1);
INSERT INTO readings_agg_1d (system_id, day) VALUES (1, '1970-01-02');
UPDATE polling_status SET last_poll_time = 99 WHERE system_id = 1;
"""
LATER = "INSERT INTO readings (system_id, inverter_time, received_time, delay_seconds) VALUES (2, 9, 9, 0)"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "2.db"
    told(path, schema_path(2).read_text() + ROWS)
    return path


def told(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def rows_of(path: Path, table: str, *, with_ids: bool) -> Iterator[tuple[object, ...]]:
    """The rows in the order of their keys."""
    with closing(sqlite3.connect(path)) as connection:
        names = [
            str(name) for (name,) in connection.execute(f"SELECT name FROM pragma_table_info('{table}')")
        ]
        wanted = ", ".join(name for name in names if with_ids or name != "id")
        yield from connection.execute(f"SELECT {wanted} FROM {table} ORDER BY system_id, {TABLES[table]}")


def test_rows_stay_as_they_are_and_one_status_a_system_is_left(database: Path) -> None:
    before = {table: list(rows_of(database, table, with_ids=False)) for table in TABLES}
    shipped_sql.perform(database, *FORWARD, folder=FOLDER)
    assert list(rows_of(database, "readings", with_ids=False)) == before["readings"]
    assert list(rows_of(database, "readings_agg_5m", with_ids=False)) == before["readings_agg_5m"]
    days = [(int(str(system_id)), *rest) for system_id, *rest in before["readings_agg_1d"]]
    assert list(rows_of(database, "readings_agg_1d", with_ids=False)) == days
    with closing(sqlite3.connect(database)) as connection:
        statuses = connection.execute("SELECT system_id, last_poll_time FROM polling_status ORDER BY 1")
        assert statuses.fetchall() == [(1, 7), (2, 8)]
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO polling_status (system_id) VALUES (1)")
    shipped_sql.perform(database, *BACK, folder=FOLDER)
    assert {table: list(rows_of(database, table, with_ids=False)) for table in TABLES} == before


def test_where_an_older_way_back_knows_rows_by_their_ids_they_get_them_again(database: Path) -> None:
    """What came since has ids that were never given before."""
    told(database, OLD_WAY_BACK)
    before = {table: set(rows_of(database, table, with_ids=True)) for table in TABLES}
    shipped_sql.perform(database, *FORWARD, folder=FOLDER)
    told(database, SINCE)
    shipped_sql.perform(database, *BACK, folder=FOLDER)
    highest = {"readings": 40, "readings_agg_5m": 6, "readings_agg_1d": 7}
    for table, rows in before.items():
        after = set(rows_of(database, table, with_ids=True))
        assert len(rows - after) == (table == "readings"), "the reading that was deleted"
        assert all(int(str(row[0])) > highest[table] for row in after - rows)
        assert len(after - rows) == (2 if table == "readings" else 1)
    told(database, LATER)
    ids = [int(str(row[0])) for row in rows_of(database, "readings", with_ids=True)]
    assert sorted(ids)[:3] == [3, 8, 9]
    assert len(set(ids)) == 6
    with closing(sqlite3.connect(database)) as connection:
        kept = connection.execute(
            "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'changeover_%'"
        ).fetchone()
        assert kept == (1,)
        assert connection.execute("SELECT id, last_poll_time FROM polling_status ORDER BY 1").fetchall() == [
            (1, 99),
            (2, 8),
            (4, 9),
        ]


def test_of_a_table_that_is_made_online_no_id_is_remembered(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is kept as it was, so writers need not wait for a copy of its ids, there or back."""
    told(database, OLD_WAY_BACK)
    monkeypatch.setitem(shipped_sql.VALUES, "strategy_readings", "online")
    shipped_sql.perform(database, "ids.sql", folder=FOLDER)
    counts = "SELECT (SELECT count(*) FROM changeover_reading_ids), (SELECT count(*) FROM changeover_5m_ids)"
    assert generation1.ask(database, counts) == [(0, 2)]
    before = list(rows_of(database, "readings", with_ids=True))
    shipped_sql.perform(database, "ids-back.sql", folder=FOLDER)
    assert list(rows_of(database, "readings", with_ids=True)) == before


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize("hold", drawn(["1h", "1ms"], 1))
def test_there_and_back_while_liveone_serves(tmp_path: Path, hold: str) -> None:
    """At rest, as shipped where the tables are small; online where nothing may be held at all."""
    past = stage.history(tmp_path, days=2)
    plan = shutil.copytree(FOLDER, tmp_path / "plan") / "PLAN.md"
    plan.write_text(plan.read_text().replace("hold=20ms", f"hold={hold}"))
    with stage.set_up(tmp_path / "live", past) as live:
        shipped_sql.before(live.database, 8)
        live.start()
        with live.client() as client:
            for verb, generation in (("rehearse", 2), ("run", 3), ("rollback", 2), ("run", 3)):
                changed(live, verb, plan)
                assert live.get("/api/health")[1]["generation"] == generation
                polled(live)
                if verb == "rollback":
                    assert generation1.altered(past.database, live.database, "readings") == 0
        finished = live.command("changeover", "finish", str(plan))
        assert finished.code == 0, finished.out + finished.err
        assert live.ask("SELECT name FROM sqlite_schema WHERE name LIKE 'changeover_old%'") == []
        live.stop()
        assert client.failures == []
        assert live.missing() == {site: [] for site in generation1.SITES}
        assert live.ask("PRAGMA integrity_check") == [("ok",)]
        assert "Traceback" not in live.log()

"""The schema changes between two calls, both ways, and nobody notices."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.samples import NOON, recorded

from liveone.domain.aggregates import Day
from liveone.store import aggregates, history, polling, readings, storage, systems
from liveone.store.database import Foreign, Statement
from liveone.store.sql import schema_path
from liveone.store.store import Store

SHARED = ("readings", "readings_agg_5m", "polling_status")


def migrate(path: str, generation: int) -> None:
    """Swap the tables that differ for those of another generation, in one transaction, FK off."""
    schema = schema_path(generation).read_text()
    wanted = [
        each
        for each in schema.split(";\n")
        if " systems " in each.split("(")[0] or "agg_1d" in each.split("(")[0]
    ]
    wanted += [each for each in schema.split(";\n") if "ON systems" in each or "user_systems" in each]
    copy = {
        2: "INSERT INTO systems (id, owner_clerk_user_id, vendor_type, vendor_site_id, display_name,"
        " timezone_offset_min) SELECT id, 'user_1', 'select.live', system_number, 'System ' || system_number,"
        " timezone_offset * 60 FROM old_systems",
        1: "INSERT INTO systems (id, user_id, system_number, timezone_offset)"
        " SELECT id, 'simon', vendor_site_id, timezone_offset_min / 60 FROM old_systems",
    }[generation]
    days = "id, system_id, day, solar_kwh, solar_w_avg, interval_count, version"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA legacy_alter_table = ON")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DROP TABLE IF EXISTS user_systems")
        for table in ("systems", "readings_agg_1d"):
            connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
            names = connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?",
                (f"old_{table}",),
            )
            for (name,) in names.fetchall():
                connection.execute(f"DROP INDEX {name}")
        for statement in dict.fromkeys(wanted):
            connection.execute(statement)
        connection.execute(copy)
        connection.execute(f"INSERT INTO readings_agg_1d ({days}) SELECT {days} FROM old_readings_agg_1d")
        connection.execute("DROP TABLE old_systems")
        connection.execute("DROP TABLE old_readings_agg_1d")
        connection.execute("COMMIT")


def seeded(store: Store) -> None:
    readings.record(store, [recorded(NOON), recorded(NOON + 300)])
    aggregates.save_days(store, 1, [Day("2025-08-15", solar_kwh=7.5, solar_w_avg=99, interval_count=288)])


CALLS: dict[str, Callable[[Store], object]] = {
    "list": systems.list_systems,
    "get": lambda store: systems.get_system(store, 1),
    "of": lambda store: systems.systems_of(store, "simon"),
    "role": lambda store: systems.role_of(store, "simon", 1),
    "add": lambda store: systems.add_system(
        store,
        owner="simon",
        vendor_type="select.live",
        vendor_site_id="9",
        display_name="",
        timezone_offset_min=600,
    ),
    "remove": lambda store: systems.remove_system(store, 1),
    "record": lambda store: readings.record(store, [recorded(NOON + 600)]),
    "days": lambda store: aggregates.days(store, 1, "2025-01-01", "2026-01-01"),
    "save": lambda store: aggregates.save_days(store, 1, [Day("2025-08-14", sample_count=1440)]),
    "open": lambda store: aggregates.open_days(store, systems.list_systems(store)[0], now_at=NOON + 10**6),
    "buckets": lambda store: history.buckets(store, 1, 0, NOON + 600, 86_400, ["solar_w_avg"], 36_000),
    "failed": lambda store: polling.failed(store, 1, NOON, "x"),
    "storage": storage.storage,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_call_passes_over_a_migration_and_back(store1: Store, call: Callable[[Store], object]) -> None:
    seeded(store1)
    migrate(store1.database.label, 2)
    call(store1)
    assert systems.list_systems(store1) == [] or store1.generation == 2
    migrate(store1.database.label, 1)
    if systems.list_systems(store1):
        seeded(store1)
        store1.database.read([Statement("SELECT user_id FROM systems")])


def test_days_written_after_the_migration_hold_what_the_new_generation_has_room_for(store1: Store) -> None:
    seeded(store1)
    migrate(store1.database.label, 2)
    aggregates.save_days(store1, 1, [Day("2025-08-14", sample_count=1440)])
    assert store1.generation == 2
    found = aggregates.days(store1, 1, "2025-08-14", "2025-08-15")
    assert [(each.day, each.sample_count, each.solar_kwh) for each in found] == [
        ("2025-08-14", 1440, None),
        ("2025-08-15", 0, 7.5),
    ]
    assert systems.list_systems(store1)[0].owner == "user_1"


def test_days_read_after_the_way_back_are_there(store1: Store) -> None:
    seeded(store1)
    migrate(store1.database.label, 2)
    assert aggregates.days(store1, 1, "2025-08-15", "2025-08-15")[0].solar_kwh == 7.5
    migrate(store1.database.label, 1)
    assert aggregates.days(store1, 1, "2025-08-15", "2025-08-15")[0].solar_kwh == 7.5
    assert store1.generation == 1
    assert [each.inverter_time for each in readings.between(store1, 1, 0, NOON + 300)] == [NOON, NOON + 300]


def test_a_schema_that_becomes_foreign_is_refused_and_found_again(store1: Store, tmp_path: Path) -> None:
    path = store1.database.label
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE systems RENAME COLUMN user_id TO who")
        with pytest.raises(Foreign, match=r"systems\.who"):
            systems.list_systems(store1)
        connection.execute("ALTER TABLE systems RENAME COLUMN who TO user_id")
    assert len(systems.list_systems(store1)) == 1


def test_gaps_refused_after_the_schema_turned_strict_are_partial_readings(store: Store) -> None:
    systems.add_system(
        store,
        owner=None,
        vendor_type="select.live",
        vendor_site_id="1",
        display_name="x",
        timezone_offset_min=0,
    )
    with closing(sqlite3.connect(store.database.label)) as connection:
        (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'readings'").fetchone()
        indexes = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE tbl_name = 'readings' AND type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        connection.execute("DROP TABLE readings")
        connection.execute(sql.replace("load_w INTEGER,", "load_w INTEGER NOT NULL,"))
        for (index,) in indexes:
            connection.execute(index)
        connection.commit()
    with pytest.raises(readings.PartialReading):
        readings.record(store, [recorded(NOON, load_w=None), recorded(NOON + 60)])
    assert readings.count(store, 1) == 1

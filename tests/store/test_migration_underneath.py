"""The schema changes between two calls, both ways, and nobody notices."""

from collections.abc import Callable

import pytest
from tests.store.conftest import a_system, rows_of, run
from tests.store.samples import NOON, recorded

from liveone.domain.aggregates import Day
from liveone.store import aggregates, history, polling, readings, storage, systems
from liveone.store.database import BulkInsert, Foreign, Statement
from liveone.store.generations import ADDED_TABLES
from liveone.store.script import split
from liveone.store.sql import schema_path
from liveone.store.store import Store

SHARED = ("readings", "readings_agg_5m", "polling_status")


CHILDREN_FIRST = (
    *("user_systems", "polling_status", "readings", "readings_agg_5m", "readings_agg_1d"),
    "systems",
)


def migrate(store: Store, generation: int) -> None:
    """Make all tables anew in the shape of another generation, with what they held, in one transaction."""
    there = {str(name) for (name,) in rows_of(store, "SELECT name FROM sqlite_schema WHERE type = 'table'")}
    kept = {table: dumped(store, table) for table in reversed(CHILDREN_FIRST) if table in there}
    steps: list[Statement | BulkInsert] = [
        Statement(f"DROP TABLE {table}") for table in CHILDREN_FIRST if table in there
    ]
    steps += [Statement(f"DROP TABLE {table}") for table in sorted(ADDED_TABLES & there)]
    steps += [Statement(sql) for sql in split(schema_path(generation).read_text())]
    steps += [carried_over(kept["systems"], generation)]
    for table in (*SHARED, "readings_agg_1d"):
        columns = kept[table].columns
        if generation == 3 and table != "polling_status":
            columns = tuple(each for each in columns if each != "id")
        if table == "readings_agg_1d":
            columns = ("system_id", "day", "solar_kwh", "solar_w_avg", "interval_count", "version")
        places = [kept[table].columns.index(each) for each in columns]
        steps.append(BulkInsert(table, columns, [[row[n] for n in places] for row in kept[table].rows]))
    store.database.write(steps)


def dumped(store: Store, table: str) -> BulkInsert:
    columns = [str(name) for (name,) in rows_of(store, "SELECT name FROM pragma_table_info(?)", table)]
    return BulkInsert(table, columns, rows_of(store, f"SELECT {', '.join(columns)} FROM {table}"))


def carried_over(held: BulkInsert, generation: int) -> BulkInsert:
    found = [dict(zip(held.columns, row, strict=True)) for row in held.rows]
    if generation == 1:
        columns = ("id", "user_id", "system_number", "timezone_offset")
        rows1 = [
            (each["id"], "simon", each["vendor_site_id"], int(each["timezone_offset_min"]) // 60)  # type: ignore[arg-type]
            for each in found
        ]
        return BulkInsert("systems", columns, rows1)
    if "vendor_type" in held.columns:
        return held
    columns2 = (
        *("id", "owner_clerk_user_id", "vendor_type", "vendor_site_id", "display_name"),
        "timezone_offset_min",
    )
    rows2 = [
        (
            *(each["id"], "user_1", "select.live", each["system_number"], f"System {each['system_number']}"),
            int(each["timezone_offset"]) * 60,  # type: ignore[arg-type]
        )
        for each in found
    ]
    return BulkInsert("systems", columns2, rows2)


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
    "buckets": lambda store: history.buckets(store, 1, 0, NOON + 600, 1800, ["solar_w_avg"]),
    "failed": lambda store: polling.failed_together(store, [polling.FailedPoll(1, NOON, "x")]),
    "storage": storage.storage,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_call_passes_over_a_migration_and_back(store1: Store, call: Callable[[Store], object]) -> None:
    """What serves generation 2 serves generation 3, and is not asked which it is."""
    seeded(store1)
    migrate(store1, 2)
    call(store1)
    assert systems.list_systems(store1) == [] or store1.generation == 2
    migrate(store1, 3)
    if systems.list_systems(store1):
        seeded(store1)
    assert store1.detect_again().generation == 3
    migrate(store1, 1)
    if systems.list_systems(store1):
        seeded(store1)
        store1.database.read([Statement("SELECT user_id FROM systems")])


def test_days_written_after_the_migration_hold_what_the_new_generation_has_room_for(store1: Store) -> None:
    seeded(store1)
    migrate(store1, 2)
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
    migrate(store1, 2)
    assert aggregates.days(store1, 1, "2025-08-15", "2025-08-15")[0].solar_kwh == 7.5
    migrate(store1, 1)
    assert aggregates.days(store1, 1, "2025-08-15", "2025-08-15")[0].solar_kwh == 7.5
    assert store1.generation == 1
    assert [each.inverter_time for each in readings.between(store1, 1, 0, NOON + 300)] == [NOON, NOON + 300]


def test_a_schema_that_becomes_foreign_is_refused_and_found_again(store1: Store) -> None:
    run(store1, "ALTER TABLE systems RENAME COLUMN user_id TO who")
    with pytest.raises(Foreign, match=r"systems\.who"):
        systems.list_systems(store1)
    run(store1, "ALTER TABLE systems RENAME COLUMN who TO user_id")
    assert len(systems.list_systems(store1)) == 1


def test_gaps_refused_after_the_schema_turned_strict_are_partial_readings(store: Store) -> None:
    a_system(store)
    ((sql,),) = rows_of(store, "SELECT sql FROM sqlite_schema WHERE name = 'readings'")
    indexes = rows_of(
        store,
        "SELECT sql FROM sqlite_schema WHERE tbl_name = 'readings' AND type = 'index' AND sql IS NOT NULL",
    )
    strict = str(sql).replace("load_w INTEGER,", "load_w INTEGER NOT NULL,")
    run(store, "DROP TABLE readings", strict, *(str(index) for (index,) in indexes))
    with pytest.raises(readings.PartialReading):
        readings.record(store, [recorded(NOON, load_w=None), recorded(NOON + 60)])
    assert readings.count(store, 1) == 1

"""Generations are told apart by definition; anything else is refused, untouched, with the difference."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from liveone.migrations import shipped
from liveone.store.database import Foreign
from liveone.store.generations import KEYED_TABLES
from liveone.store.script import split
from liveone.store.sql import schema_path
from liveone.store.store import open_store


def made(path: Path, generation: int, *changes: str, replace: tuple[str, str] | None = None) -> Path:
    schema = schema_path(generation).read_text()
    if replace:
        assert replace[0] in schema
        schema = schema.replace(*replace)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema)
        for change in changes:
            connection.executescript(change)
    return path


def detected(path: Path) -> tuple[int, bool]:
    with closing(open_store(path)) as store:
        return store.generation, store.holds_partial


def test_the_shipped_schemas_are_recognised(tmp_path: Path) -> None:
    assert detected(made(tmp_path / "1.db", 1)) == (1, False)
    assert detected(made(tmp_path / "2.db", 2)) == (2, True)
    assert detected(made(tmp_path / "3.db", 3)) == (3, True)


@pytest.mark.parametrize("keyed", KEYED_TABLES)
def test_between_generations_2_and_3_it_is_generation_2(tmp_path: Path, keyed: str) -> None:
    """The plan changes one table after the other; LiveOne may be started at any moment."""
    anew = [sql for sql in split(schema_path(3).read_text()) if f" {keyed} (" in sql]
    path = made(tmp_path / "2.db", 2, f"DROP TABLE {keyed}; {'; '.join(anew)};")
    assert detected(path) == (2, True)
    with closing(open_store(path)) as store:
        assert [plan.step for plan in shipped.pending(store.shape)] == [8]


def test_a_migrated_generation_2_that_allows_no_gaps_is_recognised(tmp_path: Path) -> None:
    strict = ("  solar_w INTEGER,", "  solar_w INTEGER NOT NULL,")
    assert detected(made(tmp_path / "2.db", 2, replace=strict)) == (2, False)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash TEXT)",
        "CREATE TABLE _prisma_migrations (id TEXT PRIMARY KEY, checksum TEXT)",
        "CREATE TABLE libsql_wasm_func_table (name TEXT PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY)",
        "CREATE TABLE changeover_ledger (id INTEGER PRIMARY KEY, x UNIQUE)",
        "CREATE TABLE _changeover_log (k); CREATE TRIGGER _changeover_t AFTER INSERT ON readings"
        " BEGIN INSERT INTO _changeover_log VALUES (new.id); END",
        "DROP INDEX inverter_time_idx; CREATE INDEX of_mine ON readings_agg_5m (interval_end)",
        "DROP INDEX vendor_site_unique;"
        " CREATE UNIQUE INDEX other_name ON systems (vendor_type, vendor_site_id)",
        "ANALYZE",
        "CREATE TABLE readings_duplicates_backup AS SELECT * FROM readings",
        "CREATE TABLE notes (x, UNIQUE (x)); CREATE TRIGGER n AFTER INSERT ON notes BEGIN SELECT 1; END",
        "CREATE VIEW newest AS SELECT max(inverter_time) AS at FROM readings",
        "CREATE UNIQUE INDEX one ON polling_status (system_id)",
        "CREATE UNIQUE INDEX wide ON readings (received_time, inverter_time, system_id)",
    ],
)
def test_bookkeeping_and_other_names_make_no_difference(tmp_path: Path, change: str) -> None:
    assert detected(made(tmp_path / "2.db", 2, change)) == (2, True)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("DROP TABLE user_systems", "table user_systems is missing"),
        ("ALTER TABLE systems ADD COLUMN colour TEXT", "column systems.colour TEXT is not known"),
        ("ALTER TABLE systems DROP COLUMN serial", "column systems.serial TEXT is missing"),
        ("DROP INDEX vendor_site_unique", "unique key systems(vendor_type, vendor_site_id) is missing"),
        (
            "CREATE UNIQUE INDEX one ON readings (inverter_time)",
            "unique key readings(inverter_time) is not known",
        ),
        (
            "CREATE UNIQUE INDEX one ON readings_agg_1d (upper(day))",
            "unique key readings_agg_1d(expression) is not known",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON readings BEGIN DELETE FROM systems; END",
            "trigger t on readings is not known",
        ),
    ],
)
def test_any_other_shape_is_refused_with_the_exact_difference(
    tmp_path: Path, change: str, difference: str
) -> None:
    path = made(tmp_path / "2.db", 2, change)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    messages = set()
    for _ in range(2):
        with pytest.raises(Foreign) as caught:
            open_store(path)
        messages.add(str(caught.value))
    (message,) = messages
    assert message.count("  - ") == 1
    assert f"  - {difference}" in message
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_of_a_later_generation_is_a_change_half_made(tmp_path: Path) -> None:
    with pytest.raises(Foreign, match="table user_systems is not known"):
        open_store(made(tmp_path / "1.db", 1, "CREATE TABLE user_systems (id INTEGER PRIMARY KEY)"))


def test_types_and_foreign_keys_are_part_of_the_shape(tmp_path: Path) -> None:
    number = ("  system_id TEXT NOT NULL,", "  system_id INTEGER NOT NULL,")
    with pytest.raises(Foreign, match=r"column readings_agg_1d\.system_id TEXT is missing"):
        open_store(made(tmp_path / "a.db", 2, replace=number))
    with pytest.raises(Foreign, match=r"foreign key .* ON DELETE CASCADE is missing"):
        open_store(made(tmp_path / "b.db", 2, replace=(" ON DELETE CASCADE", "")))
    with pytest.raises(Foreign, match=r"column polling_status\.last_error must allow NULL"):
        open_store(made(tmp_path / "c.db", 2, replace=("last_error TEXT", "last_error TEXT NOT NULL")))


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE customers (name)")
    before = path.read_bytes()
    with pytest.raises(Foreign, match="table customers is not known"):
        open_store(path)
    assert path.read_bytes() == before

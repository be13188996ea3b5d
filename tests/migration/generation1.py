"""A production database of generation 1: houses polled for months, and what old programs left in it.

The houses are those of the portal in `stage`, so live polls go on where the history ends.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from liveone.collect.days import closer
from liveone.simulate.run import PortalOptions, house_of
from liveone.store import bulk
from liveone.store.sql import schema_path
from liveone.store.store import Store, open_store

PRESETS = ("off-grid", "grid", "cabin")
OWNERS = ("simon", "ada", "simon")
SITES = ("1586", "1587", "1588")
OFFSETS_H = (10, 1, 1)
DAY_S = 86_400
TABLES = ("systems", "readings", "readings_agg_5m", "readings_agg_1d", "polling_status")


def make(path: Path, options: PortalOptions, *, days: int, until_at: int) -> Path:
    """Three systems of two owners with ``days`` of minutes up to ``until_at``; yesterday is not closed yet.

    Old rows hold text timestamps, `polling_status` holds a system twice, and readings end as a list of ids
    that has holes, as in production.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(schema_path(1).read_text())
        _add_systems(connection)
    with closing(open_store(path)) as store:
        for index in range(len(SITES)):
            house = house_of(options, index)
            rows = house.rows(until_at - days * DAY_S, until_at, 60)
            bulk.import_readings(store, index + 1, rows)
        closer.catch_up(store, until_at)
        _open_yesterday(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        _age(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def contents(path: Path, tables: tuple[str, ...] = TABLES) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the tables, by id."""
    with closing(sqlite3.connect(path)) as connection:
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY id").fetchall() for name in tables}


def ask(path: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    """The rows of one query."""
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        return connection.execute(sql, values).fetchall()


def altered(before: Path, after: Path, table: str) -> int:
    """How many rows of ``before`` are not in ``after``, or differ there in any column."""
    with closing(sqlite3.connect(before)) as connection:
        connection.execute("ATTACH ? AS later", (str(after),))
        names = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
        same = " AND ".join(f"o.{name} IS n.{name}" for name in names)
        ((count,),) = connection.execute(
            f"SELECT count(*) FROM main.{table} o LEFT JOIN later.{table} n ON n.id = o.id"
            f" WHERE n.id IS NULL OR NOT ({same})"
        )
        return int(count)


def _add_systems(connection: sqlite3.Connection) -> None:
    connection.executemany(
        "INSERT INTO systems (id, user_id, system_number, display_name, timezone_offset, created_at, model,"
        " ratings, solar_size, battery_size) VALUES (?, ?, ?, ?, ?, ?, 'SPMC482', '7.5kW, 48V', '9 kW',"
        " '63.6 kWh')",
        [
            (1, OWNERS[0], SITES[0], None, OFFSETS_H[0], "2024-08-16 03:04:05"),
            (2, OWNERS[1], SITES[1], "Town house", OFFSETS_H[1], 1_723_777_445),
            (3, OWNERS[2], SITES[2], "  ", OFFSETS_H[2], "2025-01-02 00:00:00"),
        ],
    )
    connection.execute("INSERT INTO systems (id, user_id, system_number) VALUES (9, 'gone', '1')")
    connection.execute("DELETE FROM systems WHERE id = 9")
    connection.executemany(
        "INSERT INTO polling_status (system_id, last_poll_time, total_polls, last_response)"
        " VALUES (?, ?, ?, ?)",
        [(1, 1_755_000_000, 9, "{}"), (1, 1_755_000_060, 3, None), (2, None, 0, "not JSON"), (1, 1, 1, None)],
    )


def _open_yesterday(store: Store) -> None:
    with closing(sqlite3.connect(store.database.label, isolation_level=None)) as connection:
        connection.execute(
            "DELETE FROM readings_agg_1d WHERE (system_id, day) IN"
            " (SELECT system_id, max(day) FROM readings_agg_1d GROUP BY system_id)"
        )


def _age(connection: sqlite3.Connection) -> None:
    """Holes in the ids, and text timestamps in the oldest rows of every table."""
    connection.execute("DELETE FROM readings WHERE id % 500 = 77 AND id < 3000")
    for table in ("readings", "readings_agg_5m", "readings_agg_1d"):
        connection.execute(
            f"UPDATE {table} SET created_at = datetime(created_at, 'unixepoch')"
            f" WHERE id IN (SELECT id FROM {table} ORDER BY id LIMIT 1000)"
        )

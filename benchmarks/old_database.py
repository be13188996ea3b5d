"""A database of generation 1 of any size, made by SQL: three houses polled every minute up to now.

Indexes stand while rows are added in the order of time, so pages are as full as in a database that grew.
"""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from liveone.store.sql import schema_path

SYSTEMS = ((1, "simon", "1586", 10), (2, "ada", "1587", 1), (3, "simon", "1588", 1))
"""(id, user_id, system_number, timezone_offset in hours)"""
MINUTE_S = 60
TEXT_ROWS = 1000
"""About so many of the oldest rows of each table hold text where newer ones hold epoch seconds."""
STATUS_OF = (1, 1, 2, 3)
"""`polling_status` holds system 1 twice, as it happened."""

FILL = Path(__file__).with_name("old_database.sql")
ADD_SYSTEM = """
INSERT INTO systems (id, user_id, system_number, model, ratings, timezone_offset, created_at)
VALUES (?, ?, ?, 'SPMC482', '7.5kW, 48V', ?, '2019-08-16 03:04:05')
"""
ADD_STATUS = """
INSERT INTO polling_status (
  system_id, last_poll_time, last_success_time, last_response, total_polls, successful_polls)
VALUES (?, ?, ?, ?, ?, ?)
"""
RESPONSE = json.dumps({"device": {"name": "SP PRO"}, "items": {f"item_{n}_w": n * 101 for n in range(22)}})


def make(path: Path, readings: int) -> int:
    """A new file in WAL mode with at least so many readings, their 5-minute and day rows; its size in bytes.

    Ten seconds a million readings, most of it the four indexes of `readings`; nothing is synced to disk.
    """
    until_at = int(time.time()) // MINUTE_S * MINUTE_S - MINUTE_S
    minutes = -(-readings // len(SYSTEMS))
    first_at = until_at - minutes * MINUTE_S
    values = {"minutes": minutes, "first_at": first_at, "until_at": until_at, "texts": TEXT_ROWS}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(schema_path(1).read_text())
        connection.executemany(ADD_SYSTEM, SYSTEMS)
        for statement in FILL.read_text().split(";\n")[:3]:
            connection.execute(statement, values)
        polled = (until_at, until_at, RESPONSE, minutes, minutes)
        connection.executemany(ADD_STATUS, [(number, *polled) for number in STATUS_OF])
        connection.execute("PRAGMA journal_mode = WAL")
    return path.stat().st_size

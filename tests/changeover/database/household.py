"""A small household of generation 1 with its change to generation 2, as plain SQL; helpers of these tests."""

import sqlite3
from contextlib import closing
from pathlib import Path

from changeover.database.change.apply import Context, PlannedChange
from changeover.database.ledger import Direction
from changeover.plan.model import Position, RowExpectation, Rows, SqlStatement
from changeover.sql import text as sqltext

GENERATION_1 = """
CREATE TABLE systems (
  id INTEGER PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL, system_number TEXT NOT NULL,
  timezone_offset INTEGER NOT NULL DEFAULT 10, created_at INTEGER NOT NULL DEFAULT 0);
CREATE INDEX user_system_idx ON systems (user_id, system_number);
CREATE TABLE readings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  inverter_time INTEGER NOT NULL, solar_w INTEGER NOT NULL, battery_soc REAL NOT NULL);
CREATE UNIQUE INDEX readings_unique ON readings (system_id, inverter_time);
CREATE TABLE readings_agg_1d (
  id INTEGER PRIMARY KEY, system_id TEXT NOT NULL, day TEXT NOT NULL, solar_kwh REAL);
CREATE UNIQUE INDEX day_unique ON readings_agg_1d (system_id, day);
CREATE TABLE polling_status (
  id INTEGER PRIMARY KEY, system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  total_polls INTEGER NOT NULL DEFAULT 0 CHECK (total_polls >= 0), last_response TEXT);
"""

FORWARD = """
CREATE TABLE systems_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT, owner_clerk_user_id TEXT, vendor_type TEXT NOT NULL,
  vendor_site_id TEXT NOT NULL, timezone_offset_min INTEGER NOT NULL DEFAULT 600,
  created_at INTEGER NOT NULL DEFAULT 0);
INSERT INTO systems_new
    (id, owner_clerk_user_id, vendor_type, vendor_site_id, timezone_offset_min, created_at)
  SELECT s.id, o.value, 'select.live', s.system_number, s.timezone_offset * 60, s.created_at
  FROM systems AS s LEFT JOIN json_each(:owner) AS o ON o.key = s.user_id;
DROP TABLE systems;
ALTER TABLE systems_new RENAME TO systems;
CREATE UNIQUE INDEX vendor_site_unique ON systems (vendor_type, vendor_site_id);
CREATE TABLE user_systems (
  id INTEGER PRIMARY KEY, clerk_user_id TEXT NOT NULL,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE, role TEXT NOT NULL DEFAULT 'viewer');
CREATE UNIQUE INDEX user_system_unique ON user_systems (clerk_user_id, system_id);
INSERT INTO user_systems (clerk_user_id, system_id, role)
  SELECT owner_clerk_user_id, id, 'owner' FROM systems;
ALTER TABLE readings_agg_1d ADD COLUMN sample_count INTEGER NOT NULL DEFAULT 0;
"""

BACKWARD = """
CREATE TABLE systems_old (
  id INTEGER PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL, system_number TEXT NOT NULL,
  timezone_offset INTEGER NOT NULL DEFAULT 10, created_at INTEGER NOT NULL DEFAULT 0);
INSERT INTO systems_old (id, user_id, system_number, timezone_offset, created_at)
  SELECT s.id, o.key, s.vendor_site_id, s.timezone_offset_min / 60, s.created_at
  FROM systems AS s LEFT JOIN json_each(:owner) AS o ON o.value = s.owner_clerk_user_id;
DROP TABLE user_systems;
DROP TABLE systems;
ALTER TABLE systems_old RENAME TO systems;
CREATE INDEX user_system_idx ON systems (user_id, system_number);
ALTER TABLE readings_agg_1d DROP COLUMN sample_count;
"""

OWNERS = {"simon": "user_2abcDEF", "ada": "user_2xyzGHI"}
SCOPE = ("systems", "user_systems", "readings_agg_1d")


def make(path: Path, *, minutes: int = 200) -> Path:
    """A living database in WAL mode: three systems, a reading a minute, a day of aggregates each."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(GENERATION_1)
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO systems (user_id, system_number) VALUES (?, ?)",
            [("simon", "1586"), ("ada", "2001"), ("simon", "2002")],
        )
        connection.executemany(
            "INSERT INTO readings (system_id, inverter_time, solar_w, battery_soc) VALUES (?, ?, ?, ?)",
            (
                (s, 1_700_000_000 + 60 * m, m % 5000, 50 + m % 50 / 10)
                for m in range(minutes)
                for s in (1, 2, 3)
            ),
        )
        connection.executemany(
            "INSERT INTO readings_agg_1d (system_id, day, solar_kwh) VALUES (?, ?, ?)",
            [(str(s), f"2025-08-{d:02}", d / 7) for s in (1, 2, 3) for d in range(1, 29)],
        )
        connection.execute("INSERT INTO polling_status (system_id) VALUES (1), (1), (2), (3)")
        connection.execute("COMMIT")
    return path


def script(text: str, file: str = "migrate.sql") -> tuple[SqlStatement, ...]:
    """The statements of a script, as a plan would hold them."""
    return sqltext.split(text, Position(file, 1))


def change(
    text: str = FORWARD, *, scope: tuple[str, ...] = SCOPE, rows: str = "", **more: object
) -> PlannedChange:
    """A change as a plan would declare it; ``rows`` such as ``systems=* readings=0``."""
    return PlannedChange(
        statements=script(text), scope=scope, rows=expectations(rows), parameters={"owner": OWNERS}, **more
    )


def boundaries(statements: int) -> tuple[str, ...]:
    """The moments that a hook hears, in order, for a script of so many statements."""
    middle = [f"{edge} statement {n}" for n in range(1, statements + 1) for edge in ("before", "after")]
    return ("before begin", "begun", "prepared", *middle, "verified", "recorded", "committed")


def expectations(text: str) -> tuple[RowExpectation, ...]:
    """``systems=* readings=0 user_systems=systems log=+3 other=7`` as data."""
    found = []
    for word in text.split():
        table, value = word.split("=")
        match value:
            case "*":
                found.append(RowExpectation(table, Rows.KEPT))
            case "0":
                found.append(RowExpectation(table, Rows.UNCHANGED))
            case "any":
                found.append(RowExpectation(table, Rows.ANY))
            case _ if value[0] in "+-":
                found.append(RowExpectation(table, Rows.ADDED, int(value)))
            case _ if value.isdigit():
                found.append(RowExpectation(table, Rows.AFFECTED, int(value)))
            case _:
                found.append(RowExpectation(table, Rows.AS_MANY_AS, other=value))
    return tuple(found)


def context(direction: Direction = Direction.FORWARD, **more: object) -> Context:
    """Who does it: the tests."""
    return Context(
        run_id="run-1",
        action="migrate",
        direction=direction,
        plan_sha256="p" * 64,
        content_sha256="c" * 64,
        started_at=1_755_000_000,
        who="tests",
        **more,
    )


def ask(path: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    """Rows of a query, by a connection of its own."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(sql, values).fetchall()


def tell(path: Path, sql: str) -> None:
    """Run a script, by a connection of its own."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(sql)

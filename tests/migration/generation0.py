"""A database of LiveOne's first weeks: powers with fractions, moments read several times, text timestamps."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from liveone.store.sql import schema_path

FIRST_AT = 1_755_310_675
MOMENTS, REPEATS = 2_710, 1_470
BESIDE = """
CREATE TABLE hourly_aggregates (id INTEGER PRIMARY KEY, hour INTEGER, solar_kwh REAL);
CREATE TABLE daily_aggregates (id INTEGER PRIMARY KEY, day TEXT, solar_kwh REAL);
INSERT INTO hourly_aggregates VALUES (1, 487586, 0.5);
"""
EARLY = """
CREATE TABLE `readings_agg_5m` (
\t`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
\t`interval_end` integer NOT NULL,
\t`solar_power_avg` real,
\t`system_id` integer NOT NULL,
\tFOREIGN KEY (`system_id`) REFERENCES `systems`(`id`) ON UPDATE no action ON DELETE no action
);
CREATE UNIQUE INDEX `agg_5m_unique` ON `readings_agg_5m` (`system_id`,`interval_end`);
INSERT INTO readings_agg_5m (interval_end, solar_power_avg, system_id)
VALUES (1755310800, 12.5, 1), (300, NULL, 2);
"""
ROW = (
    "INSERT INTO readings (system_id, inverter_time, received_time, delay_seconds, solar_power,"
    " solar_inverter_power, shunt_power, load_power, battery_power, grid_power, battery_soc, fault_code,"
    " fault_timestamp, generator_status, solar_kwh_total, load_kwh_total, battery_in_kwh_total,"
    " battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def make(path: Path, *, early: bool = False, nullable: bool = False) -> Path:
    """4,180 readings of two owners with one number; ``early``: five-minute rows; ``nullable``: gaps."""
    dice = random.Random(16)
    with closing(sqlite3.connect(path)) as connection:
        text = schema_path(0).read_text().replace("CREATE TABLE systems", "CREATE TABLE `systems`")
        connection.executescript(text.replace("REAL NOT NULL", "real") if nullable else text)
        connection.executemany(
            "INSERT INTO systems (id, user_id, system_number, display_name, created_at)"
            " VALUES (?, ?, '1586', ?, ?)",
            [(1, "simon", "Farm", "2025-08-16 02:17:55"), (2, "ada", None, "2025-08-20 10:00:00")],
        )
        moments = [(1 + n % 2, FIRST_AT + 60 * n) for n in range(MOMENTS)]
        for system_id, at in moments + dice.sample(moments, REPEATS):
            connection.execute(ROW, _row(dice, system_id, at))
        connection.executescript(BESIDE + (EARLY if early else ""))
        connection.execute(
            "INSERT INTO polling_status (system_id, last_poll_time, updated_at)"
            " VALUES (1, 1, '2025-08-16 02:17:55')"
        )
        connection.commit()
    return path


def _row(dice: random.Random, system_id: int, at: int) -> tuple[object, ...]:
    counters = [0.0 if at < FIRST_AT + 3600 else 5000 + (at - FIRST_AT) / 3600] * 6
    powers = [round(dice.uniform(-3000, 3000), 3) for _ in range(6)]
    faults = dice.choice([(0, 0, 0), (None, None, None)])
    return (system_id, at, at + 2, 2, *powers, 55.5, *faults, *counters, "2025-08-16 02:17:55")

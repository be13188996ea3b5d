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
"""So many of the oldest rows of each table hold text where newer ones hold epoch seconds."""

ADD_SYSTEM = """
INSERT INTO systems (id, user_id, system_number, model, ratings, solar_size, battery_size, timezone_offset,
  created_at)
VALUES (?, ?, ?, 'SPMC482', '7.5kW, 48V', '9 kW', '63.6 kWh', ?, '2019-08-16 03:04:05')
"""
ADD_READINGS = """
WITH RECURSIVE minute (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM minute WHERE n + 1 < :minutes),
  polled AS (
    SELECT s.id AS system_id, n, :first_at + n * 60 + s.id * 7 AS at,
    (n * 7919 + s.id * 104729) % 997 AS noise,
      ((:first_at + n * 60 + s.timezone_offset * 3600) % 86400) / 86400.0 AS hour
    FROM minute CROSS JOIN systems s),
  measured AS (
    SELECT *, CAST(max(0, (hour - 0.25) * (0.75 - hour)) * 16 * (4500 + noise * 3) AS INTEGER) AS sun,
      350 + noise + iif(hour > 0.7 AND hour < 0.95, 1900, 0) AS used FROM polled)
INSERT INTO readings (
  system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w,
  battery_w,
  grid_w, battery_soc, fault_code, fault_timestamp, generator_status, solar_kwh_total, load_kwh_total,
  battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total, created_at)
SELECT
  system_id, at, at + noise % 7, noise % 7, sun + noise % 20, sun, noise % 20, used, (used - sun) * 3 / 4,
  (used - sun) / 4, round(55 + 40 * (hour - 0.5) + noise / 500.0, 1), 0, 0, 0, round(1200 + n * 0.0271, 2),
  round(900 + n * 0.0249, 2), round(400 + n * 0.0113, 2), round(380 + n * 0.0107, 2),
  round(30 + n * 0.0021, 2),
  round(70 + n * 0.0037, 2), iif(n < :texts, datetime(at, 'unixepoch'), at + noise % 7)
FROM measured
"""
ADD_5M = """
INSERT INTO readings_agg_5m (
  system_id, interval_end, solar_w_avg, solar_w_min, solar_w_max, load_w_avg, load_w_min, load_w_max,
  battery_w_avg,
  battery_w_min, battery_w_max, grid_w_avg, grid_w_min, grid_w_max, battery_soc_last, solar_kwh_total_last,
  load_kwh_total_last, battery_in_kwh_total_last, battery_out_kwh_total_last, grid_in_kwh_total_last,
  grid_out_kwh_total_last, sample_count, created_at)
SELECT
  system_id, (inverter_time + 299) / 300 * 300 AS ended, round(avg(solar_w)), min(solar_w), max(solar_w),
  round(avg(load_w)), min(load_w), max(load_w), round(avg(battery_w)), min(battery_w), max(battery_w),
  round(avg(grid_w)), min(grid_w), max(grid_w), max(battery_soc), max(solar_kwh_total), max(load_kwh_total),
  max(battery_in_kwh_total), max(battery_out_kwh_total), max(grid_in_kwh_total), max(grid_out_kwh_total),
  count(*),
  max(inverter_time) + 2
FROM readings GROUP BY ended, system_id
"""
ADD_DAYS = """
INSERT INTO readings_agg_1d (
  system_id, day, solar_kwh, load_kwh, battery_charge_kwh, battery_discharge_kwh, grid_import_kwh,
  grid_export_kwh,
  solar_w_min, solar_w_avg, solar_w_max, load_w_min, load_w_avg, load_w_max, battery_w_min, battery_w_avg,
  battery_w_max, grid_w_min, grid_w_avg, grid_w_max, battery_soc_max, battery_soc_min, battery_soc_avg,
  battery_soc_end, solar_alltime_kwh, load_alltime_kwh, battery_charge_alltime_kwh,
  battery_discharge_alltime_kwh,
  grid_import_alltime_kwh, grid_export_alltime_kwh, interval_count)
SELECT
  CAST(system_id AS TEXT), date(interval_end - 1 + timezone_offset * 3600, 'unixepoch') AS local_day,
  max(solar_kwh_total_last) - min(solar_kwh_total_last), max(load_kwh_total_last) - min(load_kwh_total_last),
  max(battery_in_kwh_total_last) - min(battery_in_kwh_total_last),
  max(battery_out_kwh_total_last) - min(battery_out_kwh_total_last),
  max(grid_in_kwh_total_last) - min(grid_in_kwh_total_last),
  max(grid_out_kwh_total_last) - min(grid_out_kwh_total_last),
  min(solar_w_min), round(avg(solar_w_avg)), max(solar_w_max), min(load_w_min), round(avg(load_w_avg)),
  max(load_w_max), min(battery_w_min), round(avg(battery_w_avg)), max(battery_w_max), min(grid_w_min),
  round(avg(grid_w_avg)), max(grid_w_max), max(battery_soc_last), min(battery_soc_last),
  avg(battery_soc_last),
  max(battery_soc_last), max(solar_kwh_total_last), max(load_kwh_total_last), max(battery_in_kwh_total_last),
  max(battery_out_kwh_total_last), max(grid_in_kwh_total_last), max(grid_out_kwh_total_last), count(*)
FROM readings_agg_5m a JOIN systems s ON s.id = a.system_id
GROUP BY local_day, system_id HAVING local_day < date(:until_at, 'unixepoch')
"""
AGE_ROWS = "UPDATE {} SET created_at = datetime(created_at, 'unixepoch') WHERE id <= :texts"
ADD_STATUS = """
INSERT INTO polling_status (system_id, last_poll_time, last_success_time, last_response, total_polls,
  successful_polls)
VALUES (?, ?, ?, ?, ?, ?)
"""
RESPONSE = json.dumps({"device": {"name": "SP PRO"}, "items": {f"item_{n}_w": n * 101 for n in range(22)}})


def make(path: Path, readings: int) -> int:
    """A new file in WAL mode with at least so many readings, their 5-minute and day rows; its size in bytes.

    About six seconds a million readings, most of it the four indexes of `readings`.
    """
    until_at = int(time.time()) // MINUTE_S * MINUTE_S - MINUTE_S
    minutes = -(-readings // len(SYSTEMS))
    values = {
        "minutes": minutes,
        "first_at": until_at - minutes * MINUTE_S,
        "until_at": until_at,
        "texts": TEXT_ROWS,
    }
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(schema_path(1).read_text())
        connection.executemany(ADD_SYSTEM, SYSTEMS)
        for statement in (ADD_READINGS, ADD_5M, ADD_DAYS):
            connection.execute(statement, values)
        for table in ("readings_agg_5m", "readings_agg_1d"):
            connection.execute(AGE_ROWS.format(table), values)
        polled = (until_at, until_at, RESPONSE, minutes, minutes)
        connection.executemany(ADD_STATUS, [(number, *polled) for number in (1, 1, 2, 3)])
        connection.execute("PRAGMA journal_mode = WAL")
    return path.stat().st_size

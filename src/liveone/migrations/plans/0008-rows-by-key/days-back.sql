-- Days with ids, as before. The key goes through the rows in its order, so they get new ids in that order.
CREATE TABLE readings_agg_1d_old (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id TEXT NOT NULL,
  day TEXT NOT NULL,
  created_at INTEGER NOT NULL DEFAULT (unixepoch()),
  updated_at INTEGER NOT NULL DEFAULT (unixepoch()),
  solar_kwh REAL,
  load_kwh REAL,
  battery_charge_kwh REAL,
  battery_discharge_kwh REAL,
  grid_import_kwh REAL,
  grid_export_kwh REAL,
  solar_w_min INTEGER,
  solar_w_avg INTEGER,
  solar_w_max INTEGER,
  load_w_min INTEGER,
  load_w_avg INTEGER,
  load_w_max INTEGER,
  battery_w_min INTEGER,
  battery_w_avg INTEGER,
  battery_w_max INTEGER,
  grid_w_min INTEGER,
  grid_w_avg INTEGER,
  grid_w_max INTEGER,
  battery_soc_max REAL,
  battery_soc_min REAL,
  battery_soc_avg REAL,
  battery_soc_end REAL,
  solar_alltime_kwh REAL,
  load_alltime_kwh REAL,
  battery_charge_alltime_kwh REAL,
  battery_discharge_alltime_kwh REAL,
  grid_import_alltime_kwh REAL,
  grid_export_alltime_kwh REAL,
  interval_count INTEGER NOT NULL DEFAULT 0,
  sample_count INTEGER NOT NULL DEFAULT 0,
  version INTEGER DEFAULT 1
);

INSERT INTO readings_agg_1d_old (
  system_id, day, created_at, updated_at, solar_kwh, load_kwh, battery_charge_kwh, battery_discharge_kwh,
  grid_import_kwh, grid_export_kwh, solar_w_min, solar_w_avg, solar_w_max, load_w_min, load_w_avg, load_w_max,
  battery_w_min, battery_w_avg, battery_w_max, grid_w_min, grid_w_avg, grid_w_max, battery_soc_max, battery_soc_min,
  battery_soc_avg, battery_soc_end, solar_alltime_kwh, load_alltime_kwh, battery_charge_alltime_kwh,
  battery_discharge_alltime_kwh, grid_import_alltime_kwh, grid_export_alltime_kwh, interval_count, sample_count,
  version)
SELECT
  CAST(system_id AS TEXT), day, coalesce(created_at, unixepoch(day)), coalesce(updated_at, unixepoch(day)), solar_kwh,
  load_kwh, battery_charge_kwh, battery_discharge_kwh, grid_import_kwh, grid_export_kwh, solar_w_min, solar_w_avg,
  solar_w_max, load_w_min, load_w_avg, load_w_max, battery_w_min, battery_w_avg, battery_w_max, grid_w_min,
  grid_w_avg, grid_w_max, battery_soc_max, battery_soc_min, battery_soc_avg, battery_soc_end, solar_alltime_kwh,
  load_alltime_kwh, battery_charge_alltime_kwh, battery_discharge_alltime_kwh, grid_import_alltime_kwh,
  grid_export_alltime_kwh, interval_count, sample_count, version
FROM readings_agg_1d;

DROP TABLE readings_agg_1d;
ALTER TABLE readings_agg_1d_old RENAME TO readings_agg_1d;
CREATE UNIQUE INDEX readings_agg_1d_system_day_unique ON readings_agg_1d (system_id, day);

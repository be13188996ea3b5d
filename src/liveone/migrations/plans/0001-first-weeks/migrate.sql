-- Generation 0 to 1. changeover_first_readings and changeover_first_status keep the old rows, word by word;
-- changeover_first_offsets and changeover_first_responses, left by a rollback, hold what generation 0 could not.
CREATE TABLE IF NOT EXISTS changeover_first_offsets (system_id INTEGER PRIMARY KEY, timezone_offset);
CREATE TABLE IF NOT EXISTS changeover_first_responses (status_id INTEGER PRIMARY KEY, last_response TEXT);

ALTER TABLE systems ADD COLUMN timezone_offset INTEGER NOT NULL DEFAULT 10;
UPDATE systems SET timezone_offset = (SELECT o.timezone_offset FROM changeover_first_offsets o WHERE o.system_id = id)
WHERE id IN (SELECT system_id FROM changeover_first_offsets);

-- Absent is never zero: what an old reading does not say stays unsaid.
CREATE TABLE readings_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  inverter_time INTEGER NOT NULL,
  received_time INTEGER NOT NULL,
  delay_seconds INTEGER NOT NULL,
  solar_w INTEGER NOT NULL,
  solar_inverter_w INTEGER NOT NULL,
  shunt_w INTEGER NOT NULL,
  load_w INTEGER NOT NULL,
  battery_w INTEGER NOT NULL,
  grid_w INTEGER NOT NULL,
  battery_soc REAL NOT NULL,
  fault_code INTEGER,
  fault_timestamp INTEGER,
  generator_status INTEGER,
  solar_kwh_total REAL,
  load_kwh_total REAL,
  battery_in_kwh_total REAL,
  battery_out_kwh_total REAL,
  grid_in_kwh_total REAL,
  grid_out_kwh_total REAL,
  created_at INTEGER NOT NULL DEFAULT (unixepoch())
);

-- The newest reading of a moment wins.
INSERT INTO readings_new (
  id, system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w, battery_w,
  grid_w, battery_soc, fault_code, fault_timestamp, generator_status, solar_kwh_total, load_kwh_total,
  battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total, created_at)
SELECT
  id, system_id, inverter_time, received_time, coalesce(delay_seconds, received_time - inverter_time),
  CAST(round(solar_power) AS INTEGER),
  CAST(round(solar_inverter_power) AS INTEGER),
  CAST(round(shunt_power) AS INTEGER),
  CAST(round(load_power) AS INTEGER),
  CAST(round(battery_power) AS INTEGER),
  CAST(round(grid_power) AS INTEGER),
  battery_soc, fault_code, fault_timestamp, generator_status, solar_kwh_total, load_kwh_total,
  battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total,
  coalesce(created_at, received_time)
FROM readings
WHERE id IN (SELECT max(id) FROM readings GROUP BY system_id, inverter_time)
  AND system_id IN (SELECT id FROM systems);

CREATE TABLE changeover_first_readings AS
-- allow select-star: kept as it is
SELECT * FROM readings;

UPDATE sqlite_sequence
SET seq = max(seq, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'readings'))
WHERE name = 'readings_new';

DROP TABLE readings /* allow copy-without-count: copied whole above */;
ALTER TABLE readings_new RENAME TO readings;
CREATE UNIQUE INDEX readings_system_inverter_time_unique ON readings (system_id, inverter_time);
CREATE INDEX inverter_time_idx ON readings (inverter_time);
CREATE INDEX received_time_idx ON readings (received_time);

CREATE TABLE polling_status_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  last_poll_time INTEGER,
  last_success_time INTEGER,
  last_error_time INTEGER,
  last_error TEXT,
  last_response TEXT,
  consecutive_errors INTEGER NOT NULL DEFAULT 0,
  is_active INTEGER NOT NULL DEFAULT 1,
  total_polls INTEGER NOT NULL DEFAULT 0,
  successful_polls INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL DEFAULT (unixepoch())
);

INSERT INTO polling_status_new (
  id, system_id, last_poll_time, last_success_time, last_error_time, last_error, last_response, consecutive_errors,
  is_active, total_polls, successful_polls, updated_at)
SELECT
  p.id, p.system_id, p.last_poll_time, p.last_success_time, p.last_error_time, p.last_error, r.last_response,
  coalesce(p.consecutive_errors, 0), coalesce(p.is_active, 1), coalesce(p.total_polls, 0),
  coalesce(p.successful_polls, 0), coalesce(p.updated_at, unixepoch())
FROM polling_status p LEFT JOIN changeover_first_responses r ON r.status_id = p.id
WHERE p.system_id IN (SELECT id FROM systems);

CREATE TABLE changeover_first_status AS
-- allow select-star: kept as it is
SELECT * FROM polling_status;

UPDATE sqlite_sequence
SET seq = max(seq, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'polling_status'))
WHERE name = 'polling_status_new';

DROP TABLE polling_status /* allow copy-without-count: copied whole above */;
ALTER TABLE polling_status_new RENAME TO polling_status;
CREATE INDEX polling_status_system_idx ON polling_status (system_id);

CREATE TABLE readings_agg_5m (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL,
  interval_end INTEGER NOT NULL,
  solar_w_avg INTEGER,
  solar_w_min INTEGER,
  solar_w_max INTEGER,
  load_w_avg INTEGER,
  load_w_min INTEGER,
  load_w_max INTEGER,
  battery_w_avg INTEGER,
  battery_w_min INTEGER,
  battery_w_max INTEGER,
  grid_w_avg INTEGER,
  grid_w_min INTEGER,
  grid_w_max INTEGER,
  battery_soc_last REAL,
  solar_kwh_total_last REAL,
  load_kwh_total_last REAL,
  battery_in_kwh_total_last REAL,
  battery_out_kwh_total_last REAL,
  grid_in_kwh_total_last REAL,
  grid_out_kwh_total_last REAL,
  sample_count INTEGER NOT NULL,
  created_at INTEGER NOT NULL DEFAULT (unixepoch())
);
CREATE UNIQUE INDEX readings_agg_5m_system_interval_unique ON readings_agg_5m (system_id, interval_end);

CREATE TABLE readings_agg_1d (
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
  version INTEGER DEFAULT 1
);
CREATE UNIQUE INDEX readings_agg_1d_system_day_unique ON readings_agg_1d (system_id, day);

DROP TABLE changeover_first_offsets;
DROP TABLE changeover_first_responses /* allow copy-without-count: statuses of systems that are gone have none */;

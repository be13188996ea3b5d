-- Readings lie in the order of their key, system and time: without an id, and without any other index.
CREATE TABLE readings_new (
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  inverter_time INTEGER NOT NULL,
  received_time INTEGER NOT NULL,
  delay_seconds INTEGER NOT NULL,
  solar_w INTEGER,
  solar_inverter_w INTEGER,
  shunt_w INTEGER,
  load_w INTEGER,
  battery_w INTEGER,
  grid_w INTEGER,
  battery_soc REAL,
  fault_code INTEGER,
  fault_timestamp INTEGER,
  generator_status INTEGER,
  solar_kwh_total REAL,
  load_kwh_total REAL,
  battery_in_kwh_total REAL,
  battery_out_kwh_total REAL,
  grid_in_kwh_total REAL,
  grid_out_kwh_total REAL,
  created_at INTEGER NOT NULL DEFAULT (unixepoch()),
  PRIMARY KEY (system_id, inverter_time)
) WITHOUT ROWID;

INSERT INTO readings_new (
  system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w, battery_w,
  grid_w, battery_soc, fault_code, fault_timestamp, generator_status, solar_kwh_total, load_kwh_total,
  battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total, created_at)
SELECT
  system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w, battery_w,
  grid_w, battery_soc, fault_code, fault_timestamp, generator_status, solar_kwh_total, load_kwh_total,
  battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total,
  coalesce(created_at, received_time)
FROM readings;

DROP TABLE readings;
ALTER TABLE readings_new RENAME TO readings;

-- Generation 1 back to 0, keeping everything written since; afterwards changeover gives every table the very
-- definition that it had. A power that is still what the migration made of it gets its fraction back.
CREATE TABLE changeover_first_offsets (system_id INTEGER PRIMARY KEY, timezone_offset);
INSERT INTO changeover_first_offsets (system_id, timezone_offset)
SELECT id, timezone_offset FROM systems WHERE timezone_offset IS NOT 10;
ALTER TABLE systems DROP COLUMN timezone_offset;

CREATE TABLE changeover_first_responses (status_id INTEGER PRIMARY KEY, last_response TEXT);
INSERT INTO changeover_first_responses (status_id, last_response)
SELECT id, last_response FROM polling_status WHERE last_response IS NOT NULL;

-- Old rows: those that are still there, and those that were not taken along (a moment twice, a system gone).
CREATE TABLE readings_old AS
-- allow select-star: the copy was made of this very table
SELECT f.* FROM changeover_first_readings f
WHERE f.id IN (SELECT id FROM readings)
   OR f.id NOT IN (SELECT max(id) FROM changeover_first_readings GROUP BY system_id, inverter_time)
   OR f.system_id NOT IN (SELECT id FROM systems);

UPDATE readings_old SET
  system_id = n.system_id,
  inverter_time = n.inverter_time,
  received_time = n.received_time,
  battery_soc = n.battery_soc,
  fault_code = n.fault_code,
  fault_timestamp = n.fault_timestamp,
  generator_status = n.generator_status,
  solar_kwh_total = n.solar_kwh_total,
  load_kwh_total = n.load_kwh_total,
  battery_in_kwh_total = n.battery_in_kwh_total,
  battery_out_kwh_total = n.battery_out_kwh_total,
  grid_in_kwh_total = n.grid_in_kwh_total,
  grid_out_kwh_total = n.grid_out_kwh_total,
  delay_seconds = iif(readings_old.delay_seconds IS NULL, NULL, n.delay_seconds),
  created_at = iif(readings_old.created_at IS NULL, NULL, n.created_at),
  solar_power = iif(n.solar_w IS CAST(round(readings_old.solar_power) AS INTEGER), readings_old.solar_power, n.solar_w),
  solar_inverter_power = iif(n.solar_inverter_w IS CAST(round(readings_old.solar_inverter_power) AS INTEGER), readings_old.solar_inverter_power, n.solar_inverter_w),
  shunt_power = iif(n.shunt_w IS CAST(round(readings_old.shunt_power) AS INTEGER), readings_old.shunt_power, n.shunt_w),
  load_power = iif(n.load_w IS CAST(round(readings_old.load_power) AS INTEGER), readings_old.load_power, n.load_w),
  battery_power = iif(n.battery_w IS CAST(round(readings_old.battery_power) AS INTEGER), readings_old.battery_power, n.battery_w),
  grid_power = iif(n.grid_w IS CAST(round(readings_old.grid_power) AS INTEGER), readings_old.grid_power, n.grid_w)
FROM readings n WHERE n.id = readings_old.id;

INSERT INTO readings_old (
  id, system_id, inverter_time, received_time, delay_seconds, solar_power, solar_inverter_power, shunt_power,
  load_power, battery_power, grid_power, battery_soc, fault_code, fault_timestamp, generator_status, solar_kwh_total,
  load_kwh_total, battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total, created_at)
SELECT
  id, system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w,
  battery_w, grid_w, battery_soc,
  fault_code, fault_timestamp, generator_status, solar_kwh_total, load_kwh_total, battery_in_kwh_total,
  battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total, created_at
FROM readings WHERE id NOT IN (SELECT id FROM changeover_first_readings);

DROP TABLE readings /* allow copy-without-count: the rest is in changeover_first_readings, updated above */;
ALTER TABLE readings_old RENAME TO readings;

CREATE TABLE polling_status_old AS
-- allow select-star: the copy was made of this very table
SELECT f.* FROM changeover_first_status f
WHERE f.id IN (SELECT id FROM polling_status) OR f.system_id NOT IN (SELECT id FROM systems);

UPDATE polling_status_old SET
  system_id = n.system_id, last_poll_time = n.last_poll_time, last_success_time = n.last_success_time,
  last_error_time = n.last_error_time, last_error = n.last_error, consecutive_errors = n.consecutive_errors,
  is_active = n.is_active, total_polls = n.total_polls, successful_polls = n.successful_polls,
  updated_at = n.updated_at
FROM polling_status n WHERE n.id = polling_status_old.id;

INSERT INTO polling_status_old (
  id, system_id, last_poll_time, last_success_time, last_error_time, last_error, consecutive_errors, is_active,
  total_polls, successful_polls, updated_at)
SELECT
  id, system_id, last_poll_time, last_success_time, last_error_time, last_error, consecutive_errors, is_active,
  total_polls, successful_polls, updated_at
FROM polling_status WHERE id NOT IN (SELECT id FROM changeover_first_status);

DROP TABLE polling_status /* allow copy-without-count: the rest is in changeover_first_status, updated above */;
ALTER TABLE polling_status_old RENAME TO polling_status;

DROP TABLE readings_agg_5m;
DROP TABLE readings_agg_1d;
DROP TABLE changeover_first_readings /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_first_status /* allow copy-without-count: copied whole above */;

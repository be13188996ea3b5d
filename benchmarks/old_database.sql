-- Fills a database of generation 1 whose three systems are there. Three statements: readings, 5-minute rows, days.
-- Rows come in the order of time, the systems in turn, as polls would bring them.
WITH RECURSIVE
  minute (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM minute WHERE n + 1 < :minutes),
  polled AS (
    SELECT
      s.id AS system_id,
      n,
      :first_at + n * 60 + s.id * 7 AS at,
      (n * 7919 + s.id * 104729) % 997 AS noise,
      ((:first_at + n * 60 + s.timezone_offset * 3600) % 86400) / 86400.0 AS part_of_day
    FROM minute CROSS JOIN systems s),
  measured AS (
    SELECT
      *,
      CAST(max(0, (part_of_day - 0.25) * (0.75 - part_of_day)) * 16 * (4500 + noise * 3) AS INTEGER) AS sun_w,
      350 + noise + iif(part_of_day > 0.7 AND part_of_day < 0.95, 1900, 0) AS used_w
    FROM polled)
INSERT INTO readings (
  system_id, inverter_time, received_time, delay_seconds,
  solar_w, solar_inverter_w, shunt_w, load_w, battery_w, grid_w, battery_soc,
  fault_code, fault_timestamp, generator_status,
  solar_kwh_total, load_kwh_total, battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total,
  created_at)
SELECT
  system_id, at, at + noise % 7, noise % 7,
  sun_w + noise % 20, sun_w, noise % 20, used_w, (used_w - sun_w) * 3 / 4, (used_w - sun_w) / 4,
  round(55 + 40 * (part_of_day - 0.5) + noise / 500.0, 1),
  0, 0, 0,
  round(1200 + n * 0.0271, 2), round(900 + n * 0.0249, 2), round(400 + n * 0.0113, 2), round(380 + n * 0.0107, 2),
  round(30 + n * 0.0021, 2), round(70 + n * 0.0037, 2),
  iif(n < :texts, datetime(at, 'unixepoch'), at + noise % 7)
FROM measured;

INSERT INTO readings_agg_5m (
  system_id, interval_end,
  solar_w_avg, solar_w_min, solar_w_max, load_w_avg, load_w_min, load_w_max,
  battery_w_avg, battery_w_min, battery_w_max, grid_w_avg, grid_w_min, grid_w_max,
  battery_soc_last, solar_kwh_total_last, load_kwh_total_last, battery_in_kwh_total_last, battery_out_kwh_total_last,
  grid_in_kwh_total_last, grid_out_kwh_total_last, sample_count, created_at)
SELECT
  system_id, (inverter_time + 299) / 300 * 300 AS ended,
  round(avg(solar_w)), min(solar_w), max(solar_w), round(avg(load_w)), min(load_w), max(load_w),
  round(avg(battery_w)), min(battery_w), max(battery_w), round(avg(grid_w)), min(grid_w), max(grid_w),
  max(battery_soc), max(solar_kwh_total), max(load_kwh_total), max(battery_in_kwh_total), max(battery_out_kwh_total),
  max(grid_in_kwh_total), max(grid_out_kwh_total), count(*),
  iif(min(id) < :texts, datetime(max(inverter_time), 'unixepoch'), max(inverter_time) + 2)
FROM readings
GROUP BY ended, system_id;

INSERT INTO readings_agg_1d (
  system_id, day, created_at,
  solar_kwh, load_kwh, battery_charge_kwh, battery_discharge_kwh, grid_import_kwh, grid_export_kwh,
  solar_w_min, solar_w_avg, solar_w_max, load_w_min, load_w_avg, load_w_max,
  battery_w_min, battery_w_avg, battery_w_max, grid_w_min, grid_w_avg, grid_w_max,
  battery_soc_max, battery_soc_min, battery_soc_avg, battery_soc_end,
  solar_alltime_kwh, load_alltime_kwh, battery_charge_alltime_kwh, battery_discharge_alltime_kwh,
  grid_import_alltime_kwh, grid_export_alltime_kwh, interval_count)
SELECT
  CAST(system_id AS TEXT), date(interval_end - 1 + timezone_offset * 3600, 'unixepoch') AS local_day,
  iif(min(a.id) < :texts, datetime(max(interval_end), 'unixepoch'), max(interval_end)),
  max(solar_kwh_total_last) - min(solar_kwh_total_last), max(load_kwh_total_last) - min(load_kwh_total_last),
  max(battery_in_kwh_total_last) - min(battery_in_kwh_total_last),
  max(battery_out_kwh_total_last) - min(battery_out_kwh_total_last),
  max(grid_in_kwh_total_last) - min(grid_in_kwh_total_last), max(grid_out_kwh_total_last) - min(grid_out_kwh_total_last),
  min(solar_w_min), round(avg(solar_w_avg)), max(solar_w_max), min(load_w_min), round(avg(load_w_avg)), max(load_w_max),
  min(battery_w_min), round(avg(battery_w_avg)), max(battery_w_max),
  min(grid_w_min), round(avg(grid_w_avg)), max(grid_w_max),
  max(battery_soc_last), min(battery_soc_last), avg(battery_soc_last), max(battery_soc_last),
  max(solar_kwh_total_last), max(load_kwh_total_last), max(battery_in_kwh_total_last), max(battery_out_kwh_total_last),
  max(grid_in_kwh_total_last), max(grid_out_kwh_total_last), count(*)
FROM readings_agg_5m a JOIN systems s ON s.id = a.system_id
GROUP BY local_day, system_id
HAVING local_day < date(:until_at, 'unixepoch');

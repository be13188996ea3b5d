-- Writes days of system ?1; ?2: JSON, one array a day, fields in the order of domain.Day.
-- It counts no samples; naming systems.user_id makes it fail, and be detected again, on generation 2.
INSERT INTO readings_agg_1d (
  system_id, day, solar_kwh, load_kwh, battery_charge_kwh, battery_discharge_kwh, grid_import_kwh, grid_export_kwh,
  solar_w_min, solar_w_avg, solar_w_max, load_w_min, load_w_avg, load_w_max, battery_w_min,
  battery_w_avg, battery_w_max, grid_w_min, grid_w_avg, grid_w_max, battery_soc_max, battery_soc_min,
  battery_soc_avg, battery_soc_end, solar_alltime_kwh, load_alltime_kwh, battery_charge_alltime_kwh,
  battery_discharge_alltime_kwh, grid_import_alltime_kwh, grid_export_alltime_kwh, interval_count, version, created_at, updated_at
)
SELECT CAST(?1 AS TEXT), value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
       value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12,
       value ->> 13, value ->> 14, value ->> 15, value ->> 16, value ->> 17, value ->> 18, value ->> 19,
       value ->> 20, value ->> 21, value ->> 22, value ->> 23, value ->> 24, value ->> 25, value ->> 26,
       value ->> 27, value ->> 28, value ->> 29, value ->> 31, unixepoch(), unixepoch()
FROM json_each(?2) WHERE true AND (SELECT count(user_id) FROM systems) >= 0
ON CONFLICT (system_id, day) DO UPDATE SET
  solar_kwh = excluded.solar_kwh,
  load_kwh = excluded.load_kwh,
  battery_charge_kwh = excluded.battery_charge_kwh,
  battery_discharge_kwh = excluded.battery_discharge_kwh,
  grid_import_kwh = excluded.grid_import_kwh,
  grid_export_kwh = excluded.grid_export_kwh,
  solar_w_min = excluded.solar_w_min,
  solar_w_avg = excluded.solar_w_avg,
  solar_w_max = excluded.solar_w_max,
  load_w_min = excluded.load_w_min,
  load_w_avg = excluded.load_w_avg,
  load_w_max = excluded.load_w_max,
  battery_w_min = excluded.battery_w_min,
  battery_w_avg = excluded.battery_w_avg,
  battery_w_max = excluded.battery_w_max,
  grid_w_min = excluded.grid_w_min,
  grid_w_avg = excluded.grid_w_avg,
  grid_w_max = excluded.grid_w_max,
  battery_soc_max = excluded.battery_soc_max,
  battery_soc_min = excluded.battery_soc_min,
  battery_soc_avg = excluded.battery_soc_avg,
  battery_soc_end = excluded.battery_soc_end,
  solar_alltime_kwh = excluded.solar_alltime_kwh,
  load_alltime_kwh = excluded.load_alltime_kwh,
  battery_charge_alltime_kwh = excluded.battery_charge_alltime_kwh,
  battery_discharge_alltime_kwh = excluded.battery_discharge_alltime_kwh,
  grid_import_alltime_kwh = excluded.grid_import_alltime_kwh,
  grid_export_alltime_kwh = excluded.grid_export_alltime_kwh,
  interval_count = excluded.interval_count,
  version = excluded.version,
  updated_at = excluded.updated_at

-- Makes a row for every 5-minute interval in the ranges of ?1 (as in aggregate_5m) that has raw rows.
-- It is filled with values as wide as real ones, which aggregate_5m replaces in the same transaction: a row
-- that grew would split its page and leave the table half empty.
WITH RECURSIVE asked AS (
  SELECT value ->> 0 AS system_id, (value ->> 1) + 300 AS interval_end, value ->> 2 AS to_at FROM json_each(?1)
  UNION ALL
  SELECT system_id, interval_end + 300, to_at FROM asked WHERE interval_end < to_at
)
INSERT INTO readings_agg_5m (
  system_id, interval_end, solar_w_avg, solar_w_min, solar_w_max, load_w_avg, load_w_min, load_w_max,
  battery_w_avg, battery_w_min, battery_w_max, grid_w_avg, grid_w_min, grid_w_max, battery_soc_last,
  solar_kwh_total_last, load_kwh_total_last, battery_in_kwh_total_last, battery_out_kwh_total_last,
  grid_in_kwh_total_last, grid_out_kwh_total_last, sample_count, created_at
)
SELECT system_id, interval_end, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999,
       0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0, unixepoch()
FROM asked
WHERE EXISTS (
  SELECT 1 FROM readings AS r
  WHERE r.system_id = asked.system_id
    AND r.inverter_time > asked.interval_end - 300 AND r.inverter_time <= asked.interval_end)
ON CONFLICT (system_id, interval_end) DO NOTHING

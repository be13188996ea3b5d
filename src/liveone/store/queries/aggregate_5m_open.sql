-- Makes a row for every 5-minute interval in the ranges of ?1 (as in aggregate_5m) that has raw rows. One with a
-- single reading is that reading, also where a row is there already. One with more is filled with values as wide
-- as real ones, which aggregate_5m replaces in the same transaction: a row that grew would split its page and
-- leave the table half empty.
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
SELECT known.system_id, interval_end,
       iif(is_lone, CAST(round(r.solar_w) AS INTEGER), 9999),
       iif(is_lone, r.solar_w, 9999), iif(is_lone, r.solar_w, 9999),
       iif(is_lone, CAST(round(r.load_w) AS INTEGER), 9999),
       iif(is_lone, r.load_w, 9999), iif(is_lone, r.load_w, 9999),
       iif(is_lone, CAST(round(r.battery_w) AS INTEGER), 9999),
       iif(is_lone, r.battery_w, 9999), iif(is_lone, r.battery_w, 9999),
       iif(is_lone, CAST(round(r.grid_w) AS INTEGER), 9999),
       iif(is_lone, r.grid_w, 9999), iif(is_lone, r.grid_w, 9999),
       iif(is_lone, r.battery_soc, 0.1), iif(is_lone, r.solar_kwh_total, 0.1), iif(is_lone, r.load_kwh_total, 0.1),
       iif(is_lone, r.battery_in_kwh_total, 0.1), iif(is_lone, r.battery_out_kwh_total, 0.1),
       iif(is_lone, r.grid_in_kwh_total, 0.1), iif(is_lone, r.grid_out_kwh_total, 0.1), is_lone, unixepoch()
FROM (
  SELECT system_id, interval_end, newest_at, NOT EXISTS (
    SELECT 1 FROM readings AS b
    WHERE b.system_id = newest.system_id
      AND b.inverter_time > newest.interval_end - 300 AND b.inverter_time < newest_at
  ) AS is_lone
  FROM (
    SELECT asked.system_id, asked.interval_end, (
      SELECT max(n.inverter_time) FROM readings AS n
      WHERE n.system_id = asked.system_id
        AND n.inverter_time > asked.interval_end - 300 AND n.inverter_time <= asked.interval_end
    ) AS newest_at
    FROM asked LIMIT -1  -- computed once
  ) AS newest
  WHERE newest_at IS NOT NULL LIMIT -1
) AS known LEFT JOIN readings AS r
  ON is_lone AND r.system_id = known.system_id AND r.inverter_time = newest_at
WHERE true
ON CONFLICT (system_id, interval_end) DO UPDATE SET
  solar_w_avg = excluded.solar_w_avg, solar_w_min = excluded.solar_w_min, solar_w_max = excluded.solar_w_max,
  load_w_avg = excluded.load_w_avg, load_w_min = excluded.load_w_min, load_w_max = excluded.load_w_max,
  battery_w_avg = excluded.battery_w_avg, battery_w_min = excluded.battery_w_min,
  battery_w_max = excluded.battery_w_max, grid_w_avg = excluded.grid_w_avg, grid_w_min = excluded.grid_w_min,
  grid_w_max = excluded.grid_w_max, battery_soc_last = excluded.battery_soc_last,
  solar_kwh_total_last = excluded.solar_kwh_total_last, load_kwh_total_last = excluded.load_kwh_total_last,
  battery_in_kwh_total_last = excluded.battery_in_kwh_total_last,
  battery_out_kwh_total_last = excluded.battery_out_kwh_total_last,
  grid_in_kwh_total_last = excluded.grid_in_kwh_total_last,
  grid_out_kwh_total_last = excluded.grid_out_kwh_total_last, sample_count = 1
WHERE excluded.sample_count = 1

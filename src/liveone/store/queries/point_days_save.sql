-- Writes days, replacing those that are there: JSON
-- [[point_id, day, avg, min, max, last, kwh, is_estimated, interval_count], ...].
INSERT INTO point_readings_agg_1d (
  point_id, day, value_avg, value_min, value_max, value_last, kwh, is_estimated, interval_count, version
)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, 1
FROM json_each(?1) WHERE true
ON CONFLICT (point_id, day) DO UPDATE SET
  value_avg = excluded.value_avg, value_min = excluded.value_min, value_max = excluded.value_max,
  value_last = excluded.value_last, kwh = excluded.kwh, is_estimated = excluded.is_estimated,
  interval_count = excluded.interval_count, version = 1

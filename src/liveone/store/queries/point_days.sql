-- The days of point ?1 from ?2 to ?3, both in, oldest first.
SELECT day, value_avg, value_min, value_max, value_last, kwh, is_estimated, interval_count, version
FROM point_readings_agg_1d WHERE point_id = ?1 AND day >= ?2 AND day <= ?3 ORDER BY day

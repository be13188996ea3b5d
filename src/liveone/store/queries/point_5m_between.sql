-- The 5-minute rows of point ?1 that end in (?2, ?3], oldest first.
SELECT interval_end, value_avg, value_min, value_max, value_last, sample_count FROM point_readings_agg_5m
WHERE point_id = ?1 AND interval_end > ?2 AND interval_end <= ?3 ORDER BY interval_end

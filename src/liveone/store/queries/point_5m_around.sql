-- The 5-minute rows of point ?1 that end in (?2, ?3], oldest first, with up to ?4 before and ?5 after them.
SELECT interval_end, value_avg, value_min, value_max, value_last, sample_count FROM point_readings_agg_5m
WHERE point_id = ?1 AND interval_end > coalesce(
        (SELECT interval_end FROM point_readings_agg_5m WHERE point_id = ?1 AND interval_end <= ?2
         ORDER BY interval_end DESC LIMIT 1 OFFSET ?4), -1)
  AND interval_end <= coalesce(
        (SELECT interval_end FROM point_readings_agg_5m WHERE point_id = ?1 AND interval_end > ?3
         ORDER BY interval_end LIMIT 1 OFFSET ?5 - 1), 1 << 40)
ORDER BY interval_end

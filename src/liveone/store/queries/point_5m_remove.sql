-- Removes at most ?2 of the 5-minute rows of point ?1, so that no write takes long.
DELETE FROM point_readings_agg_5m
WHERE point_id = ?1 AND interval_end <= coalesce(
  (SELECT interval_end FROM point_readings_agg_5m WHERE point_id = ?1 ORDER BY interval_end LIMIT 1 OFFSET ?2 - 1),
  (SELECT max(interval_end) FROM point_readings_agg_5m WHERE point_id = ?1))

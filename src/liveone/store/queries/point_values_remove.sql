-- Removes at most ?2 values of point ?1, so that no write takes long.
DELETE FROM point_readings
WHERE point_id = ?1 AND at <= coalesce(
  (SELECT at FROM point_readings WHERE point_id = ?1 ORDER BY at LIMIT 1 OFFSET ?2 - 1),
  (SELECT max(at) FROM point_readings WHERE point_id = ?1))

-- When the value of point ?1 was taken that stands ?3 behind ?2, at most ?4; NULL: none is behind it.
SELECT coalesce(
  (SELECT at FROM point_readings WHERE point_id = ?1 AND at > ?2 AND at <= ?4 ORDER BY at LIMIT 1 OFFSET ?3 - 1),
  (SELECT max(at) FROM point_readings WHERE point_id = ?1 AND at > ?2 AND at <= ?4))

-- The values of point ?1 taken in (?2, ?3], oldest first.
SELECT at, value FROM point_readings WHERE point_id = ?1 AND at > ?2 AND at <= ?3 ORDER BY at

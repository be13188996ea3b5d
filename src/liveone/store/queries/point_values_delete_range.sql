-- Removes the values of point ?1 taken in (?2, ?3].
DELETE FROM point_readings WHERE point_id = ?1 AND at > ?2 AND at <= ?3

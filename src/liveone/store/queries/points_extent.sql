-- When the first and the last value of point ?1 were taken.
SELECT min(at), max(at) FROM point_readings WHERE point_id = ?1

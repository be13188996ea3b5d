-- Removes the days of ?1, of which nothing is known: JSON [[point_id, day], ...].
DELETE FROM point_readings_agg_1d
WHERE (point_id, day) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))

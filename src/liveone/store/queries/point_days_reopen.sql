-- Opens the days of ?1, to be computed (again): JSON [[point_id, day], ...].
INSERT INTO point_readings_agg_1d (point_id, day, version)
SELECT value ->> 0, value ->> 1, 0 FROM json_each(?1) WHERE true
ON CONFLICT (point_id, day) DO UPDATE SET version = 0 WHERE version <> 0

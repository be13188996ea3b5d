-- Opens all days of the points of system ?1, as for another time zone.
UPDATE point_readings_agg_1d SET version = 0
WHERE version <> 0 AND point_id IN (SELECT id FROM points WHERE system_id = ?1)

-- Open days up to ?1 of any point, by system, point and day: system, point, day; at most ?2.
SELECT p.system_id, d.point_id, d.day
FROM point_readings_agg_1d AS d JOIN points AS p ON p.id = d.point_id
WHERE d.version = 0 AND d.day <= ?1
ORDER BY p.system_id, d.point_id, d.day LIMIT ?2

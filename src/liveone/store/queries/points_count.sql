-- How many values the points of system ?1 have.
SELECT count(*) FROM points AS p JOIN point_readings AS r ON r.point_id = p.id WHERE p.system_id = ?1

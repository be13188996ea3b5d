-- The days of system ?1 from ?2 on that are closed.
SELECT day FROM readings_agg_1d
WHERE system_id = CAST(?1 AS TEXT) AND day >= ?2 AND coalesce(version, 1) <> 0

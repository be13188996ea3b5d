-- Chosen columns of the days ?2 to ?3 of system ?1.
SELECT {columns}
FROM readings_agg_1d
WHERE system_id = CAST(?1 AS TEXT) AND day >= ?2 AND day <= ?3

-- Forgets the days ?2, JSON [day, ...], of system ?1: they have no readings any more.
DELETE FROM readings_agg_1d
WHERE system_id = CAST(?1 AS TEXT) AND day IN (SELECT value FROM json_each(?2))

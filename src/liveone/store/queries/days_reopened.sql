-- The days of system ?1 that late data opened again.
SELECT day FROM readings_agg_1d WHERE system_id = CAST(?1 AS TEXT) AND version = 0

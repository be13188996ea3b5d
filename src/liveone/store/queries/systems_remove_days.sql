-- Removes the days of system ?1.
DELETE FROM readings_agg_1d WHERE system_id = CAST(?1 AS TEXT)

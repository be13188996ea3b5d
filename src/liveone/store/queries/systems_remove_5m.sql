-- Removes the 5-minute rows of system ?1.
DELETE FROM readings_agg_5m WHERE system_id = ?1

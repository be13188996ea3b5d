-- Deletes the readings of system ?1 taken at the instants ?2 (JSON).
DELETE FROM readings WHERE system_id = ?1 AND inverter_time IN (SELECT value FROM json_each(?2))

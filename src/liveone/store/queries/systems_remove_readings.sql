-- Removes at most ?2 readings of system ?1, so that no write takes long.
DELETE FROM readings
WHERE id IN (SELECT id FROM readings WHERE system_id = ?1 ORDER BY inverter_time LIMIT ?2)

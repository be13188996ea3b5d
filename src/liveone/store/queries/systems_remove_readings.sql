-- Removes at most ?2 readings of system ?1, so that no write takes long.
DELETE FROM readings
WHERE system_id = ?1 AND inverter_time IN (
  SELECT inverter_time FROM readings WHERE system_id = ?1 ORDER BY inverter_time LIMIT ?2)

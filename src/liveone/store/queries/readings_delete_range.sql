-- Deletes the readings of system ?1 taken in (?2, ?3].
DELETE FROM readings WHERE system_id = ?1 AND inverter_time > ?2 AND inverter_time <= ?3

-- Whether system ?1 has a reading taken between ?2 and ?3, both included.
SELECT EXISTS (SELECT 1 FROM readings WHERE system_id = ?1 AND inverter_time >= ?2 AND inverter_time <= ?3)

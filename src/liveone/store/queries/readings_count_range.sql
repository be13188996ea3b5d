-- How many readings system ?1 has in (?2, ?3], and when the first and the last were taken.
SELECT count(*), min(inverter_time), max(inverter_time)
FROM readings WHERE system_id = ?1 AND inverter_time > ?2 AND inverter_time <= ?3

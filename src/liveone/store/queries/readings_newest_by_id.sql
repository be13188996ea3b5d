-- When the newest reading of each system was taken, of those with an id up to ?1.
SELECT system_id, max(inverter_time) FROM readings WHERE id <= ?1 GROUP BY system_id

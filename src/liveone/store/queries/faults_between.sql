-- The faults of system ?1 that readings in (?2, ?3] report, newest first, at most ?4: code, when it began as the
-- device says, first and last reading that reported it, how many did.
SELECT r.fault_code, r.fault_timestamp, min(r.inverter_time), max(r.inverter_time), count(*)
FROM readings AS r
WHERE r.system_id = ?1 AND r.inverter_time > ?2 AND r.inverter_time <= ?3 AND r.fault_code <> 0
GROUP BY r.fault_code, r.fault_timestamp
ORDER BY max(r.inverter_time) DESC
LIMIT ?4

-- Which of the readings [[system_id, inverter_time], ...] in ?1 were ahead by more than ?2 s when they came.
SELECT r.system_id, r.inverter_time
FROM json_each(?1) AS asked CROSS JOIN readings AS r
  ON r.system_id = asked.value ->> 0 AND r.inverter_time = asked.value ->> 1
WHERE r.inverter_time > r.received_time + ?2

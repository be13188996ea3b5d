-- Takes away those of the readings [[system_id, inverter_time], ...] in ?1 that were ahead by more than ?2 s.
DELETE FROM readings
WHERE inverter_time > received_time + ?2 AND (system_id, inverter_time) IN (
  SELECT value ->> 0, value ->> 1 FROM json_each(?1))

-- A reading has no id. Whoever remembers one goes on behind what is there, not ten years back; 0 is the beginning.
SELECT system_id, inverter_time
FROM (
  SELECT id AS system_id,
    (SELECT max(inverter_time) FROM readings WHERE readings.system_id = systems.id) AS inverter_time
  FROM systems
)
WHERE inverter_time IS NOT NULL AND ?1 > 0

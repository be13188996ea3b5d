-- Removes the 5-minute rows in the ranges of ?1 (as in aggregate_5m) that no raw row supports any more.
DELETE FROM readings_agg_5m
WHERE (system_id, interval_end) IN (
  SELECT a.system_id, a.interval_end
  FROM json_each(?1) AS asked JOIN readings_agg_5m AS a
    ON a.system_id = asked.value ->> 0
   AND a.interval_end > asked.value ->> 1 AND a.interval_end <= asked.value ->> 2
  WHERE NOT EXISTS (
    SELECT 1 FROM readings AS r
    WHERE r.system_id = a.system_id
      AND r.inverter_time > a.interval_end - 300 AND r.inverter_time <= a.interval_end)
)

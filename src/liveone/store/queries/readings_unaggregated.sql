-- The first and the last reading of system ?1 whose 5-minute row is missing, NULL where there is none.
SELECT min(r.inverter_time), max(r.inverter_time)
FROM readings AS r
WHERE r.system_id = ?1 AND NOT EXISTS (
  SELECT 1 FROM readings_agg_5m AS a
  WHERE a.system_id = r.system_id AND a.interval_end = (r.inverter_time + 299) / 300 * 300
)

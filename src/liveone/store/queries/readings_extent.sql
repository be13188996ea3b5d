-- The first and the last instant of system ?1, in raw and in 5-minute rows; NULL where there is none.
SELECT min(first_at), max(last_at) FROM (
  SELECT (SELECT min(inverter_time) FROM readings WHERE system_id = ?1) AS first_at,
         (SELECT max(inverter_time) FROM readings WHERE system_id = ?1) AS last_at
  UNION ALL
  SELECT (SELECT min(interval_end) - 300 FROM readings_agg_5m WHERE system_id = ?1),
         (SELECT max(interval_end) FROM readings_agg_5m WHERE system_id = ?1)
)

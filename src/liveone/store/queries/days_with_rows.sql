-- Which of the days ?2, JSON [[day, start_at, end_at], ...], have 5-minute rows of system ?1.
SELECT value ->> 0 FROM json_each(?2)
WHERE EXISTS (
  SELECT 1 FROM readings_agg_5m AS a
  WHERE a.system_id = ?1 AND a.interval_end > value ->> 1 AND a.interval_end <= value ->> 2)

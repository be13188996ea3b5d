-- Forgets the days of system ?1 in ?2, JSON [[day, start_at, end_at], ...], that have no 5-minute row any more.
DELETE FROM readings_agg_1d
WHERE system_id = CAST(?1 AS TEXT) AND day IN (
  SELECT value ->> 0 FROM json_each(?2)
  WHERE NOT EXISTS (
    SELECT 1 FROM readings_agg_5m AS a
    WHERE a.system_id = ?1 AND a.interval_end > value ->> 1 AND a.interval_end <= value ->> 2))

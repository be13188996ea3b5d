-- The first and the last interval of system ?1, NULL where there is none.
SELECT (SELECT min(interval_end) FROM readings_agg_5m WHERE system_id = ?1),
       (SELECT max(interval_end) FROM readings_agg_5m WHERE system_id = ?1)

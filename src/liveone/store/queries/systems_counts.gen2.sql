-- How many rows belong to system ?1: readings, five minutes, days, polling status, roles.
SELECT (SELECT count(*) FROM readings WHERE system_id = ?1),
       (SELECT count(*) FROM readings_agg_5m WHERE system_id = ?1),
       (SELECT count(*) FROM readings_agg_1d WHERE system_id = CAST(?1 AS TEXT)),
       (SELECT count(*) FROM polling_status WHERE system_id = ?1),
       (SELECT count(*) FROM user_systems WHERE system_id = ?1)

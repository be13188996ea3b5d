-- Rows whose system is not there, by table; the ids of systems are found by skipping through the indexes.
WITH RECURSIVE
  measured(id) AS (
    SELECT min(system_id) FROM readings
    UNION ALL
    SELECT (SELECT min(r.system_id) FROM readings AS r WHERE r.system_id > m.id) FROM measured AS m
    WHERE m.id IS NOT NULL),
  summed(id) AS (
    SELECT min(system_id) FROM readings_agg_5m
    UNION ALL
    SELECT (SELECT min(a.system_id) FROM readings_agg_5m AS a WHERE a.system_id > s.id) FROM summed AS s
    WHERE s.id IS NOT NULL)
SELECT 'readings', count(*) FROM readings
WHERE system_id IN (SELECT id FROM measured WHERE id NOT IN (SELECT id FROM systems))
UNION ALL
SELECT 'readings_agg_5m', count(*) FROM readings_agg_5m
WHERE system_id IN (SELECT id FROM summed WHERE id NOT IN (SELECT id FROM systems))
UNION ALL
SELECT 'readings_agg_1d', count(*) FROM readings_agg_1d
WHERE system_id NOT IN (SELECT CAST(id AS TEXT) FROM systems)
  AND system_id = CAST(CAST(system_id AS INTEGER) AS TEXT)
UNION ALL
SELECT 'polling_status', count(*) FROM polling_status WHERE system_id NOT IN (SELECT id FROM systems)

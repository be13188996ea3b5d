-- Rows whose system is not there, by table.
SELECT 'readings', count(*) FROM readings WHERE system_id NOT IN (SELECT id FROM systems)
UNION ALL
SELECT 'polling_status', count(*) FROM polling_status WHERE system_id NOT IN (SELECT id FROM systems)

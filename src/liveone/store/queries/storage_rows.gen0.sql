-- Rows of every table.
SELECT 'systems', count(user_id) FROM systems
UNION ALL SELECT 'readings', count(*) FROM readings
UNION ALL SELECT 'polling_status', count(*) FROM polling_status

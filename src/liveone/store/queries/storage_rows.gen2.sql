-- Rows of every table.
SELECT 'systems', count(*) FROM systems
UNION ALL SELECT 'readings', count(*) FROM readings
UNION ALL SELECT 'readings_agg_5m', count(*) FROM readings_agg_5m
UNION ALL SELECT 'readings_agg_1d', count(*) FROM readings_agg_1d
UNION ALL SELECT 'polling_status', count(*) FROM polling_status
UNION ALL SELECT 'user_systems', count(*) FROM user_systems

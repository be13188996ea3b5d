-- Chosen columns of the 5-minute rows of system ?1 that end in (?2, ?3], oldest first.
SELECT {columns}
FROM readings_agg_5m
WHERE system_id = ?1 AND interval_end > ?2 AND interval_end <= ?3
ORDER BY interval_end

-- Chosen columns of the 5-minute rows of system ?1 that end in (?2, ?3], each as a JSON array.
-- All in the order in which the index gives the rows: a subquery to sort them would copy every column.
SELECT {columns}
FROM readings_agg_5m
WHERE system_id = ?1 AND interval_end > ?2 AND interval_end <= ?3

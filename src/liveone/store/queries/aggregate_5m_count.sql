-- How many 5-minute rows of system ?1 end in (?2, ?3].
SELECT count(*) FROM readings_agg_5m WHERE system_id = ?1 AND interval_end > ?2 AND interval_end <= ?3

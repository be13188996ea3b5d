-- The 5-minute rows of system ?1 that end in (?2, ?3], summed up in buckets of ?4 s, ?5 s east of UTC.
WITH part AS (
  SELECT *, (interval_end + ?5 + ?4 - 1) / ?4 * ?4 - ?5 AS bucket_end
  FROM readings_agg_5m
  WHERE system_id = ?1 AND interval_end > ?2 AND interval_end <= ?3
)
SELECT bucket_end, {columns}
FROM part
GROUP BY bucket_end
ORDER BY bucket_end

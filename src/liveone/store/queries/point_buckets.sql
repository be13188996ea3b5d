-- The 5-minute rows of point ?1 that end in (?2, ?3], summed up in buckets of ?4 s, ?5 s east of UTC: end, mean, least,
-- most, the newest last value.
WITH part AS (
  SELECT *, (interval_end + ?5 + ?4 - 1) / ?4 * ?4 - ?5 AS bucket_end
  FROM point_readings_agg_5m
  WHERE point_id = ?1 AND interval_end > ?2 AND interval_end <= ?3
)
SELECT bucket_end, avg(value_avg), min(value_min), max(value_max),
       CAST(substr(max(printf('%012d%!.17g', interval_end, value_last)), 13) AS REAL)
FROM part
GROUP BY bucket_end
ORDER BY bucket_end

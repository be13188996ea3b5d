-- How far around (?2, ?3] one counter of system ?1 reaches: the interval ends of the ?4-th row before and
-- after that has it, NULL where there is none. The look around ends after 11520 rows (40 days).
SELECT (
  SELECT min(interval_end) FROM (
    SELECT interval_end FROM (
      SELECT interval_end, {columns} AS counter FROM readings_agg_5m
      WHERE system_id = ?1 AND interval_end <= ?2 ORDER BY interval_end DESC LIMIT 11520)
    WHERE counter IS NOT NULL LIMIT ?4)
), (
  SELECT max(interval_end) FROM (
    SELECT interval_end FROM (
      SELECT interval_end, {columns} AS counter FROM readings_agg_5m
      WHERE system_id = ?1 AND interval_end > ?3 ORDER BY interval_end LIMIT 11520)
    WHERE counter IS NOT NULL LIMIT ?4)
)

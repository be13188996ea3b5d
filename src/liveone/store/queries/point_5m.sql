-- Recomputes from raw values the 5-minute rows of ?1: JSON [[point_id, interval_end], ...]. ?2: the cadence in seconds.
-- A value stands for half the way to each neighbour in its interval (to the interval's edge for the first and the
-- last), each side at most one cadence, as in aggregate_5m. Of a counter only the last value says anything.
INSERT INTO point_readings_agg_5m (
  point_id, interval_end, value_avg, value_min, value_max, value_last, sample_count
)
SELECT v.point_id, v.interval_end,
       CASE p.kind WHEN 'counter' THEN NULL WHEN 'power' THEN round(sum(v.span * v.value) / sum(v.span))
                   ELSE round(sum(v.span * v.value) / sum(v.span), 3) END,
       CASE p.kind WHEN 'counter' THEN NULL ELSE min(v.value) END,
       CASE p.kind WHEN 'counter' THEN NULL ELSE max(v.value) END,
       max(CASE WHEN v.is_last THEN v.value END), count(*)
FROM (
  SELECT r.point_id, asked.value ->> 1 AS interval_end, r.value,
         min(2 * ?2, coalesce(
           r.at - lag(r.at) OVER near, 2 * (r.at - (asked.value ->> 1) + 300)))
         + min(2 * ?2, coalesce(
           lead(r.at) OVER near - r.at, 2 * ((asked.value ->> 1) - r.at))) AS span,
         lead(r.at) OVER near IS NULL AS is_last
  FROM json_each(?1) AS asked CROSS JOIN point_readings AS r
    ON r.point_id = asked.value ->> 0 AND r.at > (asked.value ->> 1) - 300 AND r.at <= asked.value ->> 1
  WINDOW near AS (PARTITION BY r.point_id, asked.value ->> 1 ORDER BY r.at)
) AS v JOIN points AS p ON p.id = v.point_id
GROUP BY v.point_id, v.interval_end
ON CONFLICT (point_id, interval_end) DO UPDATE SET
  value_avg = excluded.value_avg, value_min = excluded.value_min, value_max = excluded.value_max,
  value_last = excluded.value_last, sample_count = excluded.sample_count

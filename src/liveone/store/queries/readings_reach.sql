-- How far the energies reach that new readings may change: system, first and last interval end.
-- ?1: JSON [[system_id, from_at, to_at, has_solar, .. has_grid_out], ...], ranges as in aggregate_5m and
-- 0 or 1 for each counter that the new readings have.
-- An energy depends on up to three rows of its counter on either side, and that of a gap is spread over
-- the gap. So: from the third row before to the third row after that have every counter the new readings
-- have, and every counter at all when they come late. The look around ends after 11520 rows (40 days).
WITH asked AS (
  SELECT value, value ->> 0 AS system_id, value ->> 1 AS from_at, value ->> 2 AS to_at, EXISTS (
    SELECT 1 FROM readings_agg_5m WHERE system_id = value ->> 0 AND interval_end > value ->> 2
  ) AS late
  FROM json_each(?1)
), h AS (
  SELECT system_id, from_at, to_at,
         late OR value ->> 3 AS solar,
         late OR value ->> 4 AS load,
         late OR value ->> 5 AS battery_in,
         late OR value ->> 6 AS battery_out,
         late OR value ->> 7 AS grid_in,
         late OR value ->> 8 AS grid_out
  FROM asked
)
SELECT system_id,
       coalesce((
         SELECT interval_end FROM (
           SELECT * FROM readings_agg_5m
           WHERE system_id = h.system_id AND interval_end <= h.from_at
           ORDER BY interval_end DESC LIMIT 11520) AS a
         WHERE (a.solar_kwh_total_last IS NOT NULL) >= h.solar
           AND (a.load_kwh_total_last IS NOT NULL) >= h.load
           AND (a.battery_in_kwh_total_last IS NOT NULL) >= h.battery_in
           AND (a.battery_out_kwh_total_last IS NOT NULL) >= h.battery_out
           AND (a.grid_in_kwh_total_last IS NOT NULL) >= h.grid_in
           AND (a.grid_out_kwh_total_last IS NOT NULL) >= h.grid_out
         LIMIT 1 OFFSET 2
       ), (
         SELECT min(interval_end) FROM (
           SELECT interval_end FROM readings_agg_5m
           WHERE system_id = h.system_id AND interval_end <= h.from_at
           ORDER BY interval_end DESC LIMIT 11520)
       ), from_at + 300),
       coalesce((
         SELECT interval_end FROM (
           SELECT * FROM readings_agg_5m
           WHERE system_id = h.system_id AND interval_end > h.to_at
           ORDER BY interval_end ASC LIMIT 11520) AS a
         WHERE (a.solar_kwh_total_last IS NOT NULL) >= h.solar
           AND (a.load_kwh_total_last IS NOT NULL) >= h.load
           AND (a.battery_in_kwh_total_last IS NOT NULL) >= h.battery_in
           AND (a.battery_out_kwh_total_last IS NOT NULL) >= h.battery_out
           AND (a.grid_in_kwh_total_last IS NOT NULL) >= h.grid_in
           AND (a.grid_out_kwh_total_last IS NOT NULL) >= h.grid_out
         LIMIT 1 OFFSET 2
       ), (
         SELECT max(interval_end) FROM (
           SELECT interval_end FROM readings_agg_5m
           WHERE system_id = h.system_id AND interval_end > h.to_at
           ORDER BY interval_end ASC LIMIT 11520)
       ), to_at)
FROM h

-- Recomputes from raw rows the 5-minute rows (end-300, end] that lie in the ranges of ?1.
-- ?1: JSON [[system_id, from_at, to_at], ...], from exclusive, to inclusive, multiples of 300.
-- ?2: the cadence in seconds. Idempotent, and independent of the order in which readings came.
-- A sample stands for half the way to each neighbour in the interval (to the interval's edge for the first
-- and last), each side at most one cadence; "span" is twice that, so sums are exact integers.
-- One subquery an interval, inside it the indexes give every order: nothing is sorted. Neighbours are looked
-- up one by one, which is faster here than a window.
UPDATE readings_agg_5m AS a SET (
  solar_w_avg, solar_w_min, solar_w_max, load_w_avg, load_w_min, load_w_max, battery_w_avg,
  battery_w_min, battery_w_max, grid_w_avg, grid_w_min, grid_w_max, battery_soc_last,
  solar_kwh_total_last, load_kwh_total_last, battery_in_kwh_total_last, battery_out_kwh_total_last,
  grid_in_kwh_total_last, grid_out_kwh_total_last, sample_count
) = (
  SELECT
    CAST(round(1.0 * sum(span * solar_w) / sum(CASE WHEN solar_w IS NOT NULL THEN span END)) AS INTEGER),
    min(solar_w), max(solar_w),
    CAST(round(1.0 * sum(span * load_w) / sum(CASE WHEN load_w IS NOT NULL THEN span END)) AS INTEGER),
    min(load_w), max(load_w),
    CAST(round(1.0 * sum(span * battery_w) / sum(CASE WHEN battery_w IS NOT NULL THEN span END)) AS INTEGER),
    min(battery_w), max(battery_w),
    CAST(round(1.0 * sum(span * grid_w) / sum(CASE WHEN grid_w IS NOT NULL THEN span END)) AS INTEGER),
    min(grid_w), max(grid_w),
    (SELECT r.battery_soc FROM readings AS r
     WHERE r.system_id = a.system_id AND r.inverter_time > a.interval_end - 300
       AND r.inverter_time <= a.interval_end AND r.battery_soc IS NOT NULL
     ORDER BY r.inverter_time DESC LIMIT 1),
    (SELECT r.solar_kwh_total FROM readings AS r
     WHERE r.system_id = a.system_id AND r.inverter_time > a.interval_end - 300
       AND r.inverter_time <= a.interval_end AND r.solar_kwh_total IS NOT NULL
     ORDER BY r.inverter_time DESC LIMIT 1),
    (SELECT r.load_kwh_total FROM readings AS r
     WHERE r.system_id = a.system_id AND r.inverter_time > a.interval_end - 300
       AND r.inverter_time <= a.interval_end AND r.load_kwh_total IS NOT NULL
     ORDER BY r.inverter_time DESC LIMIT 1),
    (SELECT r.battery_in_kwh_total FROM readings AS r
     WHERE r.system_id = a.system_id AND r.inverter_time > a.interval_end - 300
       AND r.inverter_time <= a.interval_end AND r.battery_in_kwh_total IS NOT NULL
     ORDER BY r.inverter_time DESC LIMIT 1),
    (SELECT r.battery_out_kwh_total FROM readings AS r
     WHERE r.system_id = a.system_id AND r.inverter_time > a.interval_end - 300
       AND r.inverter_time <= a.interval_end AND r.battery_out_kwh_total IS NOT NULL
     ORDER BY r.inverter_time DESC LIMIT 1),
    (SELECT r.grid_in_kwh_total FROM readings AS r
     WHERE r.system_id = a.system_id AND r.inverter_time > a.interval_end - 300
       AND r.inverter_time <= a.interval_end AND r.grid_in_kwh_total IS NOT NULL
     ORDER BY r.inverter_time DESC LIMIT 1),
    (SELECT r.grid_out_kwh_total FROM readings AS r
     WHERE r.system_id = a.system_id AND r.inverter_time > a.interval_end - 300
       AND r.inverter_time <= a.interval_end AND r.grid_out_kwh_total IS NOT NULL
     ORDER BY r.inverter_time DESC LIMIT 1),
    count(*)
  FROM (
    SELECT r.solar_w, r.load_w, r.battery_w, r.grid_w,
           min(2 * ?2, coalesce(r.inverter_time - (
             SELECT b.inverter_time FROM readings AS b
             WHERE b.system_id = a.system_id AND b.inverter_time < r.inverter_time
               AND b.inverter_time > a.interval_end - 300 ORDER BY b.inverter_time DESC LIMIT 1
           ), 2 * (r.inverter_time - a.interval_end + 300)))
           + min(2 * ?2, coalesce((
             SELECT b.inverter_time FROM readings AS b
             WHERE b.system_id = a.system_id AND b.inverter_time > r.inverter_time
               AND b.inverter_time <= a.interval_end ORDER BY b.inverter_time LIMIT 1
           ) - r.inverter_time, 2 * (a.interval_end - r.inverter_time))) AS span
    FROM readings AS r
    WHERE r.system_id = a.system_id
      AND r.inverter_time > a.interval_end - 300 AND r.inverter_time <= a.interval_end
    LIMIT -1  -- keeps the planner from computing span anew in every sum
  )
)
WHERE (a.system_id, a.interval_end) IN (
  SELECT b.system_id, b.interval_end FROM json_each(?1) AS asked CROSS JOIN readings_agg_5m AS b
    ON b.system_id = asked.value ->> 0
   AND b.interval_end > asked.value ->> 1 AND b.interval_end <= asked.value ->> 2
  WHERE (
    SELECT true FROM readings AS r
    WHERE r.system_id = b.system_id
      AND r.inverter_time > b.interval_end - 300 AND r.inverter_time <= b.interval_end
    LIMIT 1 OFFSET 1
  )  -- aggregate_5m_open has done what has one reading
)

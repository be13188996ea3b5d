-- What lies around new readings: how far their energies reach if they are late, and the counters of the rows
-- before them if they are the newest.
-- ?1: JSON [[system_id, from_at, to_at], ...], ranges as in aggregate_5m; ?2, ?3: how many rows after and before
-- it an energy may depend on; ?4: how many rows to give. Late are readings with 5-minute rows behind them; the
-- ends are NULL where they are not. The rows are JSON [[interval_end, six counters
-- in the order of reading.COUNTERS], ...], newest first.
WITH asked AS (
  SELECT value ->> 0 AS system_id, value ->> 1 AS from_at, value ->> 2 AS to_at, EXISTS (
    SELECT 1 FROM readings_agg_5m WHERE system_id = value ->> 0 AND interval_end > value ->> 2
  ) AS late
  FROM json_each(?1)
)
SELECT system_id, from_at, to_at, late,
       CASE WHEN late THEN coalesce((
         SELECT interval_end FROM readings_agg_5m
         WHERE system_id = h.system_id AND interval_end <= h.from_at
         ORDER BY interval_end DESC LIMIT 1 OFFSET ?2 - 1
       ), (
         SELECT min(interval_end) FROM readings_agg_5m
         WHERE system_id = h.system_id AND interval_end <= h.from_at
       )) END,
       CASE WHEN late THEN coalesce((
         SELECT interval_end FROM readings_agg_5m
         WHERE system_id = h.system_id AND interval_end > h.to_at
         ORDER BY interval_end LIMIT 1 OFFSET ?3 - 1
       ), (
         SELECT max(interval_end) FROM readings_agg_5m WHERE system_id = h.system_id
       )) END,
       CASE WHEN NOT late THEN (
         SELECT json_group_array(json_array(
           interval_end, solar_kwh_total_last, load_kwh_total_last, battery_in_kwh_total_last,
           battery_out_kwh_total_last, grid_in_kwh_total_last, grid_out_kwh_total_last))
         FROM (
           SELECT * FROM readings_agg_5m
           WHERE system_id = h.system_id AND interval_end <= h.from_at
           ORDER BY interval_end DESC LIMIT ?4)
       ) END
FROM asked AS h

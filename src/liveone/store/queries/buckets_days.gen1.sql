-- System ?1 in (?2, ?3], summed up in buckets of ?4 s (whole days), ?5 s east of UTC: closed days that lie
-- wholly in the range, and the 5-minute rows of all other days in it.
-- This generation counts no samples of a day.
WITH RECURSIVE closed AS (
  SELECT unixepoch(day) + 86400 - ?5 AS end_at, interval_count AS weight,
         solar_w_avg, solar_w_min, solar_w_max, load_w_avg, load_w_min, load_w_max, battery_w_avg,
         battery_w_min, battery_w_max, grid_w_avg, grid_w_min, grid_w_max,
         battery_soc_end AS battery_soc_last, solar_alltime_kwh AS solar_kwh_total_last,
         load_alltime_kwh AS load_kwh_total_last,
         battery_charge_alltime_kwh AS battery_in_kwh_total_last,
         battery_discharge_alltime_kwh AS battery_out_kwh_total_last,
         grid_import_alltime_kwh AS grid_in_kwh_total_last,
         grid_export_alltime_kwh AS grid_out_kwh_total_last,
         NULL AS sample_count
  FROM readings_agg_1d
  WHERE system_id = CAST(?1 AS TEXT) AND coalesce(version, 1) <> 0
    AND day >= date(?2 + ?5, 'unixepoch') AND day <= date(?3 + ?5, 'unixepoch')
    AND unixepoch(day) - ?5 >= ?2 AND unixepoch(day) + 86400 - ?5 <= ?3
), calendar AS (
  SELECT (max(?2, (SELECT min(interval_end) - 300 FROM readings_agg_5m WHERE system_id = ?1)) + ?5)
         / 86400 * 86400 + 86400 - ?5 AS end_at
  UNION ALL
  SELECT end_at + 86400 FROM calendar
  WHERE end_at < min(?3, (SELECT max(interval_end) FROM readings_agg_5m WHERE system_id = ?1))
), part AS (
  SELECT * FROM closed
  UNION ALL
  SELECT a.interval_end, 1,
         a.solar_w_avg, a.solar_w_min, a.solar_w_max, a.load_w_avg, a.load_w_min, a.load_w_max,
         a.battery_w_avg, a.battery_w_min, a.battery_w_max, a.grid_w_avg, a.grid_w_min, a.grid_w_max,
         a.battery_soc_last, a.solar_kwh_total_last, a.load_kwh_total_last, a.battery_in_kwh_total_last,
         a.battery_out_kwh_total_last, a.grid_in_kwh_total_last, a.grid_out_kwh_total_last,
         a.sample_count
  FROM calendar CROSS JOIN readings_agg_5m AS a
    ON a.system_id = ?1 AND a.interval_end > max(calendar.end_at - 86400, ?2)
   AND a.interval_end <= min(calendar.end_at, ?3)
  WHERE calendar.end_at NOT IN (SELECT end_at FROM closed)
)
SELECT (end_at + ?5 + ?4 - 1) / ?4 * ?4 - ?5 AS bucket_end, {columns}
FROM part
GROUP BY bucket_end
ORDER BY bucket_end

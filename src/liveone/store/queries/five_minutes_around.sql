-- The 5-minute rows of system ?1 that end in (?2, ?3], with ?4 rows before and ?5 rows after, however far away;
-- fields in the order of domain.FiveMinutes.
SELECT interval_end, solar_w_avg, solar_w_min, solar_w_max, load_w_avg, load_w_min, load_w_max,
       battery_w_avg, battery_w_min, battery_w_max, grid_w_avg, grid_w_min, grid_w_max, battery_soc_last,
       solar_kwh_total_last, load_kwh_total_last, battery_in_kwh_total_last, battery_out_kwh_total_last,
       grid_in_kwh_total_last, grid_out_kwh_total_last, sample_count
FROM readings_agg_5m
WHERE system_id = ?1
  AND interval_end >= coalesce((
    SELECT interval_end FROM readings_agg_5m WHERE system_id = ?1 AND interval_end <= ?2
    ORDER BY interval_end DESC LIMIT 1 OFFSET ?4 - 1), -1e18)
  AND interval_end <= coalesce((
    SELECT interval_end FROM readings_agg_5m WHERE system_id = ?1 AND interval_end > ?3
    ORDER BY interval_end LIMIT 1 OFFSET ?5 - 1), 1e18)
ORDER BY interval_end

-- The days ?2 to ?3 of system ?1, fields in the order of domain.Day.
SELECT day, solar_kwh, load_kwh, battery_charge_kwh, battery_discharge_kwh, grid_import_kwh,
       grid_export_kwh, solar_w_min, solar_w_avg, solar_w_max, load_w_min, load_w_avg, load_w_max,
       battery_w_min, battery_w_avg, battery_w_max, grid_w_min, grid_w_avg, grid_w_max, battery_soc_max,
       battery_soc_min, battery_soc_avg, battery_soc_end, solar_alltime_kwh, load_alltime_kwh,
       battery_charge_alltime_kwh, battery_discharge_alltime_kwh, grid_import_alltime_kwh,
       grid_export_alltime_kwh, interval_count, sample_count, coalesce(version, 1)
FROM readings_agg_1d
WHERE system_id = CAST(?1 AS TEXT) AND day >= ?2 AND day <= ?3
ORDER BY day

-- What the days of system ?1 before the day ?2 sum up to, six energies in the order of reading.COUNTERS, and the
-- end of the first interval that counts. A day that stands alone with less than an hour of readings (a device
-- clock that was years wrong) is not the first: another follows a first day within 400 days.
WITH first AS (
  SELECT day FROM readings_agg_1d AS d
  WHERE system_id = CAST(?1 AS TEXT) AND day < ?2 AND (interval_count >= 12 OR EXISTS (
    SELECT 1 FROM readings_agg_1d AS n
    WHERE n.system_id = d.system_id AND n.day > d.day AND n.day <= date(d.day, '+400 days')))
  ORDER BY day LIMIT 1
)
SELECT (SELECT min(interval_end) FROM readings_agg_5m
        WHERE system_id = ?1 AND interval_end > unixepoch((SELECT day FROM first)) - 50400),
       sum(solar_kwh), sum(load_kwh), sum(battery_charge_kwh), sum(battery_discharge_kwh),
       sum(grid_import_kwh), sum(grid_export_kwh)
FROM readings_agg_1d
WHERE system_id = CAST(?1 AS TEXT) AND day < ?2 AND day >= (SELECT day FROM first)

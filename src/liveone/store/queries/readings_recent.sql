-- The readings of system ?1 in the ?3 seconds up to its newest that was taken by ?2, oldest first.
-- One that was ahead by more than ?4 s when it came (its device's clock was) waits behind those of the hour that were not.
WITH newest (at) AS MATERIALIZED (SELECT coalesce((
  SELECT inverter_time FROM readings
  WHERE system_id = ?1 AND inverter_time <= ?2 AND inverter_time <= received_time + ?4
    AND inverter_time > (SELECT max(inverter_time) FROM readings WHERE system_id = ?1 AND inverter_time <= ?2) - 3600
  ORDER BY inverter_time DESC LIMIT 1
), (SELECT max(inverter_time) FROM readings WHERE system_id = ?1 AND inverter_time <= ?2)))
SELECT r.inverter_time, r.received_time, r.solar_w, r.solar_inverter_w, r.shunt_w, r.load_w, r.battery_w,
       r.grid_w, r.battery_soc, r.fault_code, r.fault_timestamp, r.generator_status, r.solar_kwh_total,
       r.load_kwh_total, r.battery_in_kwh_total, r.battery_out_kwh_total, r.grid_in_kwh_total,
       r.grid_out_kwh_total
FROM newest CROSS JOIN readings AS r
WHERE r.system_id = ?1 AND r.inverter_time <= newest.at AND r.inverter_time > newest.at - ?3
  AND (r.inverter_time <= r.received_time + ?4 OR r.inverter_time = newest.at)
ORDER BY r.inverter_time

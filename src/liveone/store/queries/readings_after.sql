-- The first ?4 readings of system ?1 taken in (?2, ?3], oldest first.
SELECT r.inverter_time, r.received_time, r.solar_w, r.solar_inverter_w, r.shunt_w, r.load_w, r.battery_w,
       r.grid_w, r.battery_soc, r.fault_code, r.fault_timestamp, r.generator_status, r.solar_kwh_total,
       r.load_kwh_total, r.battery_in_kwh_total, r.battery_out_kwh_total, r.grid_in_kwh_total,
       r.grid_out_kwh_total
FROM readings AS r
WHERE r.system_id = ?1 AND r.inverter_time > ?2 AND r.inverter_time <= ?3
ORDER BY r.inverter_time LIMIT ?4

-- The ?2 readings that came in next after the one with the id ?1, in the order in which they came.
SELECT r.id, r.system_id,
       r.inverter_time, r.received_time, r.solar_w, r.solar_inverter_w, r.shunt_w, r.load_w, r.battery_w,
       r.grid_w, r.battery_soc, r.fault_code, r.fault_timestamp, r.generator_status, r.solar_kwh_total,
       r.load_kwh_total, r.battery_in_kwh_total, r.battery_out_kwh_total, r.grid_in_kwh_total,
       r.grid_out_kwh_total
FROM readings AS r
WHERE r.id > ?1
ORDER BY r.id LIMIT ?2

-- The newest reading of every system taken by ?1, the system's id first: one step into the index a system.
SELECT r.system_id, r.inverter_time, r.received_time, r.solar_w, r.solar_inverter_w, r.shunt_w, r.load_w, r.battery_w,
       r.grid_w, r.battery_soc, r.fault_code, r.fault_timestamp, r.generator_status, r.solar_kwh_total,
       r.load_kwh_total, r.battery_in_kwh_total, r.battery_out_kwh_total, r.grid_in_kwh_total,
       r.grid_out_kwh_total
FROM systems AS s CROSS JOIN readings AS r
  ON r.system_id = s.id AND r.inverter_time = (
    SELECT max(inverter_time) FROM readings WHERE system_id = s.id AND inverter_time <= ?1)

-- The newest reading of every system taken by ?1, the system's id first: few steps into the index a system.
-- One that was ahead by more than ?2 s when it came (its device's clock was) waits behind those of the hour that were not.
SELECT r.system_id, r.inverter_time, r.received_time, r.solar_w, r.solar_inverter_w, r.shunt_w, r.load_w, r.battery_w,
       r.grid_w, r.battery_soc, r.fault_code, r.fault_timestamp, r.generator_status, r.solar_kwh_total,
       r.load_kwh_total, r.battery_in_kwh_total, r.battery_out_kwh_total, r.grid_in_kwh_total,
       r.grid_out_kwh_total
FROM systems AS s CROSS JOIN readings AS r
  ON r.system_id = s.id AND r.inverter_time = coalesce((
    SELECT inverter_time FROM readings
    WHERE system_id = s.id AND inverter_time <= ?1 AND inverter_time <= received_time + ?2
      AND inverter_time > (SELECT max(inverter_time) FROM readings WHERE system_id = s.id AND inverter_time <= ?1) - 3600
    ORDER BY inverter_time DESC LIMIT 1
  ), (SELECT max(inverter_time) FROM readings WHERE system_id = s.id AND inverter_time <= ?1))

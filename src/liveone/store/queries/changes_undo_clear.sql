-- What was put back of change ?1 in (?2, ?3] need not be kept aside any more; what something else stands in the place of
-- is kept.
DELETE FROM _liveone_changes_aside AS a
WHERE change_id = ?1 AND inverter_time > ?2 AND inverter_time <= ?3 AND EXISTS (
  SELECT 1 FROM readings AS r
  WHERE r.system_id = a.system_id AND r.inverter_time = a.inverter_time AND (
    r.received_time, r.solar_w, r.solar_inverter_w, r.shunt_w, r.load_w, r.battery_w, r.grid_w, r.battery_soc,
    r.fault_code, r.fault_timestamp, r.generator_status, r.solar_kwh_total, r.load_kwh_total, r.battery_in_kwh_total,
    r.battery_out_kwh_total, r.grid_in_kwh_total, r.grid_out_kwh_total
  ) IS (
    a.received_time, a.solar_w, a.solar_inverter_w, a.shunt_w, a.load_w, a.battery_w, a.grid_w, a.battery_soc,
    a.fault_code, a.fault_timestamp, a.generator_status, a.solar_kwh_total, a.load_kwh_total, a.battery_in_kwh_total,
    a.battery_out_kwh_total, a.grid_in_kwh_total, a.grid_out_kwh_total
  )
)

-- Keeps aside, for change ?1, the readings of system ?2 taken at the instants ?3 (JSON).
INSERT INTO _liveone_changes_aside (
  change_id, system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w, battery_w,
  grid_w, battery_soc, fault_code, fault_timestamp, generator_status, solar_kwh_total, load_kwh_total,
  battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total, created_at
)
SELECT ?1, system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w, battery_w,
  grid_w, battery_soc, fault_code, fault_timestamp, generator_status, solar_kwh_total, load_kwh_total,
  battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total, created_at
FROM readings WHERE system_id = ?2 AND inverter_time IN (SELECT value FROM json_each(?3))

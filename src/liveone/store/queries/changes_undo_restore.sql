-- Puts back what change ?1 took away in (?2, ?3]. What came at the same instants meanwhile stays.
INSERT INTO readings (
  system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w, battery_w,
  grid_w, battery_soc, fault_code, fault_timestamp, generator_status, solar_kwh_total, load_kwh_total,
  battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total, created_at
)
SELECT system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w, battery_w,
  grid_w, battery_soc, fault_code, fault_timestamp, generator_status, solar_kwh_total, load_kwh_total,
  battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total, created_at
FROM _liveone_changes_aside WHERE change_id = ?1 AND inverter_time > ?2 AND inverter_time <= ?3
ON CONFLICT DO NOTHING

-- The readings of system ?1 taken at the instants ?2 (JSON), in the order of READING_COLUMNS.
SELECT inverter_time, received_time, solar_w, solar_inverter_w, shunt_w, load_w, battery_w, grid_w, battery_soc,
       fault_code, fault_timestamp, generator_status, solar_kwh_total, load_kwh_total, battery_in_kwh_total,
       battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total
FROM json_each(?2) AS asked CROSS JOIN readings AS r ON r.system_id = ?1 AND r.inverter_time = asked.value

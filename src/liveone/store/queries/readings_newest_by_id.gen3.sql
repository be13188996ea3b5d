-- A reading has no id: whoever remembers one, ?1, begins anew.
SELECT system_id, inverter_time FROM readings WHERE false AND ?1

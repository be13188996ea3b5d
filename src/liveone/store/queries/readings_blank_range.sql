-- Makes values absent in the readings of system ?1 taken in (?2, ?3].
UPDATE readings SET {columns} WHERE system_id = ?1 AND inverter_time > ?2 AND inverter_time <= ?3

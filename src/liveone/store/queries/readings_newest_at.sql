-- When each system's newest reading by ?1 was taken, by the device's time.
-- One that was ahead by more than ?2 s when it came (its device's clock was) waits behind those of the hour that were not.
SELECT id, newest_at FROM (
  SELECT s.id, coalesce((
    SELECT inverter_time FROM readings
    WHERE system_id = s.id AND inverter_time <= ?1 AND inverter_time <= received_time + ?2
      AND inverter_time > (SELECT max(inverter_time) FROM readings WHERE system_id = s.id AND inverter_time <= ?1) - 3600
    ORDER BY inverter_time DESC LIMIT 1
  ), (SELECT max(inverter_time) FROM readings WHERE system_id = s.id AND inverter_time <= ?1)) AS newest_at
  FROM systems AS s
) WHERE newest_at IS NOT NULL

-- When each system's newest reading by ?1 was taken, by the device's time.
SELECT id, newest_at FROM (
  SELECT s.id, (
    SELECT max(inverter_time) FROM readings WHERE system_id = s.id AND inverter_time <= ?1
  ) AS newest_at FROM systems AS s
) WHERE newest_at IS NOT NULL

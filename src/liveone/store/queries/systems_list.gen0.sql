-- All systems, fields in the order of domain.System; all were ten hours east of UTC.
SELECT s.id, s.user_id, 'select.live', s.system_number,
       coalesce(nullif(trim(s.display_name), ''), 'System ' || s.system_number), 600, NULL,
       s.model, s.serial, s.ratings, s.solar_size, s.battery_size,
       coalesce((SELECT p.is_active FROM polling_status AS p WHERE p.system_id = s.id ORDER BY p.id LIMIT 1), 1)
FROM systems AS s
ORDER BY s.id

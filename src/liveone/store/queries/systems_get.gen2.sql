-- One system, by id.
SELECT s.id, s.owner_clerk_user_id, s.vendor_type, s.vendor_site_id,
       s.display_name, s.timezone_offset_min, NULL,
       s.model, s.serial, s.ratings, s.solar_size, s.battery_size,
       coalesce((SELECT p.is_active FROM polling_status AS p WHERE p.system_id = s.id ORDER BY p.id LIMIT 1), 1)
FROM systems AS s
WHERE s.id = ?1

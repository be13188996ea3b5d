-- Adds a system in a time zone, like systems_add: ?11 is the zone's name, ?5 its standard time's offset.
INSERT INTO systems (
  owner_clerk_user_id, vendor_type, vendor_site_id, display_name, timezone_offset_min,
  model, serial, ratings, solar_size, battery_size, time_zone, created_at, updated_at
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, unixepoch(), unixepoch())
ON CONFLICT (vendor_type, vendor_site_id) DO NOTHING
RETURNING id

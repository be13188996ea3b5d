-- Adds a system unless its site is there already: no row comes back then. ?1 owner, ?2 vendor, ?3 site,
-- ?4 name, ?5 minutes east of UTC, ?6 to ?10 hardware.
INSERT INTO systems (
  owner_clerk_user_id, vendor_type, vendor_site_id, display_name, timezone_offset_min,
  model, serial, ratings, solar_size, battery_size, created_at, updated_at
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, unixepoch(), unixepoch())
ON CONFLICT (vendor_type, vendor_site_id) DO NOTHING
RETURNING id

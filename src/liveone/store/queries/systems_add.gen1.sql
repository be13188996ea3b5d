-- Adds a system unless its site is there already: no row comes back then. ?1 owner, ?3 site, ?4 name,
-- ?5 minutes east of UTC (stored as hours), ?6 to ?10 hardware. ?2, the vendor, is always select.live.
INSERT INTO systems (
  user_id, system_number, display_name, timezone_offset, model, serial, ratings, solar_size, battery_size, created_at, updated_at
)
SELECT ?1, ?3, ?4, ?5 / 60, ?6, ?7, ?8, ?9, ?10, unixepoch(), unixepoch()
WHERE ?2 = 'select.live' AND NOT EXISTS (SELECT 1 FROM systems WHERE system_number = ?3)
RETURNING id

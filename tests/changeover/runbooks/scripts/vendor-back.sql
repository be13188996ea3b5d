CREATE TABLE systems_old (
  id INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL,
  system_number TEXT NOT NULL,
  timezone_offset INTEGER NOT NULL DEFAULT 10
);
INSERT INTO systems_old (id, user_id, system_number, timezone_offset)
SELECT id, owner, vendor_site_id, timezone_offset_min / 60 FROM systems;
DROP TABLE systems;
ALTER TABLE systems_old RENAME TO systems;

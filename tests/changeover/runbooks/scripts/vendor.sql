CREATE TABLE systems_new (
  id INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  vendor_type TEXT NOT NULL,
  vendor_site_id TEXT NOT NULL,
  timezone_offset_min INTEGER NOT NULL
);
INSERT INTO systems_new (id, owner, vendor_type, vendor_site_id, timezone_offset_min)
SELECT id, user_id, 'select.live', system_number, timezone_offset * 60 FROM systems;
DROP TABLE systems;
ALTER TABLE systems_new RENAME TO systems;

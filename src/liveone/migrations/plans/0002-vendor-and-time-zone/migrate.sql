-- Generation 1 to 2. changeover_systems_before remembers what rollback.sql needs to put back exactly;
-- changeover_systems_after and changeover_user_systems, left by a rollback, hold what generation 1 could not.
-- A user id that is already an account id is a system that was added before a rollback. Where old tools left no
-- offset, it is the ten hours that generation 1 takes for granted.
CREATE TABLE IF NOT EXISTS changeover_systems_after (
  id INTEGER PRIMARY KEY,
  owner_clerk_user_id TEXT,
  vendor_type TEXT NOT NULL,
  timezone_offset_min INTEGER NOT NULL,
  held_user_id TEXT NOT NULL,
  held_timezone_offset REAL
);
CREATE TABLE IF NOT EXISTS changeover_user_systems (
  id INTEGER PRIMARY KEY,
  clerk_user_id TEXT NOT NULL,
  system_id INTEGER NOT NULL,
  role TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);

CREATE TABLE systems_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_clerk_user_id TEXT,
  vendor_type TEXT NOT NULL,
  vendor_site_id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  model TEXT,
  serial TEXT,
  ratings TEXT,
  solar_size TEXT,
  battery_size TEXT,
  timezone_offset_min INTEGER NOT NULL DEFAULT 600,
  created_at INTEGER NOT NULL DEFAULT (unixepoch()),
  updated_at INTEGER NOT NULL DEFAULT (unixepoch())
);

INSERT INTO systems_new (
  id, owner_clerk_user_id, vendor_type, vendor_site_id, display_name, model, serial, ratings, solar_size,
  battery_size, timezone_offset_min, created_at, updated_at)
SELECT
  s.id,
  coalesce(o.value, nullif(s.user_id, '(no owner)')),
  coalesce(a.vendor_type, 'select.live'),
  s.system_number,
  coalesce(nullif(trim(s.display_name), ''), 'System ' || s.system_number),
  s.model, s.serial, s.ratings, s.solar_size, s.battery_size,
  CASE
    WHEN a.id IS NOT NULL AND a.held_timezone_offset IS s.timezone_offset THEN a.timezone_offset_min
    ELSE CAST(round(coalesce(s.timezone_offset, 10) * 60) AS INTEGER)
  END,
  coalesce(s.created_at, s.updated_at, unixepoch()), coalesce(s.updated_at, s.created_at, unixepoch())
FROM systems s
LEFT JOIN json_each(:owner) o ON o.key = s.user_id
LEFT JOIN changeover_systems_after a ON a.id = s.id
WHERE o.key IS NOT NULL OR s.user_id IN (SELECT value FROM json_each(:owner)) OR s.user_id = '(no owner)';

CREATE TABLE changeover_systems_before AS
SELECT s.*, n.display_name AS named, n.owner_clerk_user_id AS owned, n.timezone_offset_min AS offset_min,
       n.created_at AS made_at, n.updated_at AS edited_at,
       (SELECT coalesce(max(id), 0) FROM readings) AS newest_reading_id
FROM systems s JOIN systems_new n ON n.id = s.id;

-- AUTOINCREMENT promises never to use an id again, so the count goes on.
UPDATE sqlite_sequence
SET seq = max(seq, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'systems'))
WHERE name = 'systems_new';

DROP TABLE systems;
ALTER TABLE systems_new RENAME TO systems;
CREATE UNIQUE INDEX vendor_site_unique ON systems (vendor_type, vendor_site_id);
CREATE INDEX owner_clerk_user_idx ON systems (owner_clerk_user_id);

CREATE TABLE user_systems (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  clerk_user_id TEXT NOT NULL,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  role TEXT NOT NULL DEFAULT 'viewer',
  created_at INTEGER NOT NULL DEFAULT (unixepoch()),
  updated_at INTEGER NOT NULL DEFAULT (unixepoch())
);
CREATE UNIQUE INDEX user_system_unique ON user_systems (clerk_user_id, system_id);

INSERT INTO user_systems (id, clerk_user_id, system_id, role, created_at, updated_at)
SELECT u.id, u.clerk_user_id, u.system_id, iif(u.clerk_user_id = s.owner_clerk_user_id, 'owner', u.role),
       u.created_at, u.updated_at
FROM changeover_user_systems u JOIN systems s ON s.id = u.system_id
ORDER BY u.id;

INSERT INTO user_systems (clerk_user_id, system_id, role, created_at, updated_at)
SELECT owner_clerk_user_id, id, 'owner', created_at, updated_at FROM systems
WHERE owner_clerk_user_id IS NOT NULL
  AND (owner_clerk_user_id, id) NOT IN (SELECT clerk_user_id, system_id FROM user_systems)
ORDER BY id;

ALTER TABLE readings_agg_1d ADD COLUMN sample_count INTEGER NOT NULL DEFAULT 0;

DROP TABLE changeover_systems_after;
DROP TABLE changeover_user_systems /* allow copy-without-count: members of systems that are gone have no place */;

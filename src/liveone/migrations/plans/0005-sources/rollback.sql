-- Back to one account a system. The sources are set aside, and come back when the plan runs again; readings were made
-- of what they sent, and stay.
CREATE TABLE changeover_sources (
  id INTEGER PRIMARY KEY,
  system_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  vendor_type TEXT NOT NULL,
  site TEXT NOT NULL DEFAULT '',
  roles TEXT NOT NULL,
  settings TEXT NOT NULL,
  secrets_sealed TEXT,
  token_hash TEXT,
  made_at INTEGER NOT NULL
);
INSERT INTO changeover_sources (id, system_id, name, vendor_type, site, roles, settings, secrets_sealed, token_hash, made_at)
SELECT id, system_id, name, vendor_type, site, roles, settings, secrets_sealed, token_hash, made_at
FROM sources;
DROP TABLE source_values;
DROP TABLE sources;

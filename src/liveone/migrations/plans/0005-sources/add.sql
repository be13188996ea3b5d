-- The sources that systems are made of, and what those sent that send by themselves. changeover_sources, left by a
-- rollback, holds the sources that were there before it; those of systems that are gone by now stay away.
CREATE TABLE IF NOT EXISTS changeover_sources (
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

CREATE TABLE sources (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  vendor_type TEXT NOT NULL,
  site TEXT NOT NULL DEFAULT '',
  roles TEXT NOT NULL,
  settings TEXT NOT NULL,
  secrets_sealed TEXT,
  token_hash TEXT,
  made_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX sources_system_name_unique ON sources (system_id, name);
CREATE UNIQUE INDEX sources_token_unique ON sources (token_hash);

CREATE TABLE source_values (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source_id INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  fields TEXT NOT NULL
);
CREATE UNIQUE INDEX source_values_source_at_unique ON source_values (source_id, at);
CREATE INDEX source_values_at_idx ON source_values (at);

INSERT INTO sources (id, system_id, name, vendor_type, site, roles, settings, secrets_sealed, token_hash, made_at)
SELECT id, system_id, name, vendor_type, site, roles, settings, secrets_sealed, token_hash, made_at
FROM changeover_sources WHERE system_id IN (SELECT id FROM systems);
DROP TABLE changeover_sources;

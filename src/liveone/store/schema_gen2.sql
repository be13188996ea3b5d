-- Generation 2, with what plans 0003 to 0007 add to it. Measurement columns of readings may be NULL: absent is never zero.
-- systems.time_zone stands last because plan 0003 adds it to databases that came without it.
CREATE TABLE systems (
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
  updated_at INTEGER NOT NULL DEFAULT (unixepoch()),
  time_zone TEXT
);
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

CREATE TABLE readings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  inverter_time INTEGER NOT NULL,
  received_time INTEGER NOT NULL,
  delay_seconds INTEGER NOT NULL,
  solar_w INTEGER,
  solar_inverter_w INTEGER,
  shunt_w INTEGER,
  load_w INTEGER,
  battery_w INTEGER,
  grid_w INTEGER,
  battery_soc REAL,
  fault_code INTEGER,
  fault_timestamp INTEGER,
  generator_status INTEGER,
  solar_kwh_total REAL,
  load_kwh_total REAL,
  battery_in_kwh_total REAL,
  battery_out_kwh_total REAL,
  grid_in_kwh_total REAL,
  grid_out_kwh_total REAL,
  created_at INTEGER NOT NULL DEFAULT (unixepoch())
);
CREATE UNIQUE INDEX readings_system_inverter_time_unique ON readings (system_id, inverter_time);
CREATE INDEX system_inverter_time_idx ON readings (system_id, inverter_time);
CREATE INDEX inverter_time_idx ON readings (inverter_time);
CREATE INDEX received_time_idx ON readings (received_time);

CREATE TABLE readings_agg_5m (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL,
  interval_end INTEGER NOT NULL,
  solar_w_avg INTEGER,
  solar_w_min INTEGER,
  solar_w_max INTEGER,
  load_w_avg INTEGER,
  load_w_min INTEGER,
  load_w_max INTEGER,
  battery_w_avg INTEGER,
  battery_w_min INTEGER,
  battery_w_max INTEGER,
  grid_w_avg INTEGER,
  grid_w_min INTEGER,
  grid_w_max INTEGER,
  battery_soc_last REAL,
  solar_kwh_total_last REAL,
  load_kwh_total_last REAL,
  battery_in_kwh_total_last REAL,
  battery_out_kwh_total_last REAL,
  grid_in_kwh_total_last REAL,
  grid_out_kwh_total_last REAL,
  sample_count INTEGER NOT NULL,
  created_at INTEGER NOT NULL DEFAULT (unixepoch())
);
CREATE UNIQUE INDEX readings_agg_5m_system_interval_unique ON readings_agg_5m (system_id, interval_end);

CREATE TABLE readings_agg_1d (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id TEXT NOT NULL,
  day TEXT NOT NULL,
  created_at INTEGER NOT NULL DEFAULT (unixepoch()),
  updated_at INTEGER NOT NULL DEFAULT (unixepoch()),
  solar_kwh REAL,
  load_kwh REAL,
  battery_charge_kwh REAL,
  battery_discharge_kwh REAL,
  grid_import_kwh REAL,
  grid_export_kwh REAL,
  solar_w_min INTEGER,
  solar_w_avg INTEGER,
  solar_w_max INTEGER,
  load_w_min INTEGER,
  load_w_avg INTEGER,
  load_w_max INTEGER,
  battery_w_min INTEGER,
  battery_w_avg INTEGER,
  battery_w_max INTEGER,
  grid_w_min INTEGER,
  grid_w_avg INTEGER,
  grid_w_max INTEGER,
  battery_soc_max REAL,
  battery_soc_min REAL,
  battery_soc_avg REAL,
  battery_soc_end REAL,
  solar_alltime_kwh REAL,
  load_alltime_kwh REAL,
  battery_charge_alltime_kwh REAL,
  battery_discharge_alltime_kwh REAL,
  grid_import_alltime_kwh REAL,
  grid_export_alltime_kwh REAL,
  interval_count INTEGER NOT NULL DEFAULT 0,
  sample_count INTEGER NOT NULL DEFAULT 0,
  version INTEGER DEFAULT 1
);
CREATE UNIQUE INDEX readings_agg_1d_system_day_unique ON readings_agg_1d (system_id, day);

CREATE TABLE polling_status (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  last_poll_time INTEGER,
  last_success_time INTEGER,
  last_error_time INTEGER,
  last_error TEXT,
  last_response TEXT,
  consecutive_errors INTEGER NOT NULL DEFAULT 0,
  is_active INTEGER NOT NULL DEFAULT 1,
  total_polls INTEGER NOT NULL DEFAULT 0,
  successful_polls INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL DEFAULT (unixepoch())
);
CREATE INDEX polling_status_system_idx ON polling_status (system_id);

-- Who may come in. These three tables are added by plan 0004 to databases that came without them. `account` is the
-- id that systems.owner_clerk_user_id and user_systems.clerk_user_id name.
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  email TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  language TEXT NOT NULL DEFAULT '',
  password_hash TEXT NOT NULL DEFAULT '',
  is_admin INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  disabled_at INTEGER
);
CREATE UNIQUE INDEX accounts_account_unique ON accounts (account);
CREATE UNIQUE INDEX accounts_email_unique ON accounts (email);

-- What lets somebody in: sessions, API tokens, share links, links to set up, to join and to set a password. Of the
-- secret only its SHA-256 is kept, in hexadecimal. A row that is gone opens nothing.
CREATE TABLE credentials (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  hash TEXT NOT NULL,
  account TEXT NOT NULL,
  system_id INTEGER,
  scope TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL DEFAULT '',
  password_hash TEXT NOT NULL DEFAULT '',
  made_at INTEGER NOT NULL,
  until_at INTEGER,
  seen_at INTEGER
);
CREATE UNIQUE INDEX credentials_hash_unique ON credentials (hash);

-- What people did. Pruned by age.
CREATE TABLE audit_entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  about TEXT NOT NULL DEFAULT '',
  address TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_entries_at_idx ON audit_entries (at);

-- What a system is made of, where it is not one account of the settings: devices with the roles they give. These two
-- tables are added by plan 0005. `roles` is a JSON list, `settings` a JSON object; `token_hash` (SHA-256, hexadecimal)
-- lets in who sends readings by itself, and `source_values` holds what was sent.
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

-- Channels beyond the house's balance: a car, a heat pump, a string, a phase, a temperature. These four tables are added
-- by plan 0006. A key may be there once for each source and unit. `kind` is power (W), counter or level; `source` names
-- the device, '' is the account that polls the system.
CREATE TABLE points (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  source TEXT NOT NULL,
  key TEXT NOT NULL,
  unit TEXT NOT NULL,
  kind TEXT NOT NULL,
  role TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  hidden INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX points_system_source_key_unit_unique ON points (system_id, source, key, unit);

-- Whole numbers take one to four bytes in a REAL column, all others eight.
CREATE TABLE point_readings (
  point_id INTEGER NOT NULL REFERENCES points (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (point_id, at)
) WITHOUT ROWID;

CREATE TABLE point_readings_agg_5m (
  point_id INTEGER NOT NULL REFERENCES points (id) ON DELETE CASCADE,
  interval_end INTEGER NOT NULL,
  value_avg REAL,
  value_min REAL,
  value_max REAL,
  value_last REAL,
  sample_count INTEGER NOT NULL,
  PRIMARY KEY (point_id, interval_end)
) WITHOUT ROWID;

-- `version` 0 waits to be computed, 1 is closed.
CREATE TABLE point_readings_agg_1d (
  point_id INTEGER NOT NULL REFERENCES points (id) ON DELETE CASCADE,
  day TEXT NOT NULL,
  value_avg REAL,
  value_min REAL,
  value_max REAL,
  value_last REAL,
  kwh REAL,
  is_estimated INTEGER NOT NULL DEFAULT 0,
  interval_count INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL,
  PRIMARY KEY (point_id, day)
) WITHOUT ROWID;
CREATE INDEX point_readings_agg_1d_open_idx ON point_readings_agg_1d (day) WHERE version = 0;

-- What accounts are asked for besides a password. Added by plan 0007. `kind` is app or passkey; `handle` is the id of a
-- passkey, base64url; `used` is the half minute of the code that counted last, or the passkey's own count.
CREATE TABLE second_steps (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  handle TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  secret_sealed TEXT,
  public_key TEXT NOT NULL DEFAULT '',
  used INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  seen_at INTEGER
);
CREATE UNIQUE INDEX second_steps_handle_unique ON second_steps (handle);

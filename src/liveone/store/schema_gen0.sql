-- Generation 0, the first weeks: adopted, never created, and served only after plan 0001. What else such files hold
-- (hourly and daily sums, early five-minute rows) follows from readings.
CREATE TABLE systems (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id TEXT NOT NULL,
  system_number TEXT NOT NULL,
  display_name TEXT,
  model TEXT,
  serial TEXT,
  ratings TEXT,
  solar_size TEXT,
  battery_size TEXT,
  created_at INTEGER NOT NULL DEFAULT (unixepoch()),
  updated_at INTEGER NOT NULL DEFAULT (unixepoch())
);
CREATE INDEX user_system_idx ON systems (user_id, system_number);

CREATE TABLE readings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  inverter_time INTEGER NOT NULL,
  received_time INTEGER NOT NULL,
  delay_seconds INTEGER NOT NULL,
  solar_power REAL NOT NULL,
  solar_inverter_power REAL NOT NULL,
  shunt_power REAL NOT NULL,
  load_power REAL NOT NULL,
  battery_power REAL NOT NULL,
  grid_power REAL NOT NULL,
  battery_soc REAL NOT NULL,
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
CREATE INDEX system_inverter_time_idx ON readings (system_id, inverter_time);

CREATE TABLE polling_status (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
  last_poll_time INTEGER,
  last_success_time INTEGER,
  last_error_time INTEGER,
  last_error TEXT,
  consecutive_errors INTEGER NOT NULL DEFAULT 0,
  is_active INTEGER NOT NULL DEFAULT 1,
  total_polls INTEGER NOT NULL DEFAULT 0,
  successful_polls INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL DEFAULT (unixepoch())
);
CREATE INDEX polling_status_system_idx ON polling_status (system_id);

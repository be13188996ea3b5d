-- What was done to readings by hand - imported, replaced, forgotten, excluded - and what is needed to undo it.
-- Bookkeeping: no generation has these tables, and detection passes over them. `liveone db move` takes them along.
CREATE TABLE IF NOT EXISTS _liveone_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  made_by TEXT NOT NULL,
  began_at INTEGER NOT NULL,
  ended_at INTEGER,
  from_at INTEGER,
  to_at INTEGER,
  fields TEXT NOT NULL,
  first_at INTEGER,
  last_at INTEGER,
  offered INTEGER NOT NULL DEFAULT 0,
  added INTEGER NOT NULL DEFAULT 0,
  set_aside INTEGER NOT NULL DEFAULT 0,
  undone_at INTEGER,
  undone_by TEXT
);
-- The readings that a change added or put in the place of others, a row a transaction. times: JSON, the instant of the
-- first, then the seconds from each to the next.
CREATE TABLE IF NOT EXISTS _liveone_changes_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  change_id INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  times TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS _liveone_changes_keys_idx ON _liveone_changes_keys (change_id, first_at);
-- The readings that a change took away or altered, as they were. The columns have no types, so that nothing is
-- converted: a database of the original service may keep created_at as text.
CREATE TABLE IF NOT EXISTS _liveone_changes_aside (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  change_id INTEGER NOT NULL,
  system_id, inverter_time, received_time, delay_seconds, solar_w, solar_inverter_w, shunt_w, load_w,
  battery_w, grid_w, battery_soc, fault_code, fault_timestamp, generator_status, solar_kwh_total,
  load_kwh_total, battery_in_kwh_total, battery_out_kwh_total, grid_in_kwh_total, grid_out_kwh_total, created_at
);
CREATE INDEX IF NOT EXISTS _liveone_changes_aside_idx ON _liveone_changes_aside (change_id, inverter_time);
CREATE INDEX IF NOT EXISTS _liveone_changes_aside_key_idx ON _liveone_changes_aside (system_id, inverter_time);
-- The values of points that a change took away.
CREATE TABLE IF NOT EXISTS _liveone_changes_points (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  change_id INTEGER NOT NULL,
  point_id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  value REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS _liveone_changes_points_idx ON _liveone_changes_points (change_id, id);

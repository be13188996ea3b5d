-- The points of systems and what they measured. A rollback gave the tables another name and took nothing out of them: where
-- they are, they take their names back with all their rows; else they are made, empty.
CREATE TABLE IF NOT EXISTS changeover_points (
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
CREATE UNIQUE INDEX IF NOT EXISTS points_system_source_key_unit_unique ON changeover_points (system_id, source, key, unit);
CREATE TABLE IF NOT EXISTS changeover_point_readings (
  point_id INTEGER NOT NULL REFERENCES changeover_points (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (point_id, at)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changeover_point_readings_agg_5m (
  point_id INTEGER NOT NULL REFERENCES changeover_points (id) ON DELETE CASCADE,
  interval_end INTEGER NOT NULL,
  value_avg REAL,
  value_min REAL,
  value_max REAL,
  value_last REAL,
  sample_count INTEGER NOT NULL,
  PRIMARY KEY (point_id, interval_end)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changeover_point_readings_agg_1d (
  point_id INTEGER NOT NULL REFERENCES changeover_points (id) ON DELETE CASCADE,
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
CREATE INDEX IF NOT EXISTS point_readings_agg_1d_open_idx ON changeover_point_readings_agg_1d (day) WHERE version = 0;
ALTER TABLE changeover_points RENAME TO points;
ALTER TABLE changeover_point_readings RENAME TO point_readings;
ALTER TABLE changeover_point_readings_agg_5m RENAME TO point_readings_agg_5m;
ALTER TABLE changeover_point_readings_agg_1d RENAME TO point_readings_agg_1d;

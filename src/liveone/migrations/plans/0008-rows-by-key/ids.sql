-- The ways back of plans 0001 and 0002 know rows by their ids. Where one of them is still kept, ids are remembered, so that
-- a rollback of this plan gives each row the id that it had. A table that is made anew online stays with its ids until
-- `--finish`, so nothing is remembered of a large one while writers wait.
CREATE TABLE changeover_reading_ids (
  system_id INTEGER NOT NULL,
  inverter_time INTEGER NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (system_id, inverter_time)
) WITHOUT ROWID;
INSERT INTO changeover_reading_ids (system_id, inverter_time, id)
SELECT system_id, inverter_time, id FROM readings
WHERE :strategy_readings <> 'online' AND EXISTS (SELECT 1 FROM sqlite_schema WHERE name IN ('changeover_first_status', 'changeover_merged'))
ORDER BY system_id, inverter_time;

CREATE TABLE changeover_5m_ids (
  system_id INTEGER NOT NULL,
  interval_end INTEGER NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (system_id, interval_end)
) WITHOUT ROWID;
INSERT INTO changeover_5m_ids (system_id, interval_end, id)
SELECT system_id, interval_end, id FROM readings_agg_5m
WHERE :strategy_five_minutes <> 'online' AND EXISTS (SELECT 1 FROM sqlite_schema WHERE name IN ('changeover_first_status', 'changeover_merged'))
ORDER BY system_id, interval_end;

CREATE TABLE changeover_1d_ids (
  system_id TEXT NOT NULL,
  day TEXT NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (system_id, day)
) WITHOUT ROWID;
INSERT INTO changeover_1d_ids (system_id, day, id)
SELECT system_id, day, id FROM readings_agg_1d
WHERE EXISTS (SELECT 1 FROM sqlite_schema WHERE name IN ('changeover_first_status', 'changeover_merged'))
ORDER BY system_id, day;

CREATE TABLE changeover_id_marks AS
SELECT name, seq FROM sqlite_sequence WHERE name IN ('readings', 'readings_agg_5m', 'readings_agg_1d');

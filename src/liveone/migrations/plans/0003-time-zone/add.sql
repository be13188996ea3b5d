-- Systems keep the name of their time zone. It is NULL, and days are counted by the offset as before, until
-- somebody names one; changeover_time_zones, left by a rollback, holds those that were named before it.
CREATE TABLE IF NOT EXISTS changeover_time_zones (
  system_id INTEGER PRIMARY KEY,
  time_zone TEXT NOT NULL,
  timezone_offset_min INTEGER NOT NULL
);

ALTER TABLE systems ADD COLUMN time_zone TEXT;

-- A system that was given another offset meanwhile has been moved, and keeps that.
DELETE FROM changeover_time_zones
WHERE (system_id, timezone_offset_min) NOT IN (SELECT id, timezone_offset_min FROM systems);

UPDATE systems
SET time_zone = (SELECT z.time_zone FROM changeover_time_zones z WHERE z.system_id = systems.id)
WHERE id IN (SELECT system_id FROM changeover_time_zones);

-- Their days begin and end at other moments now: LiveOne closes anew what it has readings of.
UPDATE readings_agg_1d SET version = 0, updated_at = unixepoch()
-- allow half-key: all days of a system that moves are meant
WHERE system_id IN (SELECT CAST(z.system_id AS TEXT) FROM changeover_time_zones z)
  AND EXISTS (
    SELECT 1 FROM readings_agg_5m a
    WHERE a.system_id = CAST(readings_agg_1d.system_id AS INTEGER)
      AND a.interval_end > unixepoch(readings_agg_1d.day) - 86400
      AND a.interval_end <= unixepoch(readings_agg_1d.day) + 172800);

DROP TABLE changeover_time_zones;

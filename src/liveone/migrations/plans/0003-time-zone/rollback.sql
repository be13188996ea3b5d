-- Back to offsets only. The zones that were named are set aside, and come back when the plan runs again.
CREATE TABLE changeover_time_zones (
  system_id INTEGER PRIMARY KEY,
  time_zone TEXT NOT NULL,
  timezone_offset_min INTEGER NOT NULL
);
INSERT INTO changeover_time_zones (system_id, time_zone, timezone_offset_min)
SELECT id, time_zone, timezone_offset_min FROM systems WHERE time_zone IS NOT NULL;

-- Their days begin and end at other moments now: LiveOne closes anew what it has readings of.
UPDATE readings_agg_1d SET version = 0, updated_at = unixepoch()
-- allow half-key: all days of a system that moves are meant
WHERE system_id IN (SELECT CAST(z.system_id AS TEXT) FROM changeover_time_zones z)
  AND EXISTS (
    SELECT 1 FROM readings_agg_5m a
    WHERE a.system_id = CAST(readings_agg_1d.system_id AS INTEGER)
      AND a.interval_end > unixepoch(readings_agg_1d.day) - 86400
      AND a.interval_end <= unixepoch(readings_agg_1d.day) + 172800);

ALTER TABLE systems DROP COLUMN time_zone;

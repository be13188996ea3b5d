-- Parts what merge.sql joined. Readings polled since belong to the system that was kept, and stay with it.
INSERT INTO systems (
  id, user_id, system_number, display_name, model, serial, ratings, solar_size, battery_size, timezone_offset,
  created_at, updated_at)
SELECT id, user_id, system_number, display_name, model, serial, ratings, solar_size, battery_size, timezone_offset,
       created_at, updated_at
FROM changeover_merged_systems;

INSERT INTO polling_status
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_merged_status;

UPDATE readings SET system_id = (SELECT m.system_id FROM changeover_moved_readings m WHERE m.id = readings.id)
WHERE id IN (SELECT id FROM changeover_moved_readings);

INSERT INTO readings
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_clashing_readings;

-- Intervals and days go back as they are now; those that gave way to the keeper's own come out of the copy.
UPDATE readings_agg_5m SET system_id = k.system_id
FROM changeover_merged_5m k WHERE k.id = readings_agg_5m.id;

INSERT INTO readings_agg_5m
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_merged_5m WHERE id NOT IN (SELECT id FROM changeover_moved_5m);

-- A day that was closed again since was closed from the samples of both: version 0 has LiveOne close it anew.
UPDATE readings_agg_1d
SET system_id = k.system_id, version = iif(readings_agg_1d.updated_at IS k.updated_at, k.version, 0)
FROM changeover_merged_1d k WHERE k.id = readings_agg_1d.id;

INSERT INTO readings_agg_1d
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_merged_1d WHERE id NOT IN (SELECT id FROM changeover_moved_1d);

DROP TABLE changeover_merged;
DROP TABLE changeover_merged_systems /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_merged_status /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_moved_readings;
DROP TABLE changeover_clashing_readings /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_moved_5m;
DROP TABLE changeover_merged_5m /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_moved_1d;
DROP TABLE changeover_merged_1d /* allow copy-without-count: copied whole above */;

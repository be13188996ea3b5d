-- Parts what merge.sql joined. Readings polled since belong to the system that was kept, and stay with it.
INSERT INTO systems
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_merged_systems;

INSERT INTO polling_status
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_merged_status;

UPDATE readings SET system_id = (SELECT m.system_id FROM changeover_moved_readings m WHERE m.id = readings.id)
WHERE id IN (SELECT id FROM changeover_moved_readings);

INSERT INTO readings
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_clashing_readings;

DELETE FROM readings_agg_5m
WHERE id IN (SELECT id FROM changeover_merged_5m)
   OR (system_id, interval_end) IN (SELECT system_id, interval_end FROM changeover_merged_5m);

INSERT INTO readings_agg_5m
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_merged_5m;

DELETE FROM readings_agg_1d
WHERE id IN (SELECT id FROM changeover_merged_1d)
   OR (system_id, day) IN (SELECT system_id, day FROM changeover_merged_1d);

INSERT INTO readings_agg_1d
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_merged_1d;

DROP TABLE changeover_merged;
DROP TABLE changeover_merged_systems /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_merged_status /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_moved_readings;
DROP TABLE changeover_clashing_readings /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_merged_5m /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_merged_1d /* allow copy-without-count: copied whole above */;

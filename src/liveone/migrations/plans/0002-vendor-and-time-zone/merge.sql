-- Joins systems that are one site. Everything taken or changed is kept beside it, so that it can be parted again.
CREATE TABLE changeover_merged (system_id INTEGER PRIMARY KEY, keeper_id INTEGER NOT NULL);

INSERT INTO changeover_merged (system_id, keeper_id)
SELECT other.id, keeper.id
FROM systems keeper
JOIN systems other ON other.system_number = keeper.system_number AND other.id <> keeper.id
WHERE keeper.id IN (
  SELECT value FROM json_each('[' || iif(:collision LIKE 'keep:%', substr(:collision, 6), '') || ']'));

CREATE TABLE changeover_merged_systems AS
SELECT * FROM systems WHERE id IN (SELECT system_id FROM changeover_merged);

CREATE TABLE changeover_merged_status AS
SELECT * FROM polling_status WHERE system_id IN (SELECT system_id FROM changeover_merged);

CREATE TABLE changeover_merged_5m AS
SELECT * FROM readings_agg_5m WHERE system_id IN (SELECT system_id FROM changeover_merged);

CREATE TABLE changeover_merged_1d AS
SELECT d.* FROM readings_agg_1d d
WHERE d.system_id IN (SELECT CAST(system_id AS TEXT) FROM changeover_merged)
   OR (d.system_id IN (SELECT CAST(keeper_id AS TEXT) FROM changeover_merged)
       AND d.day IN (SELECT o.day FROM readings_agg_1d o
                     JOIN changeover_merged m ON o.system_id = CAST(m.system_id AS TEXT)
                     WHERE CAST(m.keeper_id AS TEXT) = d.system_id));

CREATE TABLE changeover_moved_readings (id INTEGER PRIMARY KEY, system_id INTEGER NOT NULL);

INSERT INTO changeover_moved_readings (id, system_id)
SELECT id, system_id FROM readings WHERE system_id IN (SELECT system_id FROM changeover_merged);

UPDATE OR IGNORE readings
SET system_id = (SELECT keeper_id FROM changeover_merged m WHERE m.system_id = readings.system_id)
-- allow half-key: all readings of a joined system are meant
WHERE system_id IN (SELECT system_id FROM changeover_merged);

CREATE TABLE changeover_clashing_readings AS
SELECT * FROM readings WHERE system_id IN (SELECT system_id FROM changeover_merged);

DELETE FROM changeover_moved_readings WHERE id IN (SELECT id FROM changeover_clashing_readings);

DELETE FROM readings WHERE id IN (SELECT id FROM changeover_clashing_readings);

UPDATE OR IGNORE readings_agg_5m
SET system_id = (SELECT keeper_id FROM changeover_merged m WHERE m.system_id = readings_agg_5m.system_id)
-- allow half-key: all intervals of a joined system are meant
WHERE system_id IN (SELECT system_id FROM changeover_merged);

-- One of these that is deleted later stays away when the systems are parted.
CREATE TABLE changeover_moved_5m (id INTEGER PRIMARY KEY);

INSERT INTO changeover_moved_5m (id)
SELECT k.id FROM changeover_merged_5m k JOIN readings_agg_5m a ON a.id = k.id WHERE a.system_id <> k.system_id;

DELETE FROM readings_agg_5m
-- allow half-key: what is left of a joined system, kept in changeover_merged_5m
WHERE system_id IN (SELECT system_id FROM changeover_merged);

UPDATE OR IGNORE readings_agg_1d
SET system_id = (SELECT CAST(keeper_id AS TEXT) FROM changeover_merged m
                 WHERE CAST(m.system_id AS TEXT) = readings_agg_1d.system_id)
-- allow half-key: all days of a joined system are meant
WHERE system_id IN (SELECT CAST(system_id AS TEXT) FROM changeover_merged);

DELETE FROM readings_agg_1d
-- allow half-key: what is left of a joined system, kept in changeover_merged_1d
WHERE system_id IN (SELECT CAST(system_id AS TEXT) FROM changeover_merged);

-- Days that are here after the join. One of these that is deleted later stays away when the systems are parted.
CREATE TABLE changeover_moved_1d (id INTEGER PRIMARY KEY);

INSERT INTO changeover_moved_1d (id)
SELECT id FROM changeover_merged_1d WHERE id IN (SELECT id FROM readings_agg_1d);

-- Version 0 opens a day again: LiveOne closes it anew from all the samples that it now has.
UPDATE readings_agg_1d SET version = 0
WHERE (system_id, day) IN (
  SELECT CAST(m.keeper_id AS TEXT), k.day
  FROM changeover_merged_1d k JOIN changeover_merged m ON k.system_id = CAST(m.system_id AS TEXT));

DELETE FROM polling_status WHERE id IN (SELECT id FROM changeover_merged_status);

DELETE FROM systems WHERE id IN (SELECT system_id FROM changeover_merged);

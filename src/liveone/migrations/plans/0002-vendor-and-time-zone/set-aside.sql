-- Rows of systems that are not there, which old tools left behind. They are kept beside their tables, word for
-- word; bring-back.sql puts them back. Indexes lead with system_id, so its values are found by skipping. Days under
-- a word that is no id never were a system's, and stay.
CREATE TABLE changeover_orphan_readings AS
WITH RECURSIVE seen(system_id) AS (
  SELECT min(system_id) FROM readings
  UNION ALL
  SELECT (SELECT min(r.system_id) FROM readings r WHERE r.system_id > seen.system_id) FROM seen
  WHERE seen.system_id IS NOT NULL)
SELECT r.* FROM readings r
WHERE r.system_id IN (SELECT s.system_id FROM seen s WHERE s.system_id NOT IN (SELECT id FROM systems));

CREATE TABLE changeover_orphan_5m AS
WITH RECURSIVE seen(system_id) AS (
  SELECT min(system_id) FROM readings_agg_5m
  UNION ALL
  SELECT (SELECT min(a.system_id) FROM readings_agg_5m a WHERE a.system_id > seen.system_id) FROM seen
  WHERE seen.system_id IS NOT NULL)
SELECT a.* FROM readings_agg_5m a
WHERE a.system_id IN (SELECT s.system_id FROM seen s WHERE s.system_id NOT IN (SELECT id FROM systems));

CREATE TABLE changeover_orphan_1d AS
SELECT * FROM readings_agg_1d
WHERE system_id NOT IN (SELECT CAST(id AS TEXT) FROM systems) AND system_id = CAST(CAST(system_id AS INTEGER) AS TEXT);

CREATE TABLE changeover_orphan_status AS
SELECT * FROM polling_status WHERE system_id NOT IN (SELECT id FROM systems);

DELETE FROM readings WHERE id IN (SELECT id FROM changeover_orphan_readings);
DELETE FROM readings_agg_5m WHERE id IN (SELECT id FROM changeover_orphan_5m);
DELETE FROM readings_agg_1d WHERE id IN (SELECT id FROM changeover_orphan_1d);
DELETE FROM polling_status WHERE id IN (SELECT id FROM changeover_orphan_status);

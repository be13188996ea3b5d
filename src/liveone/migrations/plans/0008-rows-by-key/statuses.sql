-- One status a system: the one with the smallest id, which is the only one that was ever read. The others are set aside.
CREATE TABLE changeover_second_statuses AS
SELECT * FROM polling_status WHERE id NOT IN (SELECT min(id) FROM polling_status GROUP BY system_id);

DELETE FROM polling_status WHERE id IN (SELECT id FROM changeover_second_statuses);

DROP INDEX IF EXISTS polling_status_system_idx;
CREATE UNIQUE INDEX polling_status_system_unique ON polling_status (system_id);

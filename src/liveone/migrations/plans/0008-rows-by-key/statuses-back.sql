-- Second statuses come back, but for those of a system that was removed meanwhile. Where the database had the index that
-- statuses.sql drops, changeover makes it again.
DROP INDEX polling_status_system_unique;

INSERT INTO polling_status
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_second_statuses WHERE system_id IN (SELECT id FROM systems);

DROP TABLE changeover_second_statuses /* allow copy-without-count: statuses of systems that are gone have none */;

-- What set-aside.sql took out, as it was.
INSERT INTO readings
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_orphan_readings;

INSERT INTO readings_agg_5m
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_orphan_5m;

INSERT INTO readings_agg_1d
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_orphan_1d;

INSERT INTO polling_status
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_orphan_status;

DROP TABLE changeover_orphan_readings /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_orphan_5m /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_orphan_1d /* allow copy-without-count: copied whole above */;
DROP TABLE changeover_orphan_status /* allow copy-without-count: copied whole above */;

-- Rows and columns as they were; changeover then gives the table the very definition that it had.
CREATE TABLE readings_agg_5m AS
-- allow select-star: the copy was made of this very table
SELECT * FROM changeover_early_5m;

DROP TABLE changeover_early_5m /* allow copy-without-count: copied whole above */;

-- The id of the reading that came in last.
SELECT max(id) FROM readings

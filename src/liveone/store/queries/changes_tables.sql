-- The tables of the log of changes, as far as they are there.
SELECT name FROM sqlite_schema WHERE type = 'table' AND name = '_liveone_changes'

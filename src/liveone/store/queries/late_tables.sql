-- Whether late readings were ever noted.
SELECT name FROM sqlite_schema WHERE type = 'table' AND name = '_liveone_late'

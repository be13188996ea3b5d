-- The tables of the log of changes, as far as they are there: the first of them, and the one that came last.
SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('_liveone_changes', '_liveone_changes_points')

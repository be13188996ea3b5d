-- The tables of the log of changes, as far as they are there: the first of them, and those that came later or have gone.
SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN (
  '_liveone_changes', '_liveone_changes_points', '_liveone_changes_keys', '_liveone_changes_added')

-- Whether the table of day rules is there.
SELECT name FROM sqlite_master WHERE type = 'table' AND name = '_liveone_day_rules'

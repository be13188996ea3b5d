-- Whether the tables of the leases are there.
SELECT name FROM sqlite_schema WHERE name = '_liveone_pollers'

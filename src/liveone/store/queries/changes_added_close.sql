-- The readings inserted since changes_added_open are all of that change ?1.
UPDATE _liveone_changes_added
SET last_id = coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'readings'), 0)
WHERE change_id = ?1 AND last_id = 0

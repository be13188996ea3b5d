-- Forgets what belongs to no change any more.
DELETE FROM _liveone_changes_keys WHERE change_id NOT IN (SELECT id FROM _liveone_changes)

-- Forgets what is kept aside for no change any more.
DELETE FROM _liveone_changes_aside WHERE change_id NOT IN (SELECT id FROM _liveone_changes)

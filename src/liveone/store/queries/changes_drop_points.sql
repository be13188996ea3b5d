-- Forgets the values of points that are kept aside for no change any more.
DELETE FROM _liveone_changes_points WHERE change_id NOT IN (SELECT id FROM _liveone_changes)

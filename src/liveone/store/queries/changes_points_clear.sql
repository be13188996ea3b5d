-- What was put back of change ?1, up to the id ?2, need not be kept aside any more.
DELETE FROM _liveone_changes_points WHERE change_id = ?1 AND id <= ?2

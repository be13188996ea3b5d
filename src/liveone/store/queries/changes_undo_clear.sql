-- What was put back of change ?1 in (?2, ?3] need not be kept aside any more.
DELETE FROM _liveone_changes_aside
WHERE change_id = ?1 AND inverter_time > ?2 AND inverter_time <= ?3
  AND EXISTS (SELECT 1 FROM readings AS r WHERE r.id = _liveone_changes_aside.reading_id)

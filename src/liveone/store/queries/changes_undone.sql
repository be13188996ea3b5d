-- Change ?1 was taken back by ?2.
UPDATE _liveone_changes SET undone_at = unixepoch(), undone_by = ?2 WHERE id = ?1

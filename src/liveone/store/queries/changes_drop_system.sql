-- Forgets the changes of system ?1, which is removed.
DELETE FROM _liveone_changes WHERE system_id = ?1

-- The run of ids ?1 is known by times now.
DELETE FROM _liveone_changes_added WHERE id = ?1

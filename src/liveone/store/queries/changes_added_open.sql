-- The readings inserted from now on in this transaction belong to change ?1.
INSERT INTO _liveone_changes_added (change_id, first_id, last_id)
VALUES (?1, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'readings'), 0) + 1, 0)

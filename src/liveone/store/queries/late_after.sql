-- The late spans after the one with the id ?1, in the order in which they came.
SELECT id, system_id, from_at, to_at FROM _liveone_late WHERE id > ?1 ORDER BY id

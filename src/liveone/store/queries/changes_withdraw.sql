-- Forgets change ?1 where it did nothing.
DELETE FROM _liveone_changes WHERE id = ?1 AND added = 0 AND set_aside = 0

-- Poller ?1 is gone.
DELETE FROM _liveone_pollers WHERE id = ?1

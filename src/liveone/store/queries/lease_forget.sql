-- Leases of systems that are gone.
DELETE FROM _liveone_leases WHERE system_id NOT IN (SELECT id FROM systems)

-- The systems of poller ?1.
SELECT system_id FROM _liveone_leases WHERE poller = ?1

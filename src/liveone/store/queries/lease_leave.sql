-- Poller ?1 gives everything back.
UPDATE _liveone_leases SET poller = NULL WHERE poller = ?1
